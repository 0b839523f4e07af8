/**
 * A disk that somebody writes to: a machine's own, or a volume. Both have one active layer, kept in a
 * record, and both are frozen in the same way; see freezing.ts.
 */
import { ROOT_DEVICE, volumeDevice } from '../process/arguments.ts'
import type { Store } from '../records/store.ts'
import { found } from './source.ts'

type Layers = { readonly activeLayer: string; readonly pendingLayer: string | null }

export type Disk = Layers & {
  readonly gid: number
  /** User that writes to the active layer: its machine's, or root when no machine has it. */
  readonly uid: number
  /** Name of the device that it is in a machine that has it and runs. */
  readonly device: string | null
  /** Records other layers in place of these. */
  write(layers: Layers): Promise<void>
}

/** Which machine has a volume, and how. */
export type Holder = {
  readonly machine: string
  /** `null`: the machine boots from it. */
  readonly port: number | null
}

export function machineDisk(store: Store, machine: string): Disk {
  const read = () => found(store.machines.get(machine), `machine ${machine}`)
  const { activeLayer, pendingLayer, gid, uid } = read()
  return {
    ...{ activeLayer, pendingLayer, gid, uid, device: ROOT_DEVICE },
    write: (layers) => store.machines.put(machine, { ...read(), ...layers }),
  }
}

/** Of one that a machine boots from, it is that machine's disk. */
export function volumeDisk(store: Store, volume: string): Disk {
  const read = () => found(store.volumes.get(volume), `volume ${volume}`)
  const { activeLayer, pendingLayer, gid } = read()
  const holder = holderOf(store, volume)
  if (holder?.port === null) return machineDisk(store, holder.machine)
  const uid = holder === null ? 0 : (store.machines.get(holder.machine)?.uid ?? 0)
  const device = holder === null ? null : volumeDevice(holder.port)
  return {
    ...{ activeLayer, pendingLayer, gid, uid, device },
    write: (layers) => store.volumes.put(volume, { ...read(), ...layers }),
  }
}

export function holderOf(store: Store, volume: string): Holder | null {
  for (const [machine, { bootVolume, volumes }] of store.machines.entries()) {
    if (bootVolume === volume) return { machine, port: null }
    const port = volumes.find(({ id }) => id === volume)?.port
    if (port !== undefined) return { machine, port }
  }
  return null
}

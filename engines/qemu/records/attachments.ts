/** Which volumes a machine has, as its record says; see ../volumes.ts. Call all of it in the machine's turn. */
import { isDeepStrictEqual } from 'node:util'
import { type AttachedVolume, EngineError, type MachineSpec } from '../../engine.ts'
import { holderOf, volumeDisk } from '../disks/disk.ts'
import { settle } from '../disks/freezing.ts'
import { found } from '../disks/source.ts'
import { type PluggedVolume, VOLUME_PORTS } from '../process/arguments.ts'
import type { MachineRecord, MemoryRecord } from './records.ts'
import type { Store } from './store.ts'

export type Attachments = MachineRecord['volumes']

/** What it has, and these in the first ports that are free. */
export function withVolumes(
  { volumes }: Pick<MachineRecord, 'volumes'>,
  more: readonly AttachedVolume[],
): Attachments {
  const all = [...volumes]
  for (const { id, serial } of more) {
    if (all.some((each) => each.id === id)) continue
    all.push({ id, serial, port: freePort(all) })
  }
  return all
}

function freePort(taken: Attachments): number {
  for (let port = 1; port <= VOLUME_PORTS; port++)
    if (!taken.some((each) => each.port === port)) return port
  throw new EngineError(`A machine can have ${VOLUME_PORTS} volumes; detach one first`)
}

/**
 * What a machine starts with: what it has of that stays in its port. One that goes on from `memory` has
 * what its guest had too, whatever was written down since.
 */
export function startingVolumes(
  store: Store,
  { id, volumes }: Pick<MachineSpec, 'id' | 'volumes'>,
  memory: MemoryRecord | null,
): Attachments {
  const has = found(store.machines.get(id), `machine ${id}`).volumes
  if (memory !== null) return withVolumes({ volumes: memory.volumes ?? has }, volumes)
  const stay = has.filter((each) => volumes.some((volume) => volume.id === each.id))
  return withVolumes({ volumes: stay }, volumes)
}

/** The disk of a volume that a machine is about to boot from; throws when it cannot. */
export function bootable(store: Store, id: string, tenant: string) {
  const volume = store.volumes.get(id)
  const { recipe, ...disk } = found(
    volume?.tenant === tenant ? volume : undefined,
    `volume ${id} of this tenant`,
  )
  if (recipe === null)
    throw new EngineError(`Volume ${id} was not made of an OS image, so nothing can boot from it`)
  const holder = holderOf(store, id)
  if (holder !== null) throw inUse(id, holder.machine)
  return { recipe, ...disk }
}

export function inUse(volume: string, machine: string): EngineError {
  return new EngineError(`Volume ${volume} is in use by machine ${machine}; detach it first`)
}

/**
 * The machine has these and no others from now on. Throws, with nothing done, when one of them is not
 * its tenant's or another machine's.
 */
export async function giveVolumes(
  store: Store,
  machine: string,
  wanted: Attachments,
): Promise<void> {
  const { gid, uid, volumes } = await store.claim(async () => {
    const record = found(store.machines.get(machine), `machine ${machine}`)
    for (const { id } of wanted) {
      const volume = store.volumes.get(id)
      found(volume?.tenant === record.tenant ? volume : undefined, `volume ${id} of this tenant`)
      const holder = holderOf(store, id)
      if (holder !== null && (holder.machine !== machine || holder.port === null))
        throw inUse(id, holder.machine)
    }
    // What was left half done while nobody had them.
    for (const { id } of wanted)
      if (holderOf(store, id) === null) await settle(store, volumeDisk(store, id), undefined)
    if (!isDeepStrictEqual(record.volumes, wanted))
      await store.machines.put(machine, { ...record, volumes: wanted })
    return record
  })
  for (const { id } of wanted) await giveLayers(store, id, { uid, gid })
  const kept = new Set(wanted.map(({ id }) => id))
  for (const { id } of volumes.filter((each) => !kept.has(each.id)))
    await giveLayers(store, id, { uid: 0, gid })
}

/** The machine has these no more. Call it when nothing can write to them there. */
export async function takeVolumes(
  store: Store,
  machine: string,
  gone: ReadonlySet<string>,
): Promise<void> {
  const { volumes, gid } = found(store.machines.get(machine), `machine ${machine}`)
  if (!volumes.some(({ id }) => gone.has(id))) return
  for (const { id } of volumes.filter((each) => gone.has(each.id)))
    await giveLayers(store, id, { uid: 0, gid })
  await store.claim(async () => {
    const record = found(store.machines.get(machine), `machine ${machine}`)
    const left = record.volumes.filter(({ id }) => !gone.has(id))
    await store.machines.put(machine, { ...record, volumes: left })
  })
}

/** What a machine that is going away leaves: the volume that it booted from gets its layers back. */
export async function leaveVolumes(store: Store, machine: string): Promise<void> {
  const record = store.machines.get(machine)
  if (record === undefined) return
  await takeVolumes(store, machine, new Set(record.volumes.map(({ id }) => id)))
  const { bootVolume, activeLayer, pendingLayer, gid, diskGb } = record
  const volume = bootVolume === null ? undefined : store.volumes.get(bootVolume)
  if (bootVolume === null || volume === undefined) return
  for (const layer of [activeLayer, pendingLayer])
    if (layer !== null && store.layers.has(layer)) await store.layers.give(layer, { uid: 0, gid })
  const sizeGb = Math.max(volume.sizeGb, diskGb)
  await store.volumes.put(bootVolume, { ...volume, activeLayer, pendingLayer, sizeGb })
}

async function giveLayers(
  store: Store,
  id: string,
  owner: { uid: number; gid: number },
): Promise<void> {
  const { activeLayer, pendingLayer } = found(store.volumes.get(id), `volume ${id}`)
  for (const layer of [activeLayer, pendingLayer])
    if (layer !== null && store.layers.has(layer)) await store.layers.give(layer, owner)
}

/** Those of these volumes that the machine has, as QEMU is to have them. */
export function pluggedVolumes(
  store: Store,
  machine: string,
  among: readonly string[],
): PluggedVolume[] {
  const { volumes } = found(store.machines.get(machine), `machine ${machine}`)
  return volumes
    .filter(({ id }) => among.includes(id))
    .map(({ id, serial, port }) => {
      const { activeLayer } = found(store.volumes.get(id), `volume ${id}`)
      return { serial, port, node: activeLayer, path: store.layers.path(activeLayer) }
    })
}

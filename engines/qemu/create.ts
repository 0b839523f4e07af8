/** A new machine: its disk, unless it has a volume's, and the record of it. It does not run yet. */
import type { MachineSpec } from '../engine.ts'
import { requireFreeSpace } from './disks/free-space.ts'
import { newLayerName } from './disks/layers.ts'
import { createDisk } from './disks/source.ts'
import type { MachinesOptions } from './machines.ts'
import { identityOf } from './memory/identity.ts'
import { beginFromMemory } from './memory/snapshot.ts'
import { bootable } from './records/attachments.ts'

type Deps = Pick<MachinesOptions, 'paths' | 'store' | 'host' | 'log'>

export async function createMachine(deps: Deps, spec: MachineSpec): Promise<void> {
  const { paths, store, host, log } = deps
  const { id, tenant, diskGb, source } = spec
  if (source.kind === 'volume') return createOn(deps, source.id, spec)
  const [uid, gid] = [store.identities.uidOf(id), store.identities.gidOf(tenant)]
  const activeLayer = newLayerName()
  using _ = store.layers.pin(activeLayer)
  await requireFreeSpace(paths.layers)
  const recipe = await createDisk(store, spec, activeLayer, { uid, gid })
  log('debug', 'disk created', { machine: id, layer: activeLayer })
  const memory = await beginFromMemory(store, paths, spec)
  await store.machines.put(id, {
    ...{ tenant, gid, uid, recipe, diskGb, activeLayer, pendingLayer: null },
    ...{ bootVolume: null, volumes: [] },
    machineType: host().machineType,
    power: { state: 'on' },
    hibernation: memory === null ? null : { memory },
    identity: memory === null ? null : identityOf(spec),
    clockBehind: false,
  })
  log('debug', 'machine recorded', { machine: id })
}

/** It has the volume's disk for as long as it is there. */
async function createOn(
  { paths, store, host }: Deps,
  volume: string,
  { id, tenant }: MachineSpec,
): Promise<void> {
  await requireFreeSpace(paths.layers)
  const uid = store.identities.uidOf(id)
  await store.claim(async () => {
    const { sizeGb, ...disk } = bootable(store, volume, tenant)
    await store.machines.put(id, {
      ...{ ...disk, uid, diskGb: sizeGb, bootVolume: volume, volumes: [] },
      machineType: host().machineType,
      power: { state: 'on' },
      ...{ hibernation: null, clockBehind: false, identity: null },
    })
  })
}

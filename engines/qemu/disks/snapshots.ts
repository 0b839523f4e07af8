/** Snapshots: the layer that a machine's disk is frozen at; see freezing.ts. */
import type { SnapshotResult } from '../../engine.ts'
import type { LiveMachine } from '../live-machine.ts'
import type { Log, Machines } from '../machines.ts'
import { captureMemory, requireMemorySnapshot } from '../memory/snapshot.ts'
import type { Paths } from '../paths.ts'
import type { MachineRecord, MemoryRecord, SnapshotRecord } from '../records/records.ts'
import type { Store } from '../records/store.ts'
import { machineDisk, volumeDisk } from './disk.ts'
import { requireFreeSpace } from './free-space.ts'
import { freezeActive, settle } from './freezing.ts'
import { found } from './source.ts'

export type SnapshotDeps = {
  readonly store: Store
  readonly machines: Machines
  readonly paths: Paths
  readonly log: Log
}

/** Takes a snapshot in the turn of both the snapshot and the machine. */
export async function takeSnapshot(
  { store, machines, paths, log }: SnapshotDeps,
  machine: string,
  snapshot: string,
  options: { memory: boolean },
  signal: AbortSignal,
): Promise<SnapshotResult> {
  const finished = store.snapshots.get(snapshot)
  if (finished !== undefined) return resultOf(finished)
  const { record, live } = await machines.current(machine)
  await requireFreeSpace(paths.layers)
  if (options.memory && live !== undefined)
    await requireMemorySnapshot(paths, machine, record, live)
  const { gid, tenant, recipe, diskGb, activeLayer } = record

  const about = { machine, snapshot }
  const disk = machineDisk(store, machine)
  let memory: MemoryRecord | null = null
  const capture = async (running: LiveMachine, overlay: string) => {
    const asked = { machine, snapshot, record, live: running, overlay }
    memory = await captureMemory({ store, paths, log }, asked, signal)
  }
  const exchange = options.memory ? capture : undefined
  const frozen = await freezeActive({ store, log }, disk, live, about, exchange)
  const consistency: SnapshotRecord['consistency'] =
    frozen || (live === undefined && isClean(record.power)) ? 'filesystem' : 'crash'

  const sizeBytes = (await store.layers.bytesAboveOs(activeLayer)) + bytesOf(memory)
  const taken = {
    ...{ tenant, gid, recipe, diskGb, machine, consistency, sizeBytes, memory },
    layer: activeLayer,
  }
  await store.snapshots.put(snapshot, taken)
  log('debug', 'snapshot: recorded', about)
  await settleDisks(store, machine, live)
  log('debug', 'snapshot: finished', about)
  return resultOf(taken)
}

/** Whether freezing its own disk or one of its volumes was cut short. */
export function isUnsettled(store: Store, machine: string): boolean {
  const { volumes, pendingLayer } = found(store.machines.get(machine), `machine ${machine}`)
  return [
    pendingLayer,
    ...volumes.map(({ id }) => store.volumes.get(id)?.pendingLayer ?? null),
  ].some((layer) => layer !== null)
}

/** Brings a machine's own disk and its volumes back to one active layer each. */
export async function settleDisks(
  store: Store,
  machine: string,
  live: LiveMachine | undefined,
): Promise<void> {
  const { volumes } = found(store.machines.get(machine), `machine ${machine}`)
  await settle(store, machineDisk(store, machine), live)
  for (const { id } of volumes)
    if (store.volumes.get(id) !== undefined) await settle(store, volumeDisk(store, id), live)
}

function isClean(power: MachineRecord['power']): boolean {
  return power.state === 'off' && power.clean
}

const bytesOf = (memory: MemoryRecord | null) => memory?.sizeBytes ?? 0

function resultOf({ consistency, sizeBytes, diskGb, memory }: SnapshotRecord): SnapshotResult {
  return { consistency, sizeBytes, diskGb, memory: memory !== null }
}

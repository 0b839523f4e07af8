/**
 * Snapshots: the active layer is frozen as it is, and an empty one takes its place. A running guest does
 * not notice, except for the moment in which its file systems are frozen, if its agent can do that.
 *
 * It can be cut short at any point:
 *
 *     1  record: pending = new       nothing has happened
 *     2  new.qcow2 over active       nothing has happened; new is empty
 *     3  QEMU: write to new          new holds what is written from now on
 *     4  record: snapshot = active   the snapshot counts
 *     5  record: active = new        done
 *
 * After a crash {@link settlePendingLayer} looks which layer is on top. While QEMU runs, it knows. When it
 * does not, a pending layer that is there wins: it is either in use or empty, and in both cases what the
 * guest last saw. A snapshot that did not get to 4 never was, and is taken anew.
 */
import { type SnapshotResult, UnsupportedError } from '../../engine.ts'
import type { LiveMachine } from '../live-machine.ts'
import type { Log, Machines } from '../machines.ts'
import type { Paths } from '../paths.ts'
import type { SnapshotRecord } from '../records/records.ts'
import type { Store } from '../records/store.ts'
import { requireFreeSpace } from './free-space.ts'
import { newLayerName } from './layers.ts'
import { found } from './source.ts'

type Consistency = SnapshotResult['consistency']

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
): Promise<SnapshotResult> {
  const finished = store.snapshots.get(snapshot)
  if (finished !== undefined) return resultOf(finished)
  if (options.memory)
    throw new UnsupportedError('This engine cannot take snapshots with memory yet')
  const { record, live } = await machines.current(machine)
  await requireFreeSpace(paths.layers)
  const { uid, gid, tenant, recipe, diskGb, activeLayer } = record

  const overlay = newLayerName()
  await store.machines.put(machine, { ...record, pendingLayer: overlay })
  log('debug', 'snapshot: overlay announced', { machine, snapshot })
  await store.layers.createOverlay(overlay, activeLayer, { uid, gid })
  log('debug', 'snapshot: overlay created', { machine, snapshot })
  const consistency =
    live === undefined
      ? atRest(record.power)
      : await switchLive(live, activeLayer, overlay, store, () =>
          log('debug', 'snapshot: QEMU switched', { machine, snapshot }),
        )
  await store.layers.freeze(activeLayer, gid)

  const sizeBytes = await store.layers.bytesAboveOs(activeLayer)
  const taken = {
    ...{ tenant, gid, recipe, diskGb, machine, consistency, sizeBytes },
    layer: activeLayer,
  }
  await store.snapshots.put(snapshot, taken)
  log('debug', 'snapshot: recorded', { machine, snapshot })
  await settlePendingLayer(store, machine, live)
  log('debug', 'snapshot: finished', { machine, snapshot })
  return resultOf(taken)
}

/** Brings a machine whose snapshot was cut short back to one active layer. */
export async function settlePendingLayer(
  store: Store,
  machine: string,
  live: LiveMachine | undefined,
): Promise<void> {
  const record = found(store.machines.get(machine), `machine ${machine}`)
  const { pendingLayer, activeLayer, gid } = record
  if (pendingLayer === null) return
  const isOnTop =
    live === undefined ? store.layers.has(pendingLayer) : (await live.activeNode()) === pendingLayer
  if (isOnTop) await store.layers.freeze(activeLayer, gid)
  else await live?.removeNode(pendingLayer)
  await store.machines.put(machine, {
    ...record,
    activeLayer: isOnTop ? pendingLayer : activeLayer,
    pendingLayer: null,
  })
  if (!isOnTop) await store.sweep()
}

async function switchLive(
  live: LiveMachine,
  below: string,
  overlay: string,
  store: Store,
  onSwitched: () => void,
): Promise<Consistency> {
  await live.addNode(overlay, store.layers.path(overlay))
  try {
    const frozen = await live.freeze()
    await live.switchNode(below, overlay)
    onSwitched()
    return frozen ? 'filesystem' : 'crash'
  } finally {
    await live.thaw()
  }
}

function atRest(power: { state: 'on' } | { state: 'off'; clean: boolean }): Consistency {
  return power.state === 'off' && power.clean ? 'filesystem' : 'crash'
}

function resultOf({ consistency, sizeBytes, diskGb }: SnapshotRecord): SnapshotResult {
  return { consistency, sizeBytes, diskGb, memory: false }
}

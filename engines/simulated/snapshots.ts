/** Snapshots and images of disks that do not exist. */
import {
  type Capabilities,
  EngineError,
  type ImageResult,
  type Order,
  type SnapshotResult,
  UnsupportedError,
} from '../engine.ts'
import { misbehaves } from './failures.ts'
import { blamed, found, isRunning, snapshotOf, snapshotResult } from './machines.ts'
import { type World, without } from './state.ts'
import { removeUpload, type TransferDeps } from './transfer.ts'

export type SnapshotDeps = TransferDeps & { readonly capabilities: () => Capabilities }

export function ensureSnapshot(
  deps: SnapshotDeps,
  machine: string,
  snapshot: string,
  options: { memory: boolean },
  order: Order,
): Promise<SnapshotResult> {
  const { orders, store, durations, capabilities, now } = deps
  return orders.run(snapshot, order, async () => {
    const finished = store.world.snapshots[snapshot]
    if (finished !== undefined) return snapshotResult(finished)
    const { snapshot: able, memorySnapshot } = capabilities()
    if (!able) throw new UnsupportedError('This simulated region has no snapshots')
    if (options.memory && !memorySnapshot)
      throw new UnsupportedError('This simulated region has no snapshots with memory')

    const record = found(store.world.machines[machine], `machine ${machine}`)
    if (options.memory && isRunning(record.power, now()) && hasDataVolumes(store.world, machine))
      throw new UnsupportedError(
        'Its volumes would be missing from what begins as the snapshot; detach them, or take it without memory',
      )
    const taken = snapshotOf(machine, record, options.memory, now())
    await orders.wait(durations.snapshot, order)
    if (misbehaves(record.hostname, 'fail-snapshot'))
      throw new EngineError(blamed('The snapshot failed', record.hostname))
    await orders.apply('snapshot.create', snapshot, order, (world) => ({
      ...world,
      snapshots: { ...world.snapshots, [snapshot]: taken },
    }))
    return snapshotResult(taken)
  })
}

export function ensureSnapshotGone(
  deps: SnapshotDeps,
  snapshot: string,
  order: Order,
): Promise<void> {
  const { orders, store } = deps
  return orders.run(snapshot, order, async () => {
    await removeUpload(deps, snapshot, order)
    if (store.world.snapshots[snapshot] === undefined) return
    await orders.apply('snapshot.delete', snapshot, order, (world) => ({
      ...world,
      snapshots: without(world.snapshots, snapshot),
    }))
  })
}

export function ensureImage(
  { orders, store, durations }: SnapshotDeps,
  image: string,
  snapshot: string,
  order: Order,
): Promise<ImageResult> {
  return orders.run(image, order, async () => {
    const finished = store.world.images[image]
    if (finished !== undefined) return finished
    const source = found(store.world.snapshots[snapshot], `snapshot ${snapshot}`)
    await orders.wait(durations.image, order)
    if (misbehaves(source.hostname, 'fail-image'))
      throw new EngineError(blamed('The image failed', source.hostname))
    const made = { sizeBytes: source.sizeBytes, minDiskGb: source.diskGb }
    await orders.apply('image.create', image, order, (world) => ({
      ...world,
      images: { ...world.images, [image]: made },
    }))
    return made
  })
}

export function ensureImageGone(
  { orders, store }: SnapshotDeps,
  image: string,
  order: Order,
): Promise<void> {
  return orders.run(image, order, async () => {
    if (store.world.images[image] === undefined) return
    await orders.apply('image.delete', image, order, (world) => ({
      ...world,
      images: without(world.images, image),
    }))
  })
}

const hasDataVolumes = ({ volumes }: World, machine: string) =>
  Object.values(volumes).some((volume) => volume.machine === machine && !volume.boot)

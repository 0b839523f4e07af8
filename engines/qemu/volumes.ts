/**
 * Volumes: disks with a life of their own, which machines have for a while. The record of the machine
 * alone says who has one, so that an attachment is there or not at any moment, whatever is killed:
 *
 *     attach   machine's record ──► owner of the layer ──► plug          a start plugs what is recorded
 *     detach   unplug ──► owner of the layer ──► machine's record        until then it counts as attached
 *
 * A volume that a machine has changes in that machine's turn, one that nobody has under the claim lock
 * of the store, and so does the step from one to the other.
 */
import { type AttachedVolume, EngineError, type Order, type VolumeSpec } from '../engine.ts'
import { type Disk, holderOf, volumeDisk } from './disks/disk.ts'
import { requireFreeSpace } from './disks/free-space.ts'
import { freezeActive, settle } from './disks/freezing.ts'
import { newLayerName } from './disks/layers.ts'
import { createDisk, diskBytes, found } from './disks/source.ts'
import type { LiveMachine } from './live-machine.ts'
import type { Log, Machines } from './machines.ts'
import type { Orders } from './orders.ts'
import type { Paths } from './paths.ts'
import { plug, releaseVolumes, requirePorts } from './plugging.ts'
import { giveVolumes, inUse, pluggedVolumes, withVolumes } from './records/attachments.ts'
import type { VolumeRecord } from './records/records.ts'
import type { Store } from './records/store.ts'

export type VolumesOptions = {
  readonly store: Store
  readonly machines: Machines
  readonly orders: Orders
  readonly paths: Paths
  readonly log: Log
}

/** How long a guest may take to let go of its disks. */
const RELEASE_MS = 15_000
/** The same for disks that it has hardly seen. */
const UNUSED_RELEASE_MS = 3_000

export class Volumes {
  readonly #options: VolumesOptions

  constructor(options: VolumesOptions) {
    this.#options = options
  }

  ensure(spec: VolumeSpec, order: Order): Promise<void> {
    const { orders, store, paths } = this.#options
    return orders.run(spec.id, order, async (signal) => {
      const { tenant, source, sizeGb } = spec
      if (store.volumes.get(spec.id) !== undefined) {
        if (source?.kind === 'volume') await this.#settleSource(source.id, signal)
        return
      }
      await requireFreeSpace(paths.layers)
      const gid = store.identities.gidOf(tenant)
      const name = newLayerName()
      using _ = store.layers.pin(name)
      const made = { tenant, gid, sizeGb, activeLayer: name, pendingLayer: null }
      const keep = (recipe: string | null) => store.volumes.put(spec.id, { ...made, recipe })
      const owner = { uid: 0, gid }
      if (source?.kind === 'volume') await this.#copy(spec, source.id, name, signal, keep)
      else if (source === null) {
        await store.layers.createEmpty(name, owner, diskBytes(sizeGb))
        await keep(null)
      } else await keep(await createDisk(store, { tenant, source, diskGb: sizeGb }, name, owner))
    })
  }

  ensureGone(volume: string, order: Order): Promise<void> {
    const { orders, store } = this.#options
    return orders.run(volume, order, async () => {
      await store.claim(async () => {
        const holder = holderOf(store, volume)
        if (holder !== null) throw inUse(volume, holder.machine)
        await store.volumes.delete(volume)
      })
      await store.sweep()
    })
  }

  attach(machine: string, wanted: readonly AttachedVolume[], order: Order): Promise<void> {
    const { orders, machines, store, log } = this.#options
    const ids = wanted.map(({ id }) => id)
    return orders.run(machine, order, async () => {
      const { record, live } = await machines.current(machine)
      const all = withVolumes(record, wanted)
      if (live !== undefined) await requirePorts(live, all)
      await giveVolumes(store, machine, all)
      log('debug', 'volumes recorded', { machine, volumes: ids })
      if (live === undefined) return
      try {
        await plug(live, pluggedVolumes(store, machine, ids))
      } catch (error) {
        const added = ids.filter((id) => !record.volumes.some((each) => each.id === id))
        await this.#release(machine, live, added, UNUSED_RELEASE_MS).catch(() => {})
        throw error
      }
      log('debug', 'volumes plugged', { machine, volumes: ids })
    })
  }

  detach(machine: string, volumes: readonly string[], order: Order): Promise<void> {
    const { orders, machines } = this.#options
    return orders.run(machine, order, async (signal) => {
      const { record, live } = await machines.current(machine)
      if (record.bootVolume !== null && volumes.includes(record.bootVolume))
        throw new EngineError(`Machine ${machine} boots from volume ${record.bootVolume}`)
      const inMemory = record.hibernation?.memory?.volumes ?? []
      if (inMemory.some(({ id }) => volumes.includes(id)))
        throw new EngineError(
          `Machine ${machine} is hibernated and its guest uses the volume; restore it first`,
        )
      await this.#release(machine, live, volumes, RELEASE_MS, signal)
    })
  }

  resize(volume: string, sizeGb: number, order: Order): Promise<{ sizeGb: number }> {
    const { orders, store } = this.#options
    return orders.run(volume, order, (signal) =>
      this.#withDisk(volume, signal, async (disk, live) => {
        const record = found(store.volumes.get(volume), `volume ${volume}`)
        const bytes = diskBytes(sizeGb)
        const has = store.layers.virtualSizeBytes(disk.activeLayer)
        if (bytes > has) {
          const { activeLayer } = disk
          const growLive = async (size: number) => {
            await live?.execute('block_resize', { 'node-name': activeLayer, size })
          }
          await store.layers.grow(activeLayer, bytes, live === undefined ? null : growLive)
        }
        const size = Math.max(sizeGb, record.sizeGb)
        await store.volumes.put(volume, { ...record, sizeGb: size })
        const holder = holderOf(store, volume)
        if (holder?.port === null) {
          const machine = found(store.machines.get(holder.machine), `machine ${holder.machine}`)
          await store.machines.put(holder.machine, { ...machine, diskGb: size })
        }
        return { sizeGb: size }
      }),
    )
  }

  ids(): string[] {
    return this.#options.store.volumes.entries().map(([id]) => id)
  }

  /** The source is frozen as it is, and both go on above that. */
  async #copy(
    spec: VolumeSpec,
    source: string,
    name: string,
    signal: AbortSignal,
    keep: (recipe: string | null) => Promise<void>,
  ): Promise<void> {
    const { store, log } = this.#options
    const original = theirs(store, source, spec.tenant)
    await this.#withDisk(source, signal, async (disk, live) => {
      const least = store.layers.virtualSizeBytes(disk.activeLayer)
      if (diskBytes(spec.sizeGb) < least)
        throw new EngineError(
          `A copy of ${spec.sizeGb} GB is too small for volume ${source} of ${least / 1e9} GB`,
        )
      using _ = store.layers.pin(disk.activeLayer)
      await freezeActive({ store, log }, disk, live, { volume: source, copy: spec.id })
      const owner = { uid: 0, gid: disk.gid }
      await store.layers.createOverlay(name, disk.activeLayer, owner, diskBytes(spec.sizeGb))
      await keep(original.recipe)
      log('debug', 'volume copied', { volume: spec.id })
      await settle(store, volumeDisk(store, source), live)
    })
  }

  /** Whoever made a copy may have been killed before the last step. */
  async #settleSource(volume: string, signal: AbortSignal): Promise<void> {
    const { store } = this.#options
    if (store.volumes.get(volume) === undefined) return
    if (volumeDisk(store, volume).pendingLayer === null) return
    await this.#withDisk(volume, signal, async () => {})
  }

  /** Works on a volume's disk while nobody else does; `live` is where it is plugged in. */
  async #withDisk<T>(
    volume: string,
    signal: AbortSignal,
    work: (disk: Disk, live: LiveMachine | undefined) => Promise<T>,
  ): Promise<T> {
    const { orders, machines, store } = this.#options
    for (;;) {
      signal.throwIfAborted()
      found(store.volumes.get(volume), `volume ${volume}`)
      const holder = holderOf(store, volume)?.machine
      const stillTheirs = () => holderOf(store, volume)?.machine === holder
      const alone = async () => {
        if (!stillTheirs()) return null
        const live = holder === undefined ? undefined : (await machines.current(holder)).live
        await settle(store, volumeDisk(store, volume), live)
        const disk = volumeDisk(store, volume)
        const plugged = live !== undefined && (await live.devices()).has(disk.device ?? '')
        return { result: await work(disk, plugged ? live : undefined) }
      }
      const done = await (holder === undefined
        ? store.claim(alone, signal)
        : orders.runUnordered(holder, alone, signal))
      if (done !== null) return done.result
    }
  }

  async #release(
    machine: string,
    live: LiveMachine | undefined,
    volumes: readonly string[],
    ms: number,
    signal?: AbortSignal,
  ): Promise<void> {
    const { store, orders, log } = this.#options
    const onUnplugged = () => log('debug', 'volumes unplugged', { machine, volumes })
    const options = { ms, signal: signal ?? orders.closing, onUnplugged }
    await releaseVolumes(store, machine, live, volumes, options)
  }
}

/** The volume, if it is this tenant's: nobody else could read its layers anyway. */
function theirs(store: Store, volume: string, tenant: string): VolumeRecord {
  const record = store.volumes.get(volume)
  return found(record?.tenant === tenant ? record : undefined, `volume ${volume} of this tenant`)
}

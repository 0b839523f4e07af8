/** Simulated volumes: sizes and who has them. The world is one value, so an attachment is never half there. */
import {
  type AttachedVolume,
  type Capabilities,
  EngineError,
  type MachineSpec,
  type Order,
  UnsupportedError,
  type VolumeSpec,
} from '../engine.ts'
import type { Durations } from './durations.ts'
import { misbehaves } from './failures.ts'
import {
  blamed,
  bootableVolume,
  found,
  inUse,
  isRunning,
  type SimulatedOsImage,
  theirs,
} from './machines.ts'
import type { Orders } from './orders.ts'
import type { VolumeRecord, World, WorldStore } from './state.ts'
import { without } from './state.ts'

export type SimulatedVolumesDeps = {
  readonly store: WorldStore
  readonly orders: Orders
  readonly durations: Durations
  readonly osImages: readonly SimulatedOsImage[]
  readonly capabilities: () => Capabilities
  /** Milliseconds since 1970. */
  readonly now: () => number
}

export class SimulatedVolumes {
  readonly #deps: SimulatedVolumesDeps

  constructor(deps: SimulatedVolumesDeps) {
    this.#deps = deps
  }

  ensure(spec: VolumeSpec, order: Order): Promise<void> {
    const { orders, durations, store } = this.#deps
    return orders.run(spec.id, order, async () => {
      if (store.world.volumes[spec.id] !== undefined) return
      this.#require(spec)
      await orders.wait(durations.volume, order)
      await orders.apply('volume.create', spec.id, order, (world) => {
        const { tenant, sizeGb } = spec
        const bootable = isBootable(world, spec)
        const made = { tenant, sizeGb, bootable, machine: null, boot: false }
        return withVolume(world, spec.id, made)
      })
    })
  }

  ensureGone(volume: string, order: Order): Promise<void> {
    const { orders, store } = this.#deps
    return orders.run(volume, order, async () => {
      if (store.world.volumes[volume] === undefined) return
      await orders.apply('volume.delete', volume, order, (world) => {
        const machine = world.volumes[volume]?.machine ?? null
        if (machine !== null) throw inUse(volume, machine)
        return { ...world, volumes: without(world.volumes, volume) }
      })
    })
  }

  attach(machine: string, volumes: readonly AttachedVolume[], order: Order): Promise<void> {
    const { orders, durations, store } = this.#deps
    return orders.run(machine, order, async () => {
      const { hostname } = found(store.world.machines[machine], `machine ${machine}`)
      const { tenant } = found(store.world.addresses[machine], `address of machine ${machine}`)
      const give = (world: World) => given(world, machine, tenant, volumes)
      if (give(store.world) === store.world) return
      this.#requirePluggable(machine)
      await orders.wait(durations.attach, order)
      if (misbehaves(hostname, 'fail-attach'))
        throw new EngineError(blamed('The machine did not take the volumes', hostname))
      await orders.apply('volume.attach', machine, order, give)
    })
  }

  detach(machine: string, volumes: readonly string[], order: Order): Promise<void> {
    const { orders, durations, store, now } = this.#deps
    return orders.run(machine, order, async () => {
      const { hostname, power } = found(store.world.machines[machine], `machine ${machine}`)
      const held = volumes.filter((id) => store.world.volumes[id]?.machine === machine)
      if (held.length === 0) return
      const boot = held.find((id) => store.world.volumes[id]?.boot)
      if (boot !== undefined) throw new EngineError(`Machine ${machine} boots from volume ${boot}`)
      this.#requirePluggable(machine)
      await orders.wait(durations.attach, order)
      if (misbehaves(hostname, 'keep-volumes') && isRunning(power, now()))
        throw new EngineError(
          blamed(
            'The guest did not let go of the volumes; unmount them there and try again, or stop the instance first',
            hostname,
          ),
        )
      await orders.apply('volume.detach', machine, order, (world) =>
        released(world, machine, new Set(held)),
      )
    })
  }

  resize(volume: string, sizeGb: number, order: Order): Promise<{ sizeGb: number }> {
    const { orders, durations, store } = this.#deps
    return orders.run(volume, order, async () => {
      const read = (world: World) => found(world.volumes[volume], `volume ${volume}`)
      if (!this.#deps.capabilities().volumeResize)
        throw new UnsupportedError('Volumes of this simulated region do not grow')
      if (read(store.world).sizeGb < sizeGb) {
        await orders.wait(durations.attach, order)
        await orders.apply('volume.resize', volume, order, (world) =>
          withVolume(world, volume, { ...read(world), sizeGb }),
        )
      }
      return { sizeGb: read(store.world).sizeGb }
    })
  }

  #require({ source, sizeGb }: VolumeSpec): void {
    const { capabilities, osImages, store } = this.#deps
    const able = capabilities()
    if (!able.volumes) throw new UnsupportedError('This simulated region has no volumes')
    if (source === null) return
    if (source.kind === 'volume') {
      if (!able.volumeClone)
        throw new UnsupportedError('Volumes of this simulated region cannot be copied')
      requireSize(sizeGb, found(store.world.volumes[source.id], `volume ${source.id}`).sizeGb)
      return
    }
    if (!able.volumeBoot)
      throw new UnsupportedError('Nothing can boot from the volumes of this simulated region')
    const image = osImages.find(({ name }) => name === source.name)
    requireSize(sizeGb, found(image, `OS image ${source.name}`).minDiskGb)
  }

  #requirePluggable(machine: string): void {
    const { store, now, capabilities } = this.#deps
    const { power } = found(store.world.machines[machine], `machine ${machine}`)
    const { hotplug, coldplug } = capabilities()
    const running = isRunning(power, now())
    if (running ? hotplug : coldplug) return
    const state = running ? 'stopped' : 'running'
    throw new UnsupportedError(`Machines of this simulated region must be ${state} for that`)
  }
}

/** The world in which the machine has these volumes too; the same one when it has them already. */
function given(
  world: World,
  machine: string,
  tenant: string,
  wanted: readonly Pick<AttachedVolume, 'id'>[],
): World {
  return wanted.reduce((so, { id }) => {
    const volume = found(theirs(so.volumes[id], tenant), `volume ${id} of this tenant`)
    if (volume.machine === machine && !volume.boot) return so
    if (volume.machine !== null) throw inUse(id, volume.machine)
    return withVolume(so, id, { ...volume, machine })
  }, world)
}

/** The world in which the machine has none of these, or no volumes at all. */
export function released(world: World, machine: string, ids?: ReadonlySet<string>): World {
  const volumes = Object.entries(world.volumes).map(([id, volume]) =>
    volume.machine === machine && (ids === undefined || ids.has(id))
      ? ([id, { ...volume, machine: null, boot: false }] as const)
      : ([id, volume] as const),
  )
  return { ...world, volumes: Object.fromEntries(volumes) }
}

/** The world in which a machine that starts has exactly the data volumes of its spec. */
export function withVolumesOf(world: World, spec: MachineSpec): World {
  const wanted = new Set(spec.volumes.map(({ id }) => id))
  const others = Object.entries(world.volumes)
    .filter(([id, { machine, boot }]) => machine === spec.id && !boot && !wanted.has(id))
    .map(([id]) => id)
  return given(released(world, spec.id, new Set(others)), spec.id, spec.tenant, spec.volumes)
}

/** The world in which a new machine has the volume that it boots from, if it boots from one. */
export function withBootVolume(world: World, { id, tenant, source }: MachineSpec): World {
  if (source.kind !== 'volume') return world
  const volume = bootableVolume(world, source.id, tenant)
  return withVolume(world, source.id, { ...volume, machine: id, boot: true })
}

function isBootable(world: World, { source }: VolumeSpec): boolean {
  if (source === null) return false
  return source.kind === 'os-image' || found(world.volumes[source.id], 'source').bootable
}

function requireSize(sizeGb: number, least: number): void {
  if (sizeGb < least)
    throw new EngineError(
      `A volume of ${sizeGb} GB is too small for its source, which needs ${least} GB`,
    )
}

function withVolume(world: World, id: string, record: VolumeRecord): World {
  return { ...world, volumes: { ...world.volumes, [id]: record } }
}

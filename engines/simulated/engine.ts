/**
 * Machines that exist in a record only, for demos and quick tests. The verbs keep the laws of real
 * engines: they look before they act, take the time that a cloud takes, refuse late orders, and can
 * be killed after every effect. Whatever is asked of a machine happens under its lock; a snapshot or
 * an image is its own thing and never holds up the machine.
 */
import type { Duplex } from 'node:stream'
import { isDeepStrictEqual } from 'node:util'
import { type AddressRange, sizeOf } from '../address-pools.ts'
import {
  type AttachedVolume,
  type Capabilities,
  type Engine,
  EngineError,
  type EngineEvent,
  type FirewallRule,
  type HibernationResult,
  type Holdings,
  type Host,
  type Inventory,
  type MachineCounters,
  type MachineSpec,
  type MachineState,
  NotFoundError,
  NotRunningError,
  type Order,
  type RunOptions,
  type StartupLog,
  type StopResult,
  UnsupportedError,
  type VolumeSpec,
} from '../engine.ts'
import * as addresses from './address-verbs.ts'
import { CAPABILITIES, NOTICE } from './capabilities.ts'
import { SimulatedConsoles, simulatedBoot } from './console.ts'
import { type Durations, scaledDurations } from './durations.ts'
import { misbehaves } from './failures.ts'
import {
  blamed,
  continued,
  found,
  hibernationOf,
  isGuestUp,
  isRunning,
  recordOf,
  requireEnforceable,
  requireRoom,
  requireSource,
  type SimulatedOsImage,
  startupLogOf,
  stateOf,
  switchedOff,
  switchedOn,
  withMachine,
} from './machines.ts'
import { SimulatedMicrovms } from './microvms.ts'
import { type EffectHook, Orders } from './orders.ts'
import { DOCUMENTATION } from './public-addresses.ts'
import { rollBack } from './rollback.ts'
import * as snapshots from './snapshots.ts'
import {
  inMemory,
  type MachineRecord,
  type Persistence,
  type World,
  WorldStore,
  without,
} from './state.ts'
import * as transfer from './transfer.ts'
import { simulatedUsage } from './usage.ts'
import { released, SimulatedVolumes, withBootVolume, withVolumesOf } from './volumes.ts'
import { type Clock, Watcher } from './watcher.ts'

export type SimulatedEngineOptions = {
  readonly hosts: readonly Host[]
  readonly osImages: readonly SimulatedOsImage[]
  readonly clock: Clock
  /** Addresses that nobody has, unless others are named. */
  readonly addressPools?: readonly AddressRange[]
  /** In place of the defaults; `simulated` stays true and the notice stays in front. */
  readonly capabilities?: Partial<Capabilities>
  /** In place of a demo's; see {@link scaledDurations}. */
  readonly durations?: Partial<Durations>
  /** In memory when left out. */
  readonly state?: Persistence
  readonly onEffect?: EffectHook
}

export class SimulatedEngine implements Engine {
  readonly #options: SimulatedEngineOptions
  readonly #durations: Durations
  readonly #store: WorldStore
  readonly #watcher: Watcher
  readonly #orders: Orders
  readonly #consoles = new SimulatedConsoles()
  readonly #volumes: SimulatedVolumes
  readonly microvms: SimulatedMicrovms

  constructor(options: SimulatedEngineOptions) {
    this.#options = options
    this.#durations = { ...scaledDurations(1), ...options.durations }
    this.#store = new WorldStore(options.state ?? inMemory())
    this.#watcher = new Watcher(options.clock)
    this.#orders = new Orders(this.#store, this.#watcher, options.clock, options.onEffect)
    const ordered = this.#orders
    this.microvms = new SimulatedMicrovms((...work) => ordered.run(...work), NOTICE)
    this.#volumes = new SimulatedVolumes({
      ...{ store: this.#store, orders: this.#orders, durations: this.#durations },
      ...{ osImages: options.osImages, capabilities: () => this.capabilities() },
      now: () => this.#now,
    })
  }

  async start(): Promise<void> {
    await this.#store.open()
    this.#watcher.listen((event) => this.#tellConsole(event))
    for (const [id, machine] of Object.entries(this.#world.machines))
      this.#watcher.follow(id, machine.power)
  }

  async close(): Promise<void> {
    this.#orders.close()
    this.#watcher.close()
    this.#consoles.endAll()
  }

  /** What this object did to the world, oldest first, such as `disk.create <uuid>`; the last 10,000. */
  effects(): readonly string[] {
    return this.#orders.effects()
  }

  /** The machine's rules; `null`: nothing is filtered. */
  rulesOf(machine: string): readonly FirewallRule[] | null {
    return found(this.#world.machines[machine], `machine ${machine}`).rules
  }

  /** Data volumes that a machine has, sorted. */
  volumesOf(machine: string): readonly string[] {
    return Object.entries(this.#world.volumes)
      .filter(([, volume]) => volume.machine === machine && !volume.boot)
      .map(([id]) => id)
      .sort()
  }

  /** Ends a running machine as if somebody had killed its process. */
  async kill(machine: string): Promise<void> {
    await this.#orders.change(machine, (world) => {
      const record = found(world.machines[machine], `machine ${machine}`)
      if (!record.power.on || !isRunning(record.power, this.#now)) return world
      const power = { ...record.power, ends: { at: this.#now, reason: 'died' } } as const
      return withMachine(world, machine, { ...record, power })
    })
  }

  capabilities(): Capabilities {
    const chosen = this.#options.capabilities
    const notices = [NOTICE, ...(chosen?.notices ?? [])]
    return { ...CAPABILITIES, ...chosen, simulated: true, notices }
  }

  async inventory(): Promise<Inventory> {
    const publicAddresses = this.capabilities().publicAddress ? sizeOf(this.#pools) : 0
    return { hosts: this.#options.hosts, publicAddresses }
  }

  async osImages() {
    return this.#options.osImages.map((image) => ({ ...image, sizeBytes: 0, ready: true }))
  }

  ensureMachine(
    spec: MachineSpec,
    order: Order,
    { coldBoot = false }: RunOptions = {},
  ): Promise<MachineState> {
    return this.#orders.run(spec.id, order, async () => {
      const machine = this.#world.machines[spec.id]
      if (machine === undefined) {
        this.#requireMakeable(spec)
        await this.#orders.wait(this.#durations.create, order)
        await this.#orders.apply('disk.create', spec.id, order, (world) =>
          withMachine(
            withBootVolume(world, spec),
            spec.id,
            recordOf(spec, switchedOff({ everStarted: false })),
          ),
        )
        await this.#orders.wait(this.#durations.build, order)
        const goesOn =
          spec.source.kind === 'snapshot' && this.#world.snapshots[spec.source.id]?.memory === true
        await this.#switchOn(goesOn ? 'machine.resume' : 'machine.start', spec, order)
      } else if (hibernationOf(machine.power)?.memory === true && !coldBoot) {
        await this.#orders.wait(this.#durations.resume, order)
        if (misbehaves(machine.hostname, 'fail-resume'))
          throw new EngineError(
            blamed(
              'Its memory cannot be read; restore it with {"cold_boot": true}',
              machine.hostname,
            ),
          )
        await this.#switchOn('machine.resume', spec, order)
      } else if (!isRunning(machine.power, this.#now)) {
        await this.#orders.wait(this.#durations.start, order)
        await this.#switchOn('machine.start', spec, order)
      } else await this.#applyRules(spec.id, spec.rules, order)
      return this.observe(spec.id)
    })
  }

  ensureStopped(machine: string, graceMs: number, order: Order): Promise<StopResult> {
    return this.#orders.run(machine, order, async () => {
      const { power, hostname } = found(this.#world.machines[machine], `machine ${machine}`)
      if (!isRunning(power, this.#now)) return { forced: !power.on && power.forced }

      const deaf = misbehaves(hostname, 'ignore-shutdown') || misbehaves(hostname, 'fail-boot')
      const forced = deaf || this.#durations.stop > graceMs
      await this.#orders.wait(forced ? graceMs : this.#durations.stop, order)
      if (misbehaves(hostname, 'fail-stop'))
        throw new EngineError(blamed('The machine could not be stopped', hostname))
      await this.#switchOff(machine, forced, order)
      return { forced }
    })
  }

  ensureHibernated(machine: string, order: Order): Promise<HibernationResult> {
    return this.#orders.run(machine, order, async () => {
      if (!this.capabilities().hibernate)
        throw new UnsupportedError('Machines of this simulated region cannot hibernate')
      const record = found(this.#world.machines[machine], `machine ${machine}`)
      const hibernated = hibernationOf(record.power)
      if (hibernated !== null) return hibernated

      if (record.power.on && !isRunning(record.power, this.#now))
        throw new EngineError(
          'Its process has ended and its memory is gone; start it, then hibernate it',
        )

      // As on real hosts: what is in a GPU cannot be kept.
      const memory = isRunning(record.power, this.#now) && record.gpus === null
      await this.#orders.wait(this.#durations.hibernate, order)
      if (misbehaves(record.hostname, 'fail-hibernate'))
        throw new EngineError(blamed('The machine was not hibernated', record.hostname))
      await this.#orders.apply('machine.hibernate', machine, order, (world) => {
        const current = found(world.machines[machine], `machine ${machine}`)
        const power = { ...switchedOff({ everStarted: true }), hibernated: { memory } }
        return withMachine(world, machine, { ...current, power })
      })
      this.#consoles.end(machine)
      return { memory }
    })
  }

  reboot(spec: MachineSpec, order: Order): Promise<MachineState> {
    return this.#orders.run(spec.id, order, async () => {
      const { power } = found(this.#world.machines[spec.id], `machine ${spec.id}`)
      const running = isRunning(power, this.#now)
      await this.#orders.wait(running ? this.#durations.reboot : this.#durations.start, order)
      await this.#switchOn(running ? 'machine.reboot' : 'machine.start', spec, order)
      return this.observe(spec.id)
    })
  }

  ensureGone(machine: string, order: Order): Promise<void> {
    return this.#orders.run(machine, order, async () => {
      const record = this.#world.machines[machine]
      if (record === undefined) return
      if (isRunning(record.power, this.#now)) await this.#switchOff(machine, true, order)
      await this.#orders.wait(this.#durations.delete, order)
      await this.#orders.apply('disk.delete', machine, order, (world) => ({
        ...released(world, machine),
        machines: without(world.machines, machine),
      }))
    })
  }

  applyFirewall(
    machine: string,
    rules: readonly FirewallRule[] | null,
    order: Order,
  ): Promise<void> {
    return this.#orders.run(machine, order, () => this.#applyRules(machine, rules, order))
  }

  async observe(machine: string): Promise<MachineState> {
    return stateOf(machine, this.#world.machines[machine], this.#now)
  }

  async readStartupLog(machine: string): Promise<StartupLog | null> {
    return startupLogOf(found(this.#world.machines[machine], `machine ${machine}`), this.#now)
  }

  async holdings(): Promise<Holdings> {
    const { machines, addresses, publicAddresses, snapshots, images } = this.#world
    const { volumes, exports, uploads } = this.#world
    return {
      machines: Object.entries(machines).map(([id, record]) => stateOf(id, record, this.#now)),
      addresses: Object.keys(addresses),
      publicAddresses: Object.keys(publicAddresses),
      snapshots: Object.keys(snapshots),
      images: Object.keys(images),
      volumes: Object.keys(volumes),
      exports: Object.keys(exports),
      uploads: Object.keys(uploads),
    }
  }

  onEvent(listener: (event: EngineEvent) => void): () => void {
    return this.#watcher.listen(listener)
  }

  // Fields rather than methods: what they do stands in files of their own, with its arguments.
  readonly ensureAddress: Engine['ensureAddress'] = (...args) =>
    addresses.ensureAddress(this.#parts, ...args)
  readonly ensureAddressGone: Engine['ensureAddressGone'] = (...args) =>
    addresses.ensureAddressGone(this.#parts, ...args)
  readonly ensurePublicAddress: Engine['ensurePublicAddress'] = (...args) =>
    addresses.ensurePublicAddress(this.#parts, ...args)
  readonly ensurePublicAddressGone: Engine['ensurePublicAddressGone'] = (...args) =>
    addresses.ensurePublicAddressGone(this.#parts, ...args)
  readonly ensureSnapshot: Engine['ensureSnapshot'] = (...args) =>
    snapshots.ensureSnapshot(this.#parts, ...args)
  readonly ensureSnapshotGone: Engine['ensureSnapshotGone'] = (...args) =>
    snapshots.ensureSnapshotGone(this.#parts, ...args)
  readonly ensureImage: Engine['ensureImage'] = (...args) =>
    snapshots.ensureImage(this.#parts, ...args)
  readonly ensureImageGone: Engine['ensureImageGone'] = (...args) =>
    snapshots.ensureImageGone(this.#parts, ...args)
  readonly rollback: Engine['rollback'] = (...args) => rollBack(this.#parts, ...args)
  readonly exportSnapshot: Engine['exportSnapshot'] = (...args) =>
    transfer.exportSnapshot(this.#parts, ...args)
  readonly ensureExportGone: Engine['ensureExportGone'] = (...args) =>
    transfer.ensureExportGone(this.#parts, ...args)
  readonly readExport: Engine['readExport'] = (...args) => transfer.readExport(this.#parts, ...args)
  readonly bootable: Engine['bootable'] = async (disk) => transfer.bootable(this.#parts, disk)
  readonly appendUpload: Engine['appendUpload'] = (...args) =>
    transfer.appendUpload(this.#parts, ...args)
  readonly uploadedBytes: Engine['uploadedBytes'] = async (snapshot) =>
    transfer.uploadedBytes(this.#parts, snapshot)
  readonly importSnapshot: Engine['importSnapshot'] = (...args) =>
    transfer.importSnapshot(this.#parts, ...args)

  async console(machine: string): Promise<Duplex> {
    const { hostname, power } = this.#running(machine)
    return this.#consoles.view(machine, hostname, isGuestUp(power, this.#now))
  }

  async consoleLog(machine: string, bytes: number): Promise<Uint8Array> {
    const { hostname, power } = found(this.#world.machines[machine], `machine ${machine}`)
    const wasUp = power.on ? isGuestUp(power, this.#now) : power.everStarted
    return Buffer.from(simulatedBoot(hostname, wasUp)).subarray(-bytes)
  }

  async display(): Promise<Duplex> {
    throw new UnsupportedError('Simulated machines have no display')
  }

  async metrics(machine: string): Promise<MachineCounters> {
    return simulatedUsage(this.#running(machine), this.#now)
  }

  #running(machine: string): MachineRecord {
    const record = found(this.#world.machines[machine], `machine ${machine}`)
    if (!isRunning(record.power, this.#now))
      throw new NotRunningError(`Machine ${machine} does not run`)
    return record
  }

  #tellConsole({ kind, machine }: EngineEvent): void {
    const record = this.#world.machines[machine]
    if (record !== undefined && kind === 'guest-up')
      this.#consoles.guestUp(machine, record.hostname)
    else if (record === undefined || !isRunning(record.power, this.#now))
      this.#consoles.end(machine)
  }

  /** What verbs in files of their own work with. */
  get #parts() {
    const [orders, store, durations] = [this.#orders, this.#store, this.#durations]
    const { osImages } = this.#options
    return {
      ...{ orders, store, durations, osImages, pools: this.#pools },
      capabilities: () => this.capabilities(),
      now: () => this.#now,
    }
  }

  get #pools(): readonly AddressRange[] {
    return this.#options.addressPools ?? DOCUMENTATION
  }

  ensureVolume(spec: VolumeSpec, order: Order): Promise<void> {
    return this.#volumes.ensure(spec, order)
  }

  ensureVolumeGone(volume: string, order: Order): Promise<void> {
    return this.#volumes.ensureGone(volume, order)
  }

  attachVolumes(machine: string, volumes: readonly AttachedVolume[], order: Order): Promise<void> {
    return this.#volumes.attach(machine, volumes, order)
  }

  detachVolumes(machine: string, volumes: readonly string[], order: Order): Promise<void> {
    return this.#volumes.detach(machine, volumes, order)
  }

  resizeVolume(volume: string, sizeGb: number, order: Order): Promise<{ sizeGb: number }> {
    return this.#volumes.resize(volume, sizeGb, order)
  }

  get #world(): World {
    return this.#store.world
  }

  get #now(): number {
    return this.#options.clock.now().getTime()
  }

  /** Everything that a real host would refuse a new machine for, before it has any effect. */
  #requireMakeable(spec: MachineSpec): void {
    if (spec.gpus !== null && !this.capabilities().gpu)
      throw new UnsupportedError('This simulated region has no GPUs')
    requireEnforceable(spec.rules, this.capabilities())
    requireSource(spec, this.#world, this.#options.osImages)
    if (this.#world.addresses[spec.id] === undefined)
      throw new NotFoundError(`Machine ${spec.id} has no address; call ensureAddress first`)
    requireRoom(spec, this.#world, this.#options.hosts, this.#now)
  }

  async #switchOn(
    effect: 'machine.start' | 'machine.reboot' | 'machine.resume',
    spec: MachineSpec,
    order: Order,
  ): Promise<void> {
    const { hostname } = spec.guest
    if (misbehaves(hostname, 'fail-start'))
      throw new EngineError(blamed('The machine did not start', hostname))
    await this.#orders.apply(effect, spec.id, order, (world) => {
      requireRoom(spec, world, this.#options.hosts, this.#now)
      const { diskGb, hadUserData = false } = found(world.machines[spec.id], `machine ${spec.id}`)
      const on = effect === 'machine.resume' ? continued : switchedOn
      const power = on(hostname, this.#now, this.#durations)
      const equipped = effect === 'machine.reboot' ? world : withVolumesOf(world, spec)
      return withMachine(equipped, spec.id, {
        ...recordOf(spec, power),
        diskGb,
        ...(hadUserData && { hadUserData }),
      })
    })
  }

  async #applyRules(
    machine: string,
    rules: readonly FirewallRule[] | null,
    order: Order,
  ): Promise<void> {
    const record = found(this.#world.machines[machine], `machine ${machine}`)
    requireEnforceable(rules, this.capabilities())
    if (isDeepStrictEqual(record.rules, rules)) return
    if (misbehaves(record.hostname, 'fail-firewall'))
      throw new EngineError(
        blamed('The rules of the machine could not be changed', record.hostname),
      )
    await this.#orders.apply('firewall.apply', machine, order, (world) =>
      withMachine(world, machine, {
        ...found(world.machines[machine], `machine ${machine}`),
        rules,
      }),
    )
  }

  async #switchOff(machine: string, forced: boolean, order: Order): Promise<void> {
    await this.#orders.apply('machine.stop', machine, order, (world) => {
      const record = found(world.machines[machine], `machine ${machine}`)
      const power = switchedOff({ everStarted: true, forced })
      return withMachine(world, machine, { ...record, power })
    })
    this.#consoles.end(machine)
  }
}

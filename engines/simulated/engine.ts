/**
 * Machines that exist in a record only, for demos and quick tests. The verbs keep the laws of real
 * engines: they look before they act, take the time that a cloud takes, refuse late orders, and can
 * be killed after every effect. Whatever is asked of a machine happens under its lock; a snapshot or
 * an image is its own thing and never holds up the machine.
 */
import type { Duplex } from 'node:stream'
import { type AddressRange, sizeOf } from '../address-pools.ts'
import {
  type AttachedVolume,
  type Capabilities,
  type Engine,
  type EngineEvent,
  type FirewallRule,
  type Holdings,
  type Host,
  type Inventory,
  type MachineCounters,
  type MachineState,
  NotRunningError,
  type Order,
  type StartupLog,
  UnsupportedError,
  type VolumeSpec,
} from '../engine.ts'
import * as addresses from './address-verbs.ts'
import { CAPABILITIES, NOTICE } from './capabilities.ts'
import { SimulatedConsoles, simulatedBoot } from './console.ts'
import { type Durations, scaledDurations } from './durations.ts'
import * as verbs from './machine-verbs.ts'
import {
  found,
  isGuestUp,
  isRunning,
  type SimulatedOsImage,
  startupLogOf,
  stateOf,
  withMachine,
} from './machines.ts'
import { SimulatedMicrovms } from './microvms.ts'
import { type EffectHook, Orders } from './orders.ts'
import { DOCUMENTATION } from './public-addresses.ts'
import { rollBack } from './rollback.ts'
import * as snapshots from './snapshots.ts'
import { inMemory, type MachineRecord, type Persistence, type World, WorldStore } from './state.ts'
import * as transfer from './transfer.ts'
import { simulatedUsage } from './usage.ts'
import { SimulatedVolumes } from './volumes.ts'
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
  readonly ensureMachine: Engine['ensureMachine'] = (...args) =>
    verbs.ensureMachine(this.#parts, ...args)
  readonly ensureStopped: Engine['ensureStopped'] = (...args) =>
    verbs.ensureStopped(this.#parts, ...args)
  readonly ensureHibernated: Engine['ensureHibernated'] = (...args) =>
    verbs.ensureHibernated(this.#parts, ...args)
  readonly reboot: Engine['reboot'] = (...args) => verbs.reboot(this.#parts, ...args)
  readonly ensureGone: Engine['ensureGone'] = (...args) => verbs.ensureGone(this.#parts, ...args)
  readonly applyFirewall: Engine['applyFirewall'] = (...args) =>
    verbs.applyFirewall(this.#parts, ...args)
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
    const { osImages, hosts } = this.#options
    return {
      ...{ orders, store, durations, osImages, hosts },
      ...{ pools: this.#pools, consoles: this.#consoles },
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
}

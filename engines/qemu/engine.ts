/**
 * Machines of this host: a QEMU process each, driven over QMP. Processes outlive the server; whoever
 * starts next finds them and goes on. This file is the interface; how things are done is told in
 *
 *     machines.ts · create.ts · boot.ts           what there is, and how it comes to run
 *     live-machine.ts · power.ts                  what runs, and how it ends
 *     volumes.ts · plugging.ts                    what machines have for a while
 *     disks/      layers, snapshots, OS disks     disks/images.ts       images that people make
 *     memory/     hibernation                     os-images.ts          what a builder hands over
 *     process/    QEMU's processes and QMP        guest/live-guest.ts   a guest, as its agent tells
 *     network/    addresses, taps, rules          guest/     console, display, identity
 *     records/    what is remembered              host/      capacity, acceleration, cgroups
 *     usage.ts    what a machine has used
 */

import { rm, rmdir } from 'node:fs/promises'
import type { Duplex } from 'node:stream'

import type { AddressRange } from '../address-pools.ts'
import type {
  Address,
  AttachedVolume,
  Capabilities,
  Engine,
  EngineEvent,
  FirewallRule,
  HibernationResult,
  Holdings,
  Inventory,
  MachineCounters,
  MachineSpec,
  MachineState,
  Order,
  RunOptions,
  SnapshotResult,
  StartupLog,
  StopResult,
  VolumeSpec,
} from '../engine.ts'
import { EngineError, NotRunningError, UnsupportedError } from '../engine.ts'
import { Locks } from '../locks.ts'
import { CAPABILITIES } from './capabilities.ts'
import { ensureImage, ensureImageGone } from './disks/images.ts'
import { rollBack } from './disks/rollback.ts'
import { takeSnapshot } from './disks/snapshots.ts'
import { found } from './disks/source.ts'
import { readLog } from './guest/console.ts'
import { detectAcceleration } from './host/acceleration.ts'
import { readInventory } from './host/inventory.ts'
import { type Log, Machines } from './machines.ts'
import { hibernate } from './memory/hibernation.ts'
import type { ImageRegistry } from './microvm/images/pull.ts'
import type { MicrovmKits } from './microvm/kit.ts'
import { QemuMicrovms } from './microvm/microvms.ts'
import { Networks } from './network/networks.ts'
import { Orders } from './orders.ts'
import type { OsImages } from './os-images.ts'
import { asUuid, type Paths, pathsOf } from './paths.ts'
import { restartMachine, stopMachine } from './power.ts'
import { chooseMachineType } from './process/machine-type.ts'
import { Store } from './records/store.ts'
import {
  ensureExportGone,
  exportSnapshot,
  readExport,
  sweepExports,
  type TransferDeps,
} from './transfer/export.ts'
import { importSnapshot } from './transfer/import.ts'
import { Volumes } from './volumes.ts'

export type QemuEngineOptions = {
  /** Absolute. The engine keeps its own folders in it; see paths.ts. */
  readonly dataDir: string
  /** Short hash of the installation's id, in every name that the whole host sees. `[a-z0-9]{1,8}`. */
  readonly mark: string
  readonly osImages: OsImages
  readonly log: Log
  /** Public addresses that come to this host; left out, it has some that only the host itself reaches. */
  readonly addressPools?: readonly AddressRange[]
  /** Left out: there are no microVMs. */
  readonly microvmKits?: MicrovmKits
  /** How many of their processes wait for a snapshot that was started from, and in all. */
  readonly microvmPool?: { readonly each: number; readonly all: number }
  /** Registries of images that need credentials, or are not in the internet. */
  readonly imageRegistries?: readonly ImageRegistry[]
  /** Milliseconds that a registry of images may say nothing; a minute when left out. */
  readonly registrySilenceMs?: number
}

/** A dead dnsmasq and rules that somebody flushed come back on their own. */
const mendNetworksEveryMs = 20_000

/** What is asked of the host once, at the start. */
type HostFacts = {
  readonly accelerator: 'kvm' | 'tcg'
  readonly machineType: string
  readonly notices: readonly string[]
}

export class QemuEngine implements Engine {
  readonly #options: QemuEngineOptions
  readonly #paths: Paths
  readonly #store: Store
  readonly #orders: Orders
  readonly #networks: Networks
  readonly #machines: Machines
  readonly #volumes: Volumes
  readonly microvms: QemuMicrovms | undefined
  readonly #listeners = new Set<(event: EngineEvent) => void>()
  readonly #converting = new Locks()
  #host: HostFacts | null = null
  #mending: NodeJS.Timeout | undefined

  constructor(options: QemuEngineOptions) {
    const { dataDir, mark, osImages, log, addressPools = [], microvmKits, microvmPool } = options
    this.#options = options
    this.#paths = pathsOf(dataDir, mark)
    this.#store = new Store(this.#paths, mark, osImages)
    this.#orders = new Orders(this.#paths.fences)
    this.#networks = new Networks({ dir: this.#paths.networks, mark, log, addressPools })
    this.#machines = new Machines({
      ...{ mark, log, paths: this.#paths, store: this.#store },
      ...{ networks: this.#networks, orders: this.#orders },
      host: () => this.#facts,
      emit: (event) => this.#emit(event),
    })
    this.#volumes = new Volumes({
      ...{ log, paths: this.#paths, store: this.#store },
      ...{ machines: this.#machines, orders: this.#orders },
    })
    if (microvmKits !== undefined)
      this.microvms = new QemuMicrovms({
        ...{ dataDir, mark, log, kits: microvmKits, orders: this.#orders },
        ...(microvmPool === undefined ? {} : { pool: microvmPool }),
        registries: options.imageRegistries,
        registrySilenceMs: options.registrySilenceMs,
        subnet: () => this.#networks.subnet,
        accelerator: () => this.#facts.accelerator,
      })
  }

  async start(): Promise<void> {
    const [machineType, acceleration] = await Promise.all([
      chooseMachineType(),
      detectAcceleration(),
    ])
    this.#host = {
      machineType,
      accelerator: acceleration.kind,
      notices: acceleration.kind === 'tcg' ? [acceleration.notice] : [],
    }
    const strays = await this.#store.load()
    if (strays > 0) {
      const message =
        'Disk layers or kept memory belong to nothing that is known here; they are kept for a day'
      this.#options.log('warn', message, { files: strays })
    }
    // What is there must be known by then, or the fences of what is older than a month would go.
    await this.microvms?.load()
    await this.#orders.load(
      (thing) => this.#store.has(thing) || (this.microvms?.has(thing) ?? false),
    )
    await this.#networks.start()
    await this.#machines.adopt()
    await this.microvms?.start()
    await this.#store.sweep()
    await sweepExports(this.#transfer)
    await this.#store.sweepMemories()
    this.#mending = setInterval(() => {
      this.#networks.start().catch((error: unknown) => {
        this.#options.log('warn', 'the networks cannot be mended', { error })
      })
    }, mendNetworksEveryMs)
  }

  async close(): Promise<void> {
    clearInterval(this.#mending)
    this.#orders.close()
    this.#machines.close()
    await this.microvms?.close()
    // Goes when no machine is running; otherwise it is not empty.
    await rmdir(this.#paths.run).catch(() => {})
  }

  capabilities(): Capabilities {
    return { ...CAPABILITIES, notices: this.#host?.notices ?? [] }
  }

  async inventory(): Promise<Inventory> {
    const publicAddresses = this.#networks.publicAddresses.total
    return { ...(await readInventory(this.#options.dataDir)), publicAddresses }
  }

  async osImages() {
    return this.#options.osImages.list()
  }

  ensureAddress(machine: string, tenant: string, order: Order): Promise<Address> {
    return this.#orders.run(machine, order, () => this.#networks.ensureAddress(machine, tenant))
  }

  ensureAddressGone(machine: string, order: Order): Promise<void> {
    return this.#orders.run(machine, order, () => this.#networks.releaseAddress(machine))
  }

  ensurePublicAddress(machine: string, tenant: string, order: Order): Promise<{ ip: string }> {
    return this.#orders.run(machine, order, (signal) =>
      this.#networks.ensurePublicAddress(machine, tenant, signal),
    )
  }

  ensurePublicAddressGone(machine: string, order: Order): Promise<void> {
    return this.#orders.run(machine, order, () => this.#networks.releasePublicAddress(machine))
  }

  ensureMachine(spec: MachineSpec, order: Order, options?: RunOptions): Promise<MachineState> {
    return this.#orders.run(spec.id, order, (signal) => {
      if (spec.gpus !== null)
        throw new UnsupportedError('This engine cannot give GPUs to machines yet')
      return this.#machines.ensureRunning(spec, signal, options)
    })
  }

  ensureHibernated(machine: string, order: Order): Promise<HibernationResult> {
    return this.#orders.run(machine, order, (signal) => hibernate(this.#rooms, machine, signal))
  }

  ensureStopped(machine: string, graceMs: number, order: Order): Promise<StopResult> {
    return this.#orders.run(machine, order, (signal) =>
      stopMachine(this.#machines, machine, graceMs, signal),
    )
  }

  reboot(spec: MachineSpec, order: Order): Promise<MachineState> {
    return this.#orders.run(spec.id, order, (signal) =>
      restartMachine(this.#machines, spec, signal),
    )
  }

  ensureGone(machine: string, order: Order): Promise<void> {
    return this.#orders.run(machine, order, () => this.#machines.remove(machine))
  }

  applyFirewall(
    machine: string,
    rules: readonly FirewallRule[] | null,
    order: Order,
  ): Promise<void> {
    return this.#orders.run(machine, order, () => this.#machines.applyRules(machine, rules))
  }

  observe(machine: string): Promise<MachineState> {
    return this.#machines.observe(asUuid(machine))
  }

  readStartupLog(machine: string): Promise<StartupLog | null> {
    return this.#machines.readStartupLog(asUuid(machine))
  }

  async holdings(): Promise<Holdings> {
    return {
      machines: await Promise.all(this.#machines.ids().map((id) => this.observe(id))),
      addresses: await this.#networks.machines(),
      publicAddresses: this.#networks.publicAddresses.machines(),
      snapshots: this.#store.snapshots.entries().map(([id]) => id),
      images: this.#store.images.entries().map(([id]) => id),
      volumes: this.#volumes.ids(),
      exports: this.#store.exports.entries().map(([id]) => id),
      uploads: await this.#store.uploads.all(),
    }
  }

  onEvent(listener: (event: EngineEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  ensureSnapshot(
    machine: string,
    snapshot: string,
    options: { memory: boolean },
    order: Order,
  ): Promise<SnapshotResult> {
    return this.#orders.run(snapshot, order, (signal) =>
      this.#orders.runUnordered(
        machine,
        () => takeSnapshot(this.#rooms, machine, snapshot, options, signal),
        signal,
      ),
    )
  }

  ensureSnapshotGone(snapshot: string, order: Order): Promise<void> {
    return this.#orders.run(snapshot, order, async () => {
      await this.#store.snapshots.delete(snapshot)
      await this.#store.uploads.remove(snapshot)
      await rm(this.#paths.snapshotMemory(snapshot), { force: true })
      await this.#store.sweep()
    })
  }

  rollback(machine: string, snapshot: string, order: Order): Promise<void> {
    const deps = { store: this.#store, machines: this.#machines, log: this.#options.log }
    return this.#orders.run(machine, order, () => rollBack(deps, machine, snapshot))
  }

  // Fields rather than methods: what they do stands in files of their own, with its arguments.
  readonly ensureImage: Engine['ensureImage'] = (...args) => ensureImage(this.#transfer, ...args)
  readonly ensureImageGone: Engine['ensureImageGone'] = (...args) =>
    ensureImageGone(this.#transfer, ...args)
  readonly exportSnapshot: Engine['exportSnapshot'] = (...args) =>
    exportSnapshot(this.#transfer, ...args)
  readonly ensureExportGone: Engine['ensureExportGone'] = (...args) =>
    ensureExportGone(this.#transfer, ...args)
  readonly readExport: Engine['readExport'] = (...args) => readExport(this.#transfer, ...args)
  readonly bootable: Engine['bootable'] = ({ osImage, recipe }) =>
    this.#store.osDisks.mayHaveRecipe(osImage, recipe)
  readonly appendUpload: Engine['appendUpload'] = (...args) => this.#store.uploads.append(...args)
  readonly uploadedBytes: Engine['uploadedBytes'] = (snapshot) =>
    this.#store.uploads.receivedBytes(snapshot)
  readonly importSnapshot: Engine['importSnapshot'] = (...args) =>
    importSnapshot(this.#transfer, ...args)

  get #rooms() {
    return {
      store: this.#store,
      machines: this.#machines,
      paths: this.#paths,
      log: this.#options.log,
    }
  }

  async console(machine: string): Promise<Duplex> {
    const line = this.#machines.running(asUuid(machine)).viewConsole()
    if (line === null) throw new NotRunningError(`The console of machine ${machine} is gone`)
    return line
  }

  async consoleLog(machine: string, bytes: number): Promise<Uint8Array> {
    found(this.#store.machines.get(machine), `machine ${machine}`)
    return readLog(this.#paths.consoleLog(machine), bytes)
  }

  async display(machine: string): Promise<Duplex> {
    return this.#machines.running(asUuid(machine)).openDisplay()
  }

  async metrics(machine: string): Promise<MachineCounters> {
    const tap = this.#networks.tapOf(machine)
    return this.#machines.running(asUuid(machine)).usage(tap)
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

  get #transfer(): TransferDeps {
    const [store, paths, orders] = [this.#store, this.#paths, this.#orders]
    return { store, paths, orders, converting: this.#converting, log: this.#options.log }
  }

  get #facts(): HostFacts {
    if (this.#host === null) throw new EngineError('The engine has not been started')
    return this.#host
  }

  #emit(event: EngineEvent): void {
    // Apart from the line that brought the news, which a listener's error would cut.
    for (const listener of this.#listeners) queueMicrotask(() => listener(event))
  }
}

import { randomUUID } from 'node:crypto'
import type {
  Engine,
  EngineEvent,
  FirewallRule,
  MachineSpec,
  MachineState,
  Order,
  VolumeSpec,
} from '../engine.ts'

export type EngineWorld = {
  /** Started, and holding nothing. */
  readonly engine: Engine
  /**
   * A small machine that fits and boots, with an id and a tenant of its own unless overridden. Its
   * address may be anything: the suite puts in what `ensureAddress` answers.
   */
  spec(overrides?: Partial<MachineSpec>): MachineSpec
  /** Like `spec`, of a machine that ignores requests to shut down as soon as it runs. */
  stubborn(): MachineSpec
  /** With the next fence. */
  order(): Order
  /** Drops the engine as a crash would, machines going on, and starts another one on the same state. */
  reopen(): Promise<Engine>
  /** Kills a machine's process behind the engine's back. */
  kill(machine: string): Promise<void>
  /** The rules that the engine holds a machine to. */
  rulesOf(machine: string): Promise<readonly FirewallRule[] | null>
  /** The data volumes that the engine holds a machine to have, sorted. */
  volumesOf(machine: string): Promise<readonly string[]>
  dispose(): Promise<void>
  /** Machines are dear here: smaller crowds. */
  readonly slow?: boolean
}

/** Generous, since every wait is for a condition: real guests boot in seconds, many at once in more. */
export const LIMIT_MS = 120_000
/** Longer than any test may take. */
export const ENDLESS_MS = 10 * LIMIT_MS

type SkippableTest = { skip(condition: boolean, note?: string): void }

/** The engine under test, and what was made with it, so that a section can clear up behind it. */
export class Site {
  #world: EngineWorld | null = null
  #engine: Engine | null = null
  readonly #machines = new Set<string>()
  readonly #snapshots = new Set<string>()
  readonly #images = new Set<string>()
  readonly #volumes = new Set<string>()
  readonly #exports = new Set<string>()

  open(world: EngineWorld): void {
    this.#world = world
    this.#engine = world.engine
  }

  async close(): Promise<void> {
    await this.#world?.dispose()
  }

  async reopen(): Promise<void> {
    this.#engine = await this.world.reopen()
  }

  get world(): EngineWorld {
    if (this.#world === null) throw new Error('The world could not be made')
    return this.#world
  }

  get engine(): Engine {
    if (this.#engine === null) throw new Error('The world could not be made')
    return this.#engine
  }

  order(): Order {
    return this.world.order()
  }

  /** As many places as a crowd has here. */
  crowd(): readonly number[] {
    return Array.from({ length: this.world.slow ? 4 : 20 }, (_, index) => index)
  }

  skipWithoutSnapshots(context: SkippableTest): void {
    context.skip(!this.engine.capabilities().snapshot, 'this engine has no snapshots')
  }

  newMachine = (): string => remember(this.#machines)
  newSnapshot = (): string => remember(this.#snapshots)
  newVolume = (): string => remember(this.#volumes)
  newImage = (): string => remember(this.#images)
  newExport = (): string => remember(this.#exports)

  /** A machine that has an address and nothing else yet. */
  async reserve(spec = this.world.spec()): Promise<MachineSpec> {
    this.#machines.add(spec.id)
    const address = await this.engine.ensureAddress(spec.id, spec.tenant, this.order())
    return { ...spec, address }
  }

  /** A machine that runs; its guest need not be up yet. */
  async deploy(spec = this.world.spec()): Promise<MachineSpec> {
    const reserved = await this.reserve(spec)
    await this.engine.ensureMachine(reserved, this.order())
    return reserved
  }

  deployFrom(source: MachineSpec['source']): Promise<MachineSpec> {
    return this.deploy(this.world.spec({ source }))
  }

  async snapshot(of: MachineSpec): Promise<string> {
    const snapshot = this.newSnapshot()
    await this.engine.ensureSnapshot(of.id, snapshot, { memory: false }, this.order())
    return snapshot
  }

  async image(snapshot: string): Promise<string> {
    const image = this.newImage()
    await this.engine.ensureImage(image, snapshot, this.order())
    return image
  }

  /** An empty volume of this tenant. */
  async volume(tenant: string, made: Partial<VolumeSpec> = {}): Promise<string> {
    const id = this.newVolume()
    await this.engine.ensureVolume({ id, tenant, sizeGb: 1, source: null, ...made }, this.order())
    return id
  }

  /** Looks at once and at every event, so that an engine that tells nothing never gets there. */
  async until(machine: string, wanted: (state: MachineState) => boolean): Promise<MachineState> {
    const reached = Promise.withResolvers<MachineState>()
    const look = async () => {
      const state = await this.engine.observe(machine)
      if (wanted(state)) reached.resolve(state)
    }
    const stopListening = this.engine.onEvent((event) => {
      if (event.machine === machine) look().catch(reached.reject)
    })
    try {
      await look()
      return await reached.promise
    } finally {
      stopListening()
    }
  }

  /** The next event of this kind about the machine. */
  event(kind: EngineEvent['kind'], machine: string): Promise<void> {
    const told = Promise.withResolvers<void>()
    const stopListening = this.engine.onEvent((event) => {
      if (event.kind === kind && event.machine === machine) told.resolve()
    })
    return told.promise.finally(stopListening)
  }

  /** Holdings, sorted, and of machines only what does not change with time. */
  async held() {
    const { machines, addresses, publicAddresses, snapshots, images, volumes, exports, uploads } =
      await this.engine.holdings()
    return {
      machines: machines.map(({ id, status }) => `${id} ${status}`).sort(),
      addresses: [...addresses].sort(),
      publicAddresses: [...publicAddresses].sort(),
      snapshots: [...snapshots].sort(),
      images: [...images].sort(),
      volumes: [...volumes].sort(),
      exports: [...exports].sort(),
      uploads: [...uploads].sort(),
    }
  }

  /** Removes everything that was made here. */
  async clear(): Promise<void> {
    for (const machine of drain(this.#machines)) {
      await this.engine.ensureGone(machine, this.order())
      await this.engine.ensureAddressGone(machine, this.order())
    }
    for (const snapshot of drain(this.#snapshots))
      await this.engine.ensureSnapshotGone(snapshot, this.order())
    for (const id of drain(this.#exports)) await this.engine.ensureExportGone(id, this.order())
    for (const image of drain(this.#images)) await this.engine.ensureImageGone(image, this.order())
    for (const volume of drain(this.#volumes))
      await this.engine.ensureVolumeGone(volume, this.order())
  }
}

function remember(ids: Set<string>): string {
  const id = randomUUID()
  ids.add(id)
  return id
}

function drain(ids: Set<string>): string[] {
  const all = [...ids]
  ids.clear()
  return all
}

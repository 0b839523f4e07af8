/** What microVMs of a host share: records, layers, memory, places, the pool; and how each ends. */
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { CapacityError, type EgressPolicy, EngineError } from '../../engine.ts'
import { Locks } from '../../locks.ts'
import { Layers } from '../disks/layers.ts'
import { ensureCgroup, removeCgroup } from '../host/cgroups.ts'
import { type Cidr, nextFree } from '../network/addresses/subnets.ts'
import { run } from '../network/run.ts'
import { findProcesses, killAndWait } from '../process/processes.ts'
import { readFolderIfThere } from '../records/durable-files.ts'
import { Identities, ownIdentities } from '../records/identities.ts'
import { Records } from '../records/records.ts'
import type { CaptureFiles } from './capture.ts'
import { givenOf } from './given.ts'
import { KeptImages } from './images/kept.ts'
import type { ImageRegistry } from './images/pull.ts'
import type { MicrovmKit, MicrovmKits } from './kit.ts'
import { SLOTS, type SlotLayout, slotLayout } from './layout.ts'
import { LiveMicrovm } from './live.ts'
import { removeNetwork, slotsOnHost } from './network.ts'
import { type MicrovmPaths, microvmPathsOf } from './paths.ts'
import { Pool } from './pool.ts'
import { processName, processPrefixes, slotOf } from './process-name.ts'
import { MicrovmRecord, MicrovmSnapshotRecord, type SlotRecord } from './records.ts'
import { removeFolders, type Slot, spawnMicrovm } from './spawn.ts'
import { makeRehearsed, type Waiting } from './standby.ts'
import { Turns } from './turns.ts'

export type MicrovmHostOptions = {
  readonly dataDir: string
  readonly mark: string
  readonly kits: MicrovmKits
  readonly log: (
    level: 'debug' | 'info' | 'warn' | 'error',
    message: string,
    fields?: object,
  ) => void
  /** The installation's /16; known once networks are started. */
  readonly subnet: () => Cidr
  readonly accelerator: () => 'kvm' | 'tcg'
  /** How many QEMUs wait for a snapshot that was started from, and in all. */
  readonly pool?: { readonly each: number; readonly all: number }
  readonly registries?: readonly ImageRegistry[] | undefined
  /** Milliseconds that a registry may say nothing; a minute when left out. */
  readonly registrySilenceMs?: number | undefined
}

const POOL = { each: 3, all: 6 }
/** Of tenants that nobody is, for machines that wait for whoever comes. */
const NOBODY = 'nobody'

export class MicrovmHost {
  readonly options: MicrovmHostOptions
  readonly paths: MicrovmPaths
  readonly layers: Layers
  readonly machines: Records<MicrovmRecord>
  readonly snapshots: Records<MicrovmSnapshotRecord>
  readonly live = new Map<string, LiveMicrovm>()
  readonly identities: Identities
  readonly pool: Pool<Waiting>
  /** Names of memory that is used before a record says so. */
  readonly pinned = new Set<string>()
  /** When a machine of a snapshot did not get through its rehearsal. */
  readonly unrehearsed = new Map<string, number>()
  readonly images: KeptImages
  /** Of images, by tenant. */
  readonly fetching = new Locks()
  /** Of images; one at a time. */
  readonly unpacking = new Locks()
  /** The first of those that own what is being unpacked, as many as a guest has. */
  readonly imageUsers: number
  readonly #changed: (microvm: string) => void
  /** Of those that are taken: names of their slots. */
  readonly #numbers = new Map<number, string>()
  readonly #spawning = new Turns(2 * availableParallelism())
  /** MiB of machines that are being started. */
  starting = 0
  #lastNumber = -1
  #kit: MicrovmKit | null = null
  #tscKhz = 0
  #boot = ''
  #isLoaded = false
  #isClosed = false
  #isUnlimited = false

  constructor(options: MicrovmHostOptions, changed: (microvm: string) => void) {
    this.options = options
    this.#changed = changed
    this.paths = microvmPathsOf(options.dataDir, options.mark)
    this.layers = new Layers(this.paths.layers)
    this.machines = new Records(this.paths.machines, MicrovmRecord)
    this.snapshots = new Records(this.paths.snapshots, MicrovmSnapshotRecord)
    this.images = new KeptImages(this.paths.images, this.layers)
    const machines = new Identities(options.mark)
    this.identities = ownIdentities(`${options.mark} microvms`, [machines])
    this.imageUsers = ownIdentities(`${options.mark} images`, [machines, this.identities]).first
    this.pool = new Pool<Waiting>({
      ...(options.pool ?? POOL),
      make: (snapshot, policy) => makeRehearsed(this, snapshot, policy),
      end: (waiting) => this.endWaiting(waiting),
      onError: (error) => options.log('warn', 'no microVM can be made to wait', { error }),
    })
  }

  /** Reads what there is. */
  async load(): Promise<void> {
    for (const folder of [this.paths.data, this.paths.memory, this.paths.slots])
      await mkdir(folder, { recursive: true, mode: 0o711 })
    // Of somebody's making, so paths in it may be longer than a program can say at once.
    await run('rm', ['-rf', '--one-file-system', '--', this.paths.unpacking])
    await this.layers.load()
    await this.images.load()
    await this.machines.load((path) =>
      this.options.log('warn', "a microVM was lost with the host's power", { path }),
    )
    await this.snapshots.load()
    this.#isLoaded = true
  }

  /** Whether there is a machine or a snapshot of that id. */
  has(id: string): boolean {
    if (!this.#isLoaded) throw new Error('what there is was not read yet')
    return this.machines.get(id) !== undefined || this.snapshots.get(id) !== undefined
  }

  /** After {@link load}: adopts what runs, and tidies up. */
  async open(): Promise<void> {
    this.#boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
    for (const record of [...this.machines.values(), ...this.snapshots.values()])
      this.identities.remember({ tenant: record.tenant, gid: record.gid })
    for (const [id, record] of this.machines.entries()) {
      if (record.slot === null) continue
      if (record.suspended) {
        // Its place is ended with the strays, and its user may be given to others.
        await this.layers.give(record.layer, { uid: 0, gid: record.gid })
        continue
      }
      const { uid, gid, number, name } = record.slot
      const tenant = gid === record.gid ? record.tenant : NOBODY
      this.identities.remember({ machine: name, uid, tenant, gid })
      this.#numbers.set(number, name)
      await this.#adopt(id, record.slot)
    }
    await this.#endStrays()
    await this.sweep()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.pool.close()
    for (const live of this.live.values()) live.close()
  }

  /** Nothing is ended: whoever opens this next finds it so. */
  async abandon(): Promise<void> {
    this.#isClosed = true
    for (const live of this.live.values()) live.close()
    this.pool.abandon()
  }

  /** How far something has got, for whoever looks for what went wrong. */
  tell(step: string, microvm: string): void {
    this.options.log('debug', `microVM ${step}`, { microvm })
  }

  /** Id of the time since the host was started. */
  get bootId(): string {
    return this.#boot
  }

  /** Built when it is first needed. */
  async kit(): Promise<MicrovmKit> {
    if (this.#kit !== null) return this.#kit
    const kit = await this.options.kits.ensure().catch((cause: unknown) => {
      throw new EngineError(cause instanceof Error ? cause.message : String(cause), { cause })
    })
    this.#tscKhz = Number(await run(kit.tool, ['tsc']))
    this.#kit = kit
    return kit
  }

  layoutOf(number: number): SlotLayout {
    return slotLayout(this.options.mark, this.options.subnet(), number)
  }

  /** Throws {@link CapacityError}. */
  newSlot(purpose: 'pool' | 'build', tenant: string | null): Slot {
    const number = nextFree(this.#lastNumber, new Set(this.#numbers.keys()), 0, SLOTS)
    if (number === null)
      throw new CapacityError(`At most ${SLOTS} microVMs fit on this host; end some of them`)
    this.#lastNumber = number
    const name = `${purpose}-${number}-${randomBytes(4).toString('hex')}`
    this.#numbers.set(number, name)
    return {
      ...{ name, layout: this.layoutOf(number), uid: this.identities.uidOf(name) },
      gid: this.identities.gidOf(tenant ?? NOBODY),
    }
  }

  /** Everything that a place had, and nothing runs in. May be repeated, also when its number is another's by now. */
  async freeSlot({ name, layout: { number } }: Pick<Slot, 'name' | 'layout'>): Promise<void> {
    const isItsOwn = this.#numbers.get(number) === name
    if (isItsOwn) await removeNetwork(this.layoutOf(number))
    await removeCgroup(this.options.mark, name)
    await removeFolders(this.paths, name)
    this.identities.releaseUid(name)
    if (isItsOwn) this.#numbers.delete(number)
  }

  async spawn(
    slot: Slot,
    plan: {
      vcpus: number
      memoryMib: number
      layer: string
      below: string | null
      diskBytes?: number
      ram: string
      state: string | null
      egress: EgressPolicy
      isShut?: boolean
    },
  ): Promise<LiveMicrovm> {
    const kit = await this.kit()
    const cgroup = await ensureCgroup(this.options.mark, slot.name, plan)
    if (cgroup === null && !this.#isUnlimited)
      this.options.log('info', 'the host has no control groups for microVMs; they run without')
    this.#isUnlimited ||= cgroup === null
    const spec = {
      ...{ slot, cgroup, ...plan, tscKhz: this.#tscKhz, accelerator: this.options.accelerator() },
      processName: processName(this.options.mark, slot.name),
    }
    // A thousand that are asked for at once wait for one another, and not all for a host that stands still.
    return this.#spawning.run(() => spawnMicrovm(this.paths, this.layers, kit, spec))
  }

  readonly #pins = new Map<string, Disposable>()

  /** Until {@link unpin}. */
  keepPinned(layer: string, pin: Disposable): void {
    this.#pins.set(layer, pin)
  }

  /** A record points to it now, or nobody will. */
  unpin(layer: string): void {
    this.#pins.get(layer)?.[Symbol.dispose]()
    this.#pins.delete(layer)
  }

  async endWaiting({ slot, live, layer }: Waiting): Promise<void> {
    await live.kill()
    this.unpin(layer)
    await this.freeSlot(slot)
    await this.sweep()
  }

  /** It runs; whoever has it hears when it ends. */
  follow(id: string, live: LiveMicrovm): void {
    this.live.set(id, live)
    live.owed = () => givenOf(this.machines.get(id))
    void live.gone.then(() => {
      if (this.#isClosed || this.live.get(id) !== live) return
      this.live.delete(id)
      this.#changed(id)
    })
  }

  async remove(id: string): Promise<void> {
    const record = this.machines.get(id)
    if (record === undefined) return
    const live = this.live.get(id)
    this.live.delete(id)
    await live?.kill()
    this.tell('removal: ended', id)
    const { slot } = record
    if (slot !== null) await this.endOf({ name: slot.name, layout: this.layoutOf(slot.number) })
    await this.machines.delete(id)
    await this.sweep()
  }

  /** Ends what carries a place's name, and the place. */
  async endOf(slot: Pick<Slot, 'name' | 'layout'>): Promise<void> {
    const found = await findProcesses(processName(this.options.mark, slot.name))
    for (const process of found) await killAndWait(process)
    await this.freeSlot(slot)
  }

  /** Whether this memory can be gone on from here, or why not. */
  whyNotMemory({ memory }: MicrovmSnapshotRecord, version: string | null): string | null {
    if (memory.unsafeSince !== null && memory.unsafeSince !== this.#boot)
      return 'Its memory may have been lost when the host lost its power.'
    if (version !== null && memory.qemu !== version)
      return `Its memory was written by QEMU ${memory.qemu}, and this host has QEMU ${version}.`
    return null
  }

  async captureFiles(
    slot: Pick<SlotRecord, 'name'>,
    from: string,
    name: string,
    gid: number | null,
  ): Promise<CaptureFiles> {
    const { tool } = await this.kit()
    return {
      ...{ tool, from, ram: this.paths.ram(name), state: this.paths.state(name) },
      ...{ stateOut: this.paths.stateOut(slot.name), gid },
    }
  }

  /** Kept from being swept until {@link pinned} forgets it. */
  newMemory(): string {
    const name = `m${randomBytes(8).toString('hex')}`
    this.pinned.add(name)
    return name
  }

  async removeSnapshot(id: string): Promise<void> {
    await this.pool.drain(id)
    this.unrehearsed.delete(id)
    await this.snapshots.delete(id)
    await this.sweep()
  }

  /** Removes layers and memory that nothing stands on. */
  async sweep(): Promise<void> {
    const room = await this.images.room()
    await this.layers.sweep(
      [...this.machines.values(), ...this.snapshots.values()].map(({ layer }) => layer),
      this.images.spared(room),
    )
    await this.images.tidy()
    const files = await readdir(this.paths.memory)
    // Looked at in one go and after the files: memory is pinned before it has any, and until a record has it.
    const needed = new Set([
      ...this.pinned,
      ...this.snapshots.values().map(({ memory }) => memory.name),
      ...this.machines.values().map(({ ram }) => ram.replace(/^.*\/|\.ram$/g, '')),
    ])
    for (const file of files) {
      const name = file.replace(/\.(ram|state)(\.tmp)?$/, '')
      if (!needed.has(name) && !name.startsWith('empty-'))
        await rm(`${this.paths.memory}/${file}`, { force: true })
    }
  }

  async #adopt(id: string, slot: SlotRecord): Promise<void> {
    const found = await findProcesses(processName(this.options.mark, slot.name))
    // A QEMU that a guest has taken over may call itself whatever it likes.
    const process = found.find(({ uid }) => uid === slot.uid)
    if (process === undefined) return
    try {
      const live = await LiveMicrovm.attach(process, this.paths.sockets(slot.name))
      this.follow(id, live)
      // Its agent is greeted when somebody first asks for something.
      live.line.close()
      await this.#mend(id, live)
    } catch (error) {
      this.options.log('warn', 'a microVM does not answer and is taken for dead', { id, error })
    }
  }

  /** What a snapshot or suspension that was cut short has left: it stands still, or writes elsewhere. */
  async #mend(id: string, live: LiveMicrovm): Promise<void> {
    const record = this.machines.get(id)
    const layer = await live.layer()
    if (record !== undefined && record.layer !== layer && this.layers.has(layer))
      await this.machines.put(id, { ...record, layer }, { durable: false })
    if ((await live.condition()) === 'paused') await live.resume()
  }

  /** Processes, networks and folders that no record names: of a pool, a build, or what was cut short. */
  async #endStrays(): Promise<void> {
    const names = new Set(
      this.machines
        .values()
        .flatMap(({ slot, suspended }) => (slot === null || suspended ? [] : [slot.name])),
    )
    for (const prefix of processPrefixes(this.options.mark))
      for (const process of await findProcesses(prefix))
        if (!names.has(slotOf(process.name, this.options.mark))) await killAndWait(process)
    for (const number of await slotsOnHost(this.options.mark))
      if (!this.#numbers.has(number)) await removeNetwork(this.layoutOf(number))
    for (const name of await readFolderIfThere(this.paths.slots))
      if (!names.has(name)) {
        await removeCgroup(this.options.mark, name)
        await removeFolders(this.paths, name)
      }
  }
}

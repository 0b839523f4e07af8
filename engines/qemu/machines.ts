/**
 * The machines of this host: which have a disk, which run, and what it takes from one to the other.
 * Every method that changes a machine is called in the machine's turn; see orders.ts.
 */
import { rm } from 'node:fs/promises'
import { isDeepStrictEqual } from 'node:util'
import {
  EngineError,
  type EngineEvent,
  type MachineSpec,
  type MachineState,
  NotRunningError,
  type RunOptions,
  type StartupLog,
} from '../engine.ts'
import { cleanUpAfter, launchMachine, letRun, withdraw } from './boot.ts'
import { createMachine } from './create.ts'
import { isUnsettled, settleDisks } from './disks/snapshots.ts'
import { found } from './disks/source.ts'
import { readStartupLog } from './guest/startup-log.ts'
import { LiveMachine } from './live-machine.ts'
import { afterShutdown, type Power, stateOfRunning, stateOfStopped } from './machine-state.ts'
import { greet } from './memory/greeting.ts'
import { forgetMemory, takeUpMemory } from './memory/hibernation.ts'
import { letGoOn } from './memory/migration.ts'
import type { Networks } from './network/networks.ts'
import type { Orders } from './orders.ts'
import type { Paths } from './paths.ts'
import { plugRecorded, releaseVolumes, tellSizes } from './plugging.ts'
import { cutLog, lastWords, withoutArguments } from './process/launch.ts'
import { findMachineProcesses, killAndWait, type Process } from './process/processes.ts'
import { giveVolumes, leaveVolumes, startingVolumes } from './records/attachments.ts'
import { readFolderIfThere } from './records/durable-files.ts'
import type { MachineRecord, MemoryRecord } from './records/records.ts'
import type { Store } from './records/store.ts'

/** How long a guest that goes on may take to let go of what is not its any more. */
const RELEASE_MS = 15_000
const START_MS = 30_000
const ADOPT_MS = 5_000
const OBSERVE_MS = 2_000
const CUT_LOGS_MS = 60_000

/** QEMU's words for a machine whose memory is moved, or was. */
const MOVING = new Set(['paused', 'finish-migrate', 'postmigrate'])

const COPY_WAY_OUT = 'make an image of the snapshot and deploy that, which boots from its disk'

export type MachinesOptions = {
  readonly mark: string
  readonly paths: Paths
  readonly store: Store
  readonly networks: Networks
  readonly orders: Orders
  /** Known when the engine has started. */
  readonly host: () => { readonly accelerator: 'kvm' | 'tcg'; readonly machineType: string }
  readonly emit: (event: EngineEvent) => void
  readonly log: Log
}

export type Log = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields?: object,
) => void

export class Machines {
  readonly #options: MachinesOptions
  readonly #live = new Map<string, LiveMachine>()
  /** Those whose end somebody asked for, so that nobody is told about it. */
  readonly #ending = new Set<string>()
  #logCutter: NodeJS.Timeout | undefined

  constructor(options: MachinesOptions) {
    this.#options = options
  }

  get #store(): Store {
    return this.#options.store
  }

  /** Takes over what an earlier server started, and removes what belongs to no machine. */
  async adopt(): Promise<void> {
    const { mark, log, paths, store } = this.#options
    this.#logCutter = setInterval(() => this.#cutLogs(), CUT_LOGS_MS).unref()
    const processes = await findMachineProcesses(mark)
    await Promise.all(
      processes.map(async ({ machine, uid, ...process }) => {
        // Anybody may call a process like a machine, but only root and we use these users.
        if (uid !== 0 && !store.identities.isOurs(uid)) return
        const record = store.machines.get(machine)
        if (record !== undefined && (uid === record.uid || uid === 0))
          return this.#adopt(machine, process)
        log('warn', 'Ending a QEMU that belongs to no machine', { machine, pid: process.pid })
        await killAndWait(process)
      }),
    )
    const withoutProcess = new Set([...this.ids(), ...(await readFolderIfThere(paths.run))])
    for (const id of withoutProcess) if (!this.#live.has(id)) await this.#cleanUpOrLeave(id)
    for (const id of this.ids()) {
      if (isUnsettled(store, id)) await this.#settleOrLeave(id)
      if (store.machines.get(id)?.hibernation === null) await forgetMemory(paths, id)
    }
  }

  /** Lets go of all machines without stopping any. */
  close(): void {
    clearInterval(this.#logCutter)
    for (const live of this.#live.values()) live.close()
    this.#live.clear()
  }

  ids(): string[] {
    return this.#store.machines.entries().map(([id]) => id)
  }

  async observe(id: string): Promise<MachineState> {
    const record = this.#store.machines.get(id)
    if (record === undefined) return { id, status: 'absent', guestUp: false }
    if (record.hibernation !== null) return { id, status: 'hibernated', guestUp: false }
    const live = this.#live.get(id)
    if (live === undefined) {
      const words = await lastWords(this.#options.paths.processLog(id))
      return stateOfStopped(id, record.power, words)
    }
    try {
      const runState = await live.runState(OBSERVE_MS)
      return stateOfRunning(id, runState, record.power, live.guest.isUp, live.guest.whyNotUp)
    } catch (error) {
      if (this.#live.get(id) !== live) return this.observe(id)
      const detail = error instanceof Error ? error.message : String(error)
      return { id, status: 'unknown', guestUp: false, detail }
    }
  }

  /** The process of a machine, to look at and not to change. Throws {@link NotRunningError}. */
  running(id: string): LiveMachine {
    found(this.#store.machines.get(id), `machine ${id}`)
    const live = this.#live.get(id)
    if (live === undefined) throw new NotRunningError(`Machine ${id} does not run`)
    return live
  }

  /** `null` as well when the guest's agent is silent: then there is nothing to tell yet, or any more. */
  async readStartupLog(id: string): Promise<StartupLog | null> {
    found(this.#store.machines.get(id), `machine ${id}`)
    const live = this.#live.get(id)
    if (live === undefined || !live.guest.isUp) return null
    try {
      return await readStartupLog(live.guest.ask)
    } catch (error) {
      this.#options.log('debug', 'a guest does not tell its startup log', { machine: id, error })
      return null
    }
  }

  /** The machine with its process, if it has one, after whatever was left half done is settled. */
  async current(id: string): Promise<{ record: MachineRecord; live: LiveMachine | undefined }> {
    found(this.#store.machines.get(id), `machine ${id}`)
    await this.#live.get(id)?.noticeEnd()
    await this.#finishShutdown(id)
    await settleDisks(this.#store, id, this.#live.get(id))
    return {
      record: found(this.#store.machines.get(id), `machine ${id}`),
      live: this.#live.get(id),
    }
  }

  async ensureRunning(
    spec: MachineSpec,
    signal: AbortSignal,
    { coldBoot = false }: RunOptions = {},
  ): Promise<MachineState> {
    if (this.#store.machines.get(spec.id) === undefined) await createMachine(this.#options, spec)
    signal.throwIfAborted()
    const { record, live } = await this.current(spec.id)
    // Also of one that runs: an earlier wish to stop it may have been given up half way.
    await this.notePower(spec.id, { state: 'on' })
    if (live === undefined || record.hibernation !== null) {
      // Its memory is on disk, and that it is.
      if (live !== undefined) await this.end(spec.id, live)
      const memory = coldBoot ? null : (record.hibernation?.memory ?? null)
      await giveVolumes(this.#store, spec.id, startingVolumes(this.#store, spec, memory))
      await this.#boot(spec, memory, signal)
      if (memory !== null) await this.#giveUpOthers(spec, signal)
    } else {
      await this.applyRules(spec.id, spec.rules)
      if ((await live.runState()) !== 'running') {
        // Where writing this down failed it may say on disk that it is hibernated.
        await this.#store.machines.put(spec.id, found(this.#store.machines.get(spec.id), spec.id))
        await live.resume()
      }
    }
    await plugRecorded(this.#store, spec.id, this.running(spec.id))
    return this.observe(spec.id)
  }

  /** One that went on had to have what its guest had; from then on its spec holds. */
  async #giveUpOthers({ id, volumes }: MachineSpec, signal: AbortSignal): Promise<void> {
    const has = found(this.#store.machines.get(id), `machine ${id}`).volumes
    const others = has.map((each) => each.id).filter((each) => !volumes.some((v) => v.id === each))
    if (others.length === 0) return
    try {
      await releaseVolumes(this.#store, id, this.running(id), others, { ms: RELEASE_MS, signal })
    } catch (error) {
      if (signal.aborted) throw error
      this.#options.log('warn', 'A guest that went on keeps a volume', { machine: id, error })
    }
  }

  /** Of a machine that does not run they hold from its next start. */
  async applyRules(id: string, rules: MachineSpec['rules']): Promise<void> {
    found(this.#store.machines.get(id), `machine ${id}`)
    await this.#options.networks.applyRules(id, rules)
  }

  /** Cuts the machine off; its disk stays. */
  async end(id: string, live: LiveMachine): Promise<void> {
    this.#ending.add(id)
    try {
      await live.quit()
      await cleanUpAfter(this.#options, id)
    } finally {
      this.#ending.delete(id)
    }
  }

  /** Records what it is to be from now on, or why it is not. */
  async notePower(id: string, power: Power): Promise<void> {
    await this.change(id, { power })
  }

  /** Durable when it answers; costs nothing when it is so already. */
  async change(id: string, changes: Partial<MachineRecord>): Promise<void> {
    const record = found(this.#store.machines.get(id), `machine ${id}`)
    const changed = { ...record, ...changes }
    if (!isDeepStrictEqual(record, changed)) await this.#store.machines.put(id, changed)
  }

  async remove(id: string): Promise<void> {
    const { networks, paths } = this.#options
    const live = this.#live.get(id)
    if (live !== undefined) {
      this.#ending.add(id)
      await live.kill().finally(() => this.#ending.delete(id))
    }
    await cleanUpAfter(this.#options, id)
    await networks.removeTap(id)
    await leaveVolumes(this.#store, id)
    await this.#store.machines.delete(id)
    await rm(paths.machineFolder(id), { recursive: true, force: true })
    await this.#store.sweep()
    this.#store.identities.releaseUid(id)
  }

  /** @param memory What it goes on with; `null`: it boots. */
  async #boot(spec: MachineSpec, memory: MemoryRecord | null, signal: AbortSignal): Promise<void> {
    const { paths, log } = this.#options
    const { id } = spec
    const record = found(this.#store.machines.get(id), `machine ${id}`)
    const { process, cgroup } = await launchMachine(this.#options, record, spec, memory, signal)
    log('debug', 'process started', { machine: id, pid: process.pid })

    const live = this.#newLive(id, process)
    this.#ending.add(id)
    try {
      await cgroup?.attach(process.pid)
      await live.attach(START_MS)
      if (memory !== null) {
        const wayOut = record.identity === null ? undefined : COPY_WAY_OUT
        await takeUpMemory(live, paths, id, { memory, wayOut }, signal)
      }
      await withdraw(paths, id)
      await letRun(this.#options, this, id, { live, wentOn: memory !== null })
      if (memory !== null) await this.#tellSizes(id, live)
      log('debug', 'machine runs', { machine: id })
    } catch (cause) {
      const words = await lastWords(paths.processLog(id))
      log('error', 'QEMU did not start', { machine: id, words })
      await live.kill()
      await cleanUpAfter(this.#options, id)
      if (memory !== null) throw cause
      throw new EngineError(`The machine did not start: ${withoutArguments(words)}`, { cause })
    } finally {
      this.#ending.delete(id)
    }
  }

  /** It runs: what goes wrong here is no reason to end it. */
  async #tellSizes(id: string, live: LiveMachine): Promise<void> {
    await tellSizes(this.#store, id, live).catch((error: unknown) => {
      const message = 'A guest was not told how large its disks are'
      this.#options.log('warn', message, { machine: id, error })
    })
  }

  async #adopt(id: string, process: Process): Promise<void> {
    const { log } = this.#options
    const live = this.#newLive(id, process)
    try {
      await live.attach(ADOPT_MS)
      await this.#takeOver(id, live)
      log('info', 'Machine adopted', { machine: id, pid: process.pid })
    } catch (error) {
      log('warn', 'A machine runs but does not answer; trying on', { machine: id, error })
      if (this.#live.get(id) === live) live.attachLater()
    }
  }

  /** Of one that was left alone for a while: ends what was to be begun or ended then. */
  async #takeOver(id: string, live: LiveMachine): Promise<void> {
    if (this.#live.get(id) !== live) return
    await withdraw(this.#options.paths, id)
    const state = await live.runState()
    // It was started and never set running; whoever wanted it will start it again.
    const wasStarted = !['prelaunch', 'inmigrate'].includes(state)
    const isHibernated = this.#store.machines.get(id)?.hibernation !== null
    if (!wasStarted || isHibernated) await this.end(id, live)
    // Its memory was being kept, by a server that is dead.
    else if (MOVING.has(state)) await letGoOn(live)
    await this.#finishShutdown(id)
  }

  #newLive(id: string, process: Process): LiveMachine {
    const { mark, paths, emit, store, log } = this.#options
    const change = (of: string, changes: Partial<MachineRecord>) =>
      this.#inTurn(of, () => this.change(of, changes))
    const greeting = { store, log, change }
    const live = new LiveMachine({
      ...{ id, mark, process, paths },
      onAttachedLater: () => this.#inTurn(id, () => this.#takeOver(id, live)),
      onShutdown: () => void this.#settleShutdown(id),
      onGone: () => this.#onGone(id, live),
      beforeGuestUp: () => greet(greeting, id, live),
      onGuestUp: () => emit({ kind: 'guest-up', machine: id }),
      onPaused: () => emit({ kind: 'machine-changed', machine: id }),
    })
    this.#live.set(id, live)
    return live
  }

  #onGone(id: string, live: LiveMachine): void {
    if (this.#live.get(id) === live) this.#live.delete(id)
    if (this.#ending.has(id)) return
    this.#inTurn(id, async () => {
      if (!this.#live.has(id)) await cleanUpAfter(this.#options, id)
    })
    this.#options.emit({ kind: 'machine-changed', machine: id })
  }

  /** A guest that shut itself down is not told by anybody; the process that is left is ended. */
  #settleShutdown(id: string): void {
    this.#inTurn(id, async () => {
      if (await this.#finishShutdown(id))
        this.#options.emit({ kind: 'machine-changed', machine: id })
    })
  }

  async #finishShutdown(id: string): Promise<boolean> {
    const [live, record] = [this.#live.get(id), this.#store.machines.get(id)]
    if (live === undefined || record === undefined) return false
    if ((await live.runState()) !== 'shutdown') return false
    await this.notePower(id, afterShutdown(record.power))
    await this.end(id, live)
    return true
  }

  async #settleOrLeave(id: string): Promise<void> {
    try {
      await this.current(id)
    } catch (error) {
      const message = 'A snapshot was cut short; it is settled when the machine answers'
      this.#options.log('warn', message, { machine: id, error })
    }
  }

  /** Something may run there that does not say that it is the machine's; the others are not to wait for it. */
  async #cleanUpOrLeave(id: string): Promise<void> {
    try {
      await cleanUpAfter(this.#options, id)
    } catch (error) {
      const message =
        'What a machine left cannot be removed; if it goes on, look what runs in its group'
      this.#options.log('warn', message, { machine: id, error })
    }
  }

  #cutLogs(): void {
    // It may be on its way out with its log.
    for (const id of this.#live.keys()) cutLog(this.#options.paths.processLog(id)).catch(() => {})
  }

  #inTurn(id: string, work: () => Promise<void>): void {
    const { orders, log } = this.#options
    orders.runUnordered(id, work).catch((error: unknown) => {
      if (!orders.closing.aborted) log('warn', 'Cleaning up failed', { machine: id, error })
    })
  }
}

/**
 * A machine's process and the three lines that lead into it: QEMU's control line, the guest's serial
 * line and the guest's agent. It finds out by itself when the guest has shut down or the process
 * is gone, and takes the control line up again when only that was lost.
 */
import type { Duplex } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { EngineError, type MachineCounters } from '../engine.ts'
import { SerialConsole } from './guest/console.ts'
import { connectDisplay } from './guest/display.ts'
import { LiveGuest } from './guest/live-guest.ts'
import type { Paths } from './paths.ts'
import {
  AGENT_CHANNEL,
  AGENT_PORT,
  blockNode,
  NETWORK_DEVICE,
  processName,
  ROOT_DEVICE,
} from './process/arguments.ts'
import { isAlive, isGoneWithin, killAndWait, type Process } from './process/processes.ts'
import { QmpClient, type QmpEvent } from './process/qmp.ts'
import { pollMemory, readUsage } from './usage.ts'

const REATTACH_MS = 2_000
/** Everything that is on its way to the disk gets there first. */
const PAUSE_MS = 60_000

const Name = z.object({ name: z.string().optional() })
const Status = z.object({ status: z.string() })
const Channels = z.array(z.object({ label: z.string(), 'frontend-open': z.boolean() }))
const Drives = z.array(
  z.object({
    qdev: z.string().optional(),
    inserted: z.object({ 'node-name': z.string() }).optional(),
  }),
)
const Parts = z.array(z.object({ name: z.string() }))
const Nodes = z.array(z.object({ 'node-name': z.string().optional() }))

export type LiveMachineOptions = {
  readonly id: string
  readonly mark: string
  readonly process: Process
  readonly paths: Paths
  /** It answers again, or for the first time after its server gave up waiting. */
  readonly onAttachedLater: () => void
  /** The guest shut down; QEMU waits to be told to end. */
  readonly onShutdown: () => void
  readonly onGone: () => void
  /** The guest's agent answers; it counts as up when this is done. What throws is tried again. */
  readonly beforeGuestUp: () => Promise<void>
  readonly onGuestUp: () => void
  /** QEMU stopped it, since the host's disk is full or broken. */
  readonly onPaused: () => void
}

export class LiveMachine {
  readonly process: Process
  readonly guest: LiveGuest
  readonly #options: LiveMachineOptions
  readonly #shutDown = Promise.withResolvers<void>()
  readonly #gone = Promise.withResolvers<void>()
  #qmp: QmpClient | null = null
  #console: SerialConsole | null = null
  #reset = Promise.withResolvers<void>()
  readonly #releases = new Map<string, PromiseWithResolvers<void>>()
  #closed = false

  constructor(options: LiveMachineOptions) {
    this.#options = options
    this.process = options.process
    this.guest = new LiveGuest({
      path: options.paths.agent(options.id),
      beforeUp: options.beforeGuestUp,
      onUp: options.onGuestUp,
    })
  }

  /** Resolves when the guest has shut down, or its process is gone. */
  get ended(): Promise<void> {
    return Promise.race([this.#shutDown.promise, this.#gone.promise])
  }

  /** Resolves at the guest's next restart. */
  get nextReset(): Promise<void> {
    return this.#reset.promise
  }

  /**
   * Takes up the lines, or throws {@link EngineError} when the process is gone or does not answer for
   * `ms` milliseconds.
   */
  async attach(ms: number): Promise<void> {
    const end = performance.now() + ms
    const qmp = await this.#connect(end)
    try {
      const { id, mark, paths } = this.#options
      const { name } = Name.parse(await qmp.execute('query-name'))
      if (name !== processName(mark, id))
        throw new EngineError(`${paths.qmp(id)} leads to ${name}; restart that QEMU by hand`)
      this.#qmp = qmp
      void qmp.closed.then(() => this.#lost(qmp))
      if (!this.#console?.isOpen)
        this.#console = await SerialConsole.open(paths.serial(id), paths.consoleLog(id))
      this.guest.connect()
      if ((await this.runState()) === 'shutdown') this.#shutDown.resolve()
      await pollMemory((command, args) => qmp.execute(command, args))
      const channels = Channels.parse(await qmp.execute('query-chardev'))
      const agent = channels.find((channel) => channel.label === AGENT_CHANNEL)
      this.guest.notePort(agent?.['frontend-open'] === true)
    } catch (error) {
      qmp.close()
      throw error
    }
  }

  /** Goes on trying to attach for as long as the process lives. */
  attachLater(): void {
    void this.#attachLater()
  }

  /** QEMU's word: `running`, `prelaunch`, `shutdown`, `io-error`, `paused` … */
  async runState(ms?: number): Promise<string> {
    return Status.parse(await this.#command('query-status', {}, ms)).status
  }

  /** Tells everybody when the process is gone and its lines have not said so yet. */
  async noticeEnd(): Promise<void> {
    if (!(await isAlive(this.process))) this.#end()
  }

  /** Lets the virtual CPUs run. */
  async resume(): Promise<void> {
    await this.#command('cont')
  }

  /** Stops the virtual CPUs; what they have written is on disk then. */
  async pause(): Promise<void> {
    await this.#command('stop', {}, PAUSE_MS)
  }

  /** Any other command of QEMU's, for who knows what it means. */
  async execute(command: string, args: object = {}): Promise<unknown> {
    return this.#command(command, args)
  }

  /** Pulls the guest's network line, or puts it back. */
  async setLink(up: boolean): Promise<void> {
    await this.#command('set_link', { name: NETWORK_DEVICE, up })
  }

  /** Presses the power button. A guest that is not up yet does not notice. */
  async pressPowerButton(): Promise<void> {
    await this.#command('system_powerdown')
  }

  async resetNow(): Promise<void> {
    await this.#command('system_reset')
  }

  /** Ends the process, its disk in order; the guest is not asked. Kills it when it does not obey. */
  async quit(): Promise<void> {
    try {
      await this.#command('quit', {}, 2_000)
    } catch {
      // Ended before it could answer, or does not listen; either way we look.
    }
    if (!(await isGoneWithin(this.process, 3_000))) await this.kill()
    this.#end()
  }

  async kill(): Promise<void> {
    await killAndWait(this.process)
    this.#end()
  }

  /** `null`: nobody holds the line right now. */
  viewConsole(): Duplex | null {
    return this.#console?.isOpen ? this.#console.view() : null
  }

  openDisplay(): Promise<Duplex> {
    return connectDisplay(this.#options.paths.display(this.#options.id))
  }

  usage(tap: string | null): Promise<MachineCounters> {
    return readUsage((command, args) => this.#command(command, args), this.process, tap)
  }

  /** Name of the block node that a disk of the guest's writes to. */
  async activeNode(device = ROOT_DEVICE): Promise<string> {
    const drives = Drives.parse(await this.#command('query-block'))
    const drive = drives.find(({ qdev }) => qdev?.includes(`/${device}/`))
    if (drive?.inserted === undefined)
      throw new EngineError(`QEMU does not know the disk ${device}`)
    return drive.inserted['node-name']
  }

  /** Names of the devices that QEMU has, whether or not the guest has noticed them. */
  async devices(): Promise<ReadonlySet<string>> {
    const parts = Parts.parse(await this.#command('qom-list', { path: '/machine/peripheral' }))
    return new Set(parts.map(({ name }) => name))
  }

  /** Resolves when the guest next lets go of a device that it was asked to. */
  nextRelease(device: string): Promise<void> {
    const waiting = this.#releases.get(device) ?? Promise.withResolvers<void>()
    this.#releases.set(device, waiting)
    return waiting.promise
  }

  /** Makes QEMU open a new layer, which nothing uses yet. */
  async addNode(node: string, path: string): Promise<void> {
    await this.#command('blockdev-add', { ...blockNode(node, path), backing: null })
  }

  /** Names of the block nodes that QEMU has. */
  async nodes(): Promise<ReadonlySet<string | undefined>> {
    const nodes = Nodes.parse(await this.#command('query-named-block-nodes', { flat: true }))
    return new Set(nodes.map((each) => each['node-name']))
  }

  async removeNode(node: string): Promise<void> {
    if ((await this.nodes()).has(node)) await this.#command('blockdev-del', { 'node-name': node })
  }

  /** From now on the guest writes to `overlay`; `below` is complete, on disk, and stays as it is. */
  async switchNode(below: string, overlay: string): Promise<void> {
    await this.#command('blockdev-snapshot', { node: below, overlay })
  }

  /** Lets go of it; the machine goes on. */
  close(): void {
    this.#closed = true
    this.#qmp?.close()
    this.#console?.close()
    this.guest.close()
  }

  async #connect(end: number): Promise<QmpClient> {
    const { id, paths } = this.#options
    for (;;) {
      try {
        const left = Math.max(1, end - performance.now())
        return await QmpClient.connect(paths.qmp(id), left, (event) => this.#onEvent(event))
      } catch (error) {
        if (this.#closed || performance.now() > end) throw error
        if (!(await isAlive(this.process)))
          throw new EngineError('The process has ended', { cause: error })
        // QEMU has not made its socket yet.
        await sleep(3)
      }
    }
  }

  async #attachLater(): Promise<void> {
    while (!this.#closed && (await isAlive(this.process))) {
      try {
        if (this.#qmp === null) await this.attach(REATTACH_MS)
        this.#options.onAttachedLater()
        return
      } catch {
        await sleep(REATTACH_MS, undefined, { ref: false })
      }
    }
    if (!this.#closed) this.#end()
  }

  async #lost(qmp: QmpClient): Promise<void> {
    if (this.#qmp === qmp) this.#qmp = null
    if (this.#closed) return
    if (await isGoneWithin(this.process, 1_000)) this.#end()
    else this.attachLater()
  }

  #end(): void {
    if (this.#closed) return
    this.close()
    this.#gone.resolve()
    this.#options.onGone()
  }

  #onEvent({ name, data }: QmpEvent): void {
    switch (name) {
      case 'SHUTDOWN':
        this.#shutDown.resolve()
        this.#options.onShutdown()
        break
      case 'RESET':
        this.guest.restarted()
        this.#reset.resolve()
        this.#reset = Promise.withResolvers()
        break
      case 'VSERPORT_CHANGE':
        if (data.id === AGENT_PORT) this.guest.portChanged(data.open === true)
        break
      case 'DEVICE_DELETED':
        this.#releases.get(String(data.device))?.resolve()
        this.#releases.delete(String(data.device))
        break
      case 'BLOCK_IO_ERROR':
        this.#options.onPaused()
        break
    }
  }

  async #command(command: string, args: object = {}, ms?: number): Promise<unknown> {
    if (this.#qmp === null)
      throw new EngineError(`QEMU of machine ${this.#options.id} does not answer right now`, {
        retryable: true,
      })
    return this.#qmp.execute(command, args, ms)
  }
}

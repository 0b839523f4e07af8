/** The QEMU of one microVM, seen from outside: its control line, and the line to its agent. */
import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { EngineError, NotRunningError } from '../../engine.ts'
import { isAlive, isGoneWithin, killAndWait, type Process } from '../process/processes.ts'
import { QmpClient } from '../process/qmp.ts'
import { within } from '../waiting.ts'
import { MicrovmGuest } from './agent/guest.ts'
import { AgentLine } from './agent/line.ts'
import { diskNode, ROOT_DEVICE } from './arguments.ts'

export type Sockets = { readonly qmp: string; readonly agent: string }

const Version = z.object({
  qemu: z.object({ major: z.int(), minor: z.int(), micro: z.int() }),
  package: z.string(),
})
const Status = z.object({ status: z.string() })
const Drives = z.array(
  z.object({
    qdev: z.string().optional(),
    inserted: z.object({ 'node-name': z.string() }).optional(),
  }),
)

const CONNECT_MS = 20_000
const LOAD_MS = 30_000

export class LiveMicrovm {
  readonly process: Process
  readonly #sockets: Sockets
  readonly #qmp: QmpClient
  readonly #resumed: PromiseWithResolvers<void>
  #hasRun = false
  /** Resolves when the process is gone. */
  readonly gone: Promise<void>
  /** What its guest has let go of and is to have back; asked for whenever a line is made anew. */
  owed: () => Buffer = () => Buffer.alloc(0)
  #guest: MicrovmGuest | null
  #connecting: Promise<MicrovmGuest> | null = null
  /** What is let go of later on the same line, the line itself gives back. */
  #givenOn: AgentLine | null = null
  #copied: Promise<void> | null = null

  /** Of a process that is about to listen, or has been listening for long. */
  static async attach(process: Process, sockets: Sockets): Promise<LiveMicrovm> {
    const end = performance.now() + CONNECT_MS
    const resumed = Promise.withResolvers<void>()
    const onEvent = ({ name }: { name: string }) => {
      if (name === 'RESUME') resumed.resolve()
    }
    const qmp = await eventually(process, end, () =>
      QmpClient.connect(sockets.qmp, CONNECT_MS, onEvent),
    )
    // Before it runs, so that the guest finds its line as it was: with somebody at the other end.
    const line = await eventually(process, end, () => AgentLine.connect(sockets.agent)).catch(
      (error: unknown) => {
        qmp.close()
        throw error
      },
    )
    return new LiveMicrovm(process, sockets, qmp, line, resumed)
  }

  private constructor(
    process: Process,
    sockets: Sockets,
    qmp: QmpClient,
    line: AgentLine,
    resumed: PromiseWithResolvers<void>,
  ) {
    this.process = process
    this.#sockets = sockets
    this.#qmp = qmp
    this.#resumed = resumed
    void resumed.promise.then(() => {
      this.#hasRun = true
    })
    this.#guest = new MicrovmGuest(line)
    this.gone = qmp.closed
  }

  /** The guest's line; one that was lost is made anew, when nobody copies the machine. */
  async guest(): Promise<MicrovmGuest> {
    while (this.#copied !== null && this.#guest?.line.isOpen !== true) await this.#copied
    return this.#guestNow()
  }

  /**
   * Until it is disposed of, only its `guest` makes a line anew: what QEMU is told while its memory and then its
   * devices are copied would be in one of them alone. For one at a time.
   */
  holdLines(): Disposable & { guest(): Promise<MicrovmGuest> } {
    const over = Promise.withResolvers<void>()
    this.#copied = over.promise
    return {
      guest: () => this.#guestNow(),
      [Symbol.dispose]: () => {
        this.#copied = null
        over.resolve()
      },
    }
  }

  async #guestNow(): Promise<MicrovmGuest> {
    if (this.#guest?.line.isOpen) return this.#guest
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = null
    })
    return this.#connecting
  }

  /** QEMU serves one client and lets all others wait unheard: one at a time, and none that failed stays connected. */
  async #connect(): Promise<MicrovmGuest> {
    const line = await AgentLine.connect(this.#sockets.agent).catch((cause) => {
      throw new NotRunningError('The machine is not there any more', { cause })
    })
    try {
      await line.greet(5_000)
      this.#giveBackOn(line, this.owed())
    } catch (error) {
      line.close()
      throw error
    }
    this.#guest = new MicrovmGuest(line)
    return this.#guest
  }

  /**
   * Gives its guest what it is owed, once on each line: every time it sets back what its code has exported since.
   * Answers when it was read.
   */
  async giveBack(owed: Buffer, ms: number): Promise<void> {
    const { line } = await this.guest()
    this.#giveBackOn(line, owed)
    await line.ping(ms)
  }

  #giveBackOn(line: AgentLine, owed: Buffer): void {
    if (owed.length === 0 || this.#givenOn === line) return
    line.giveBack(owed)
    this.#givenOn = line
  }

  /** The line as it is, before anything was said. */
  get line(): AgentLine {
    if (this.#guest === null) throw new NotRunningError('The machine has no line')
    return this.#guest.line
  }

  /** A line on which nothing was said yet, in place of one that is gone. */
  async renewLine(): Promise<void> {
    this.#guest?.line.close()
    this.#guest = new MicrovmGuest(await AgentLine.connect(this.#sockets.agent))
  }

  /** Loads the state behind descriptor 3 and runs. */
  async goOn(): Promise<void> {
    await this.#qmp.execute('migrate-incoming', { uri: 'fd:3' }, LOAD_MS)
    const ended = this.gone.then(() => {
      throw new EngineError('QEMU ended while it read the state')
    })
    const late = () => new EngineError('QEMU does not get done with reading the state')
    await within(LOAD_MS, Promise.race([this.#resumed.promise, ended]), late)
  }

  async pause(): Promise<void> {
    await this.#qmp.execute('stop')
  }

  async resume(): Promise<void> {
    await this.#qmp.execute('cont')
  }

  /** Everything but memory and disk, into a file that it may write to. It stays as it was, running or not. */
  async saveState(path: string): Promise<void> {
    await this.#qmp.execute('xen-save-devices-state', { filename: path, live: false }, LOAD_MS)
  }

  async version(): Promise<string> {
    const { qemu, package: packaged } = Version.parse(await this.#qmp.execute('query-version'))
    return `${qemu.major}.${qemu.minor}.${qemu.micro} ${packaged}`.trim()
  }

  /** `waiting`: it has not begun to read its state. */
  async condition(): Promise<'running' | 'paused' | 'waiting' | 'other'> {
    const { status } = Status.parse(await this.#qmp.execute('query-status'))
    if (status === 'inmigrate') return 'waiting'
    return status === 'running' || status === 'paused' ? status : 'other'
  }

  /** The layer that it writes to. */
  async layer(): Promise<string> {
    const drives = Drives.parse(await this.#qmp.execute('query-block'))
    const drive = drives.find(({ qdev }) => qdev?.includes(`/${ROOT_DEVICE}/`)) ?? drives[0]
    const layer = drive?.inserted?.['node-name']
    if (layer === undefined) throw new EngineError('QEMU does not say what disk it has')
    return layer
  }

  /** From now on it writes to `overlay`, which is empty; what it wrote to is complete. */
  async switchDisk(overlay: string, path: string): Promise<void> {
    await this.#qmp.execute('blockdev-add', { ...diskNode(overlay, path), backing: null })
    await this.#qmp.execute('blockdev-snapshot', { node: await this.layer(), overlay })
  }

  async end(): Promise<void> {
    this.#guest?.line.close()
    try {
      await this.#qmp.execute('quit', {}, 1_000)
    } catch {
      // Ended before it could answer, or does not listen.
    }
    if (!(await isGoneWithin(this.process, 1_000))) await killAndWait(this.process)
    this.#qmp.close()
  }

  /** Nothing of it is wanted any more. */
  async kill(): Promise<void> {
    this.#guest?.line.close()
    await killAndWait(this.process)
    this.#qmp.close()
  }

  /** Kills it. Answers whether it went on since we have been listening: QEMU says so before it lets a processor go. */
  async killAsking(): Promise<boolean> {
    await killAndWait(this.process)
    // All that it said is read by then.
    await this.gone
    return this.#hasRun
  }

  /** Lets go of it; it runs on. */
  close(): void {
    this.#guest?.line.close()
    this.#qmp.close()
  }
}

async function eventually<T>(process: Process, end: number, connect: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await connect()
    } catch (error) {
      if (performance.now() > end) throw error
      if (!(await isAlive(process)))
        throw new EngineError('QEMU ended while it started; its log says why', { cause: error })
      await sleep(2)
    }
  }
}

/**
 * The guest of a machine that runs, as far as its agent tells: whether it is up, and what it can be asked.
 * A guest restarts and its agent comes and goes while the process stays; QEMU tells when the agent's port
 * opens and closes.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { EngineError } from '../../engine.ts'
import { type AskAgent, GuestAgent } from './agent.ts'

const PING_MS = 2_000
/** Between two tries to hear from a guest that opened its port and says nothing. */
const PAUSE_MS = 3_000
/** The same at most, after a guest has failed again and again to do what it must before it is up. */
const LONGEST_PAUSE_MS = 120_000
const FREEZE_MS = 10_000

export type LiveGuestOptions = {
  /** QEMU's socket of the agent's port. */
  readonly path: string
  /** Its agent answers; it counts as up when this is done. What throws is tried again. */
  readonly beforeUp: () => Promise<void>
  readonly onUp: () => void
}

export class LiveGuest {
  readonly #options: LiveGuestOptions
  #agent: GuestAgent | null = null
  #agentOpen = false
  #freezing = false
  /** It was told to freeze, and whether it did is not known to be over. */
  #mayBeFrozen = false
  #listening: Promise<void> | null = null
  #up = Promise.withResolvers<void>()
  #isUp = false
  #whyNotUp: string | null = null
  #closed = false

  constructor(options: LiveGuestOptions) {
    this.#options = options
  }

  get isUp(): boolean {
    return this.#isUp
  }

  /** Why it does not count as up although its agent answers, in words; `null`: nothing is wrong. */
  get whyNotUp(): string | null {
    return this.#whyNotUp
  }

  /** Resolves when it reports itself up, at once when it has since its last start. */
  get up(): Promise<void> {
    return this.#up.promise
  }

  /** QEMU's socket is there by now. */
  connect(): void {
    this.#agent ??= new GuestAgent(this.#options.path)
  }

  /** How its port is, as far as QEMU knows. */
  notePort(isOpen: boolean): void {
    this.#agentOpen = isOpen
    if (isOpen) this.#listen()
  }

  /** Its port was opened or closed. */
  portChanged(isOpen: boolean): void {
    this.#agent?.forget()
    this.notePort(isOpen)
  }

  restarted(): void {
    this.#isUp = false
    this.#up = Promise.withResolvers()
  }

  close(): void {
    this.#closed = true
    this.#agent?.close()
  }

  /** Throws {@link EngineError} when its agent is not there, refuses or is silent for `ms`. */
  readonly ask: AskAgent = async (command, args, ms) => {
    if (!this.#agentOpen || this.#agent === null)
      throw new EngineError('The guest agent is not there', { retryable: true })
    return this.#agent.execute(command, args, ms)
  }

  /** Sets its clock, and answers whether it is right now. */
  async tellTime(): Promise<boolean> {
    // An agent without a program for the hardware clock complains, when the system's is set already.
    const set = { time: Date.now() * 1e6 }
    await this.#agent?.execute('guest-set-time', set, PING_MS).catch(() => {})
    const told = await this.#agent?.execute('guest-get-time', {}, PING_MS).catch(() => null)
    return typeof told === 'number' && Math.abs(told / 1e6 - Date.now()) < 1_000
  }

  /** Whether it could be asked to restart itself. */
  async askToRestart(): Promise<boolean> {
    if (!(await this.#answers())) return false
    await this.#agent?.tell('guest-shutdown', { mode: 'reboot' })
    return true
  }

  /** Whether its file systems are now frozen. Call {@link thaw} whatever it answers. */
  async freeze(): Promise<boolean> {
    this.#freezing = true
    if (!(await this.#answers())) return false
    this.#mayBeFrozen = true
    try {
      await this.#agent?.execute('guest-fsfreeze-freeze', {}, FREEZE_MS)
      return true
    } catch {
      return false
    }
  }

  /** Whether it is surely thawed; otherwise it is tried again when its agent answers again. */
  async thaw(): Promise<boolean> {
    this.#freezing = false
    if (!this.#agentOpen || !this.#mayBeFrozen) return true
    try {
      await this.#agent?.execute('guest-fsfreeze-thaw', {}, FREEZE_MS)
      this.#mayBeFrozen = false
      return true
    } catch {
      this.#listen()
      return false
    }
  }

  /** One at a time, however often there is reason to. */
  #listen(): void {
    this.#listening ??= this.#untilItAnswers().finally(() => {
      this.#listening = null
    })
  }

  async #untilItAnswers(): Promise<void> {
    let answers = false
    let pause = PAUSE_MS
    while (!answers && this.#agentOpen && !this.#closed) {
      answers = ((await this.#agent?.answers(PING_MS)) ?? false) && (await this.#isGreeted())
      // Others have something to ask too, and a guest that boots needs no more than that.
      if (!answers) await sleep(pause, undefined, { ref: false })
      if (this.#whyNotUp !== null) pause = Math.min(pause * 2, LONGEST_PAUSE_MS)
    }
    if (!answers) return
    await this.#thawForgotten()
    if (this.#isUp || this.#closed) return
    this.#isUp = true
    this.#up.resolve()
    this.#options.onUp()
  }

  async #isGreeted(): Promise<boolean> {
    try {
      if (!this.#isUp) await this.#options.beforeUp()
      this.#whyNotUp = null
      return true
    } catch (error) {
      this.#whyNotUp = error instanceof Error ? error.message : String(error)
      return false
    }
  }

  /** A server that was killed in the middle of a snapshot left it frozen. */
  async #thawForgotten(): Promise<void> {
    if (this.#freezing) return
    try {
      const status = await this.#agent?.execute('guest-fsfreeze-status', {}, FREEZE_MS)
      if (status === 'frozen') await this.#agent?.execute('guest-fsfreeze-thaw', {}, FREEZE_MS)
    } catch {
      // An agent that cannot freeze, or is leaving.
    }
  }

  async #answers(): Promise<boolean> {
    return this.#agentOpen && ((await this.#agent?.answers(PING_MS)) ?? false)
  }
}

/**
 * The agent inside a guest: one JSON object per line over a virtio port. Whoever controls the guest
 * controls what it answers, so nothing it says is trusted beyond what is checked here. Answers carry
 * no ids: one request at a time, and after one that was not answered in time both sides get in step
 * again by a number that only the newest request has.
 */
import { connect, type Socket } from 'node:net'
import { EngineError } from '../../engine.ts'
import { Locks } from '../../locks.ts'
import { LineSplitter } from '../process/lines.ts'
import { within } from '../waiting.ts'

const MAX_LINE_BYTES = 1024 * 1024

const RECONNECT_MS = 1_000
const TELL_MS = 5_000

/** Makes the agent forget half a request that it may have received. */
const RESET = Buffer.from([0xff])

/** {@link GuestAgent.execute}, for those who need nothing else of it. */
export type AskAgent = (command: string, args: object, ms: number) => Promise<unknown>

/** It answered, and will not do it. */
export class AgentRefusal extends EngineError {
  override name = 'AgentRefusal'
}

type Answer = { readonly return?: unknown; readonly error?: { readonly desc?: unknown } }

export class GuestAgent {
  readonly #locks = new Locks()
  readonly #path: string
  #socket: Socket
  #closed = false
  #inStep = false
  #onAnswer: (answer: Answer) => void = () => {}
  #giveUp: (reason: Error) => void = () => {}

  /** @param path QEMU's socket, which takes one client; the guest's end may come and go. */
  constructor(path: string) {
    this.#path = path
    this.#socket = this.#connect()
  }

  #connect(): Socket {
    const lines = new LineSplitter(MAX_LINE_BYTES, (line) => this.#receive(line))
    const socket = connect(this.#path)
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      try {
        lines.push(chunk)
      } catch {
        socket.destroy()
      }
    })
    socket.on('close', () => {
      if (this.#closed) return
      this.forget()
      setTimeout(() => {
        if (!this.#closed) this.#socket = this.#connect()
      }, RECONNECT_MS).unref()
    })
    // Nobody asked anything yet: what a guest says of its own accord may stay where it is.
    socket.pause()
    return socket
  }

  /** Whether it says anything at all; it gets `ms` for that, once its turn has come within `ms`. */
  async answers(ms: number): Promise<boolean> {
    try {
      await this.#inTurn(ms, () => this.#getInStep(ms))
      return true
    } catch {
      return false
    }
  }

  /** Throws {@link EngineError} when the agent refuses or does not answer within `ms`. */
  async execute(command: string, args: object, ms: number): Promise<unknown> {
    return this.#inTurn(ms, async () => {
      if (!this.#inStep) await this.#getInStep(ms)
      const answer = await this.#ask(command, args, ms)
      if (answer.error !== undefined)
        throw new AgentRefusal(`The guest agent refused ${command}: ${String(answer.error.desc)}`)
      return answer.return
    })
  }

  /** For a request that is answered by deeds. */
  async tell(command: string, args: object): Promise<void> {
    await this.#inTurn(TELL_MS, async () => {
      this.#inStep = false
      this.#write(command, args)
    })
  }

  /** The guest's end was opened or closed: what has been said is lost. */
  forget(): void {
    this.#inStep = false
    this.#giveUp(new EngineError('The guest agent went away', { retryable: true }))
  }

  close(): void {
    this.#closed = true
    this.#socket.destroy()
    this.forget()
  }

  /** A guest that never answers holds up those behind it for as long as they are patient, no longer. */
  #inTurn<T>(ms: number, work: () => Promise<T>): Promise<T> {
    return this.#locks.run('line', work, AbortSignal.timeout(ms))
  }

  async #getInStep(ms: number): Promise<void> {
    const id = 1 + Math.floor(Math.random() * 2 ** 31)
    this.#socket.write(RESET)
    await this.#ask('guest-sync', { id }, ms, (answer) => answer.return === id)
    this.#inStep = true
  }

  async #ask(
    command: string,
    args: object,
    ms: number,
    isMine: (answer: Answer) => boolean = () => true,
  ): Promise<Answer> {
    const answered = Promise.withResolvers<Answer>()
    this.#onAnswer = (answer) => {
      if (isMine(answer)) answered.resolve(answer)
    }
    this.#giveUp = answered.reject
    this.#socket.resume()
    this.#write(command, args)
    try {
      const late = () =>
        new EngineError(`The guest agent did not answer ${command} within ${ms / 1000} s`)
      return await within(ms, answered.promise, late)
    } catch (error) {
      this.#inStep = false
      throw error
    } finally {
      this.#onAnswer = () => {}
      this.#giveUp = () => {}
      this.#socket.pause()
    }
  }

  #write(command: string, args: object): void {
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: args })}\n`)
  }

  #receive(line: string): void {
    try {
      const answer: unknown = JSON.parse(line.replaceAll('\ufffd', ''))
      if (typeof answer === 'object' && answer !== null) this.#onAnswer(answer)
    } catch {
      // Half an answer, or noise of a guest; the one who waits will get in step again.
    }
  }
}

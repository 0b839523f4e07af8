/**
 * QEMU's control line: one JSON object per line, over a unix socket, one client at a time. Answers carry
 * the id of their command, events come in between.
 */
import { connect, type Socket } from 'node:net'
import { z } from 'zod'
import { EngineError } from '../../engine.ts'
import { within } from '../waiting.ts'
import { LineSplitter } from './lines.ts'

const MAX_LINE_BYTES = 4 * 1024 * 1024
const COMMAND_MS = 10_000

const Message = z.object({
  QMP: z.unknown().optional(),
  id: z.number().optional(),
  event: z.string().optional(),
  data: z.record(z.string(), z.unknown()).optional(),
  return: z.unknown().optional(),
  error: z.object({ class: z.string(), desc: z.string() }).optional(),
})

export type QmpEvent = { readonly name: string; readonly data: Readonly<Record<string, unknown>> }

/** QEMU refused a command. */
export class QmpError extends EngineError {
  override name = 'QmpError'
}

type Waiting = { command: string; answer: PromiseWithResolvers<unknown> }

export class QmpClient {
  /** Resolves when the line is gone, whoever closed it. */
  readonly closed: Promise<void>
  readonly #socket: Socket
  readonly #greeted = Promise.withResolvers<void>()
  readonly #waiting = new Map<number, Waiting>()
  readonly #onEvent: (event: QmpEvent) => void
  #lastId = 0

  /** Connects and shakes hands, or throws after `ms` milliseconds. */
  static async connect(
    path: string,
    ms: number,
    onEvent: (event: QmpEvent) => void,
  ): Promise<QmpClient> {
    const client = new QmpClient(connect(path), onEvent)
    try {
      const silent = () =>
        new EngineError(`QEMU does not answer on ${path}; is another program connected to it?`, {
          retryable: true,
        })
      await within(ms, client.#greeted.promise, silent)
      await client.execute('qmp_capabilities', {}, ms)
      return client
    } catch (error) {
      client.close()
      throw error
    }
  }

  private constructor(socket: Socket, onEvent: (event: QmpEvent) => void) {
    this.#socket = socket
    this.#onEvent = onEvent
    const lines = new LineSplitter(MAX_LINE_BYTES, (line) => this.#receive(line))
    socket.on('data', (chunk) => {
      try {
        lines.push(chunk)
      } catch (error) {
        socket.destroy(error instanceof Error ? error : undefined)
      }
    })
    const closed = Promise.withResolvers<void>()
    this.closed = closed.promise
    socket.on('error', (cause) => this.#greeted.reject(cause))
    socket.on('close', () => {
      const gone = new EngineError('QEMU closed its control line', { retryable: true })
      this.#greeted.reject(gone)
      for (const { answer } of this.#waiting.values()) answer.reject(gone)
      this.#waiting.clear()
      closed.resolve()
    })
    this.#greeted.promise.catch(() => {})
  }

  /** Throws {@link QmpError} when QEMU refuses, {@link EngineError} when it does not answer in time. */
  async execute(command: string, args: object = {}, ms = COMMAND_MS): Promise<unknown> {
    if (this.#socket.destroyed)
      throw new EngineError('QEMU closed its control line', { retryable: true })
    const id = ++this.#lastId
    const answer = Promise.withResolvers<unknown>()
    this.#waiting.set(id, { command, answer })
    this.#socket.write(`${JSON.stringify({ execute: command, arguments: args, id })}\n`)
    try {
      const late = () =>
        new EngineError(`QEMU did not answer ${command} within ${ms / 1000} s`, { retryable: true })
      return await within(ms, answer.promise, late)
    } finally {
      this.#waiting.delete(id)
    }
  }

  close(): void {
    this.#socket.destroy()
  }

  #receive(line: string): void {
    const message = Message.parse(JSON.parse(line))
    if (message.QMP !== undefined) this.#greeted.resolve()
    if (message.event !== undefined)
      this.#onEvent({ name: message.event, data: message.data ?? {} })
    const waiting = message.id === undefined ? undefined : this.#waiting.get(message.id)
    if (waiting === undefined) return
    if (message.error === undefined) waiting.answer.resolve(message.return)
    else
      waiting.answer.reject(new QmpError(`QEMU refused ${waiting.command}: ${message.error.desc}`))
  }
}

/** A unix socket on which both sides write one JSON value per line: QMP, and the guest agent. */
import { once } from 'node:events'
import { createConnection, type Socket } from 'node:net'
import { createInterface } from 'node:readline'

export type Message = Readonly<Record<string, unknown>>

export class JsonLines {
  readonly #socket: Socket
  readonly #lines: AsyncIterator<string>

  private constructor(socket: Socket) {
    this.#socket = socket
    this.#lines = createInterface({ input: socket })[Symbol.asyncIterator]()
  }

  static async connect(path: string): Promise<JsonLines> {
    const socket = createConnection(path)
    await once(socket, 'connect')
    return new JsonLines(socket)
  }

  /** Sends a command and waits for its answer; events in between are dropped. */
  async ask(execute: string, args: Message = {}): Promise<unknown> {
    this.#socket.write(`${JSON.stringify({ execute, arguments: args })}\n`)
    for (;;) {
      const message = await this.next()
      if ('error' in message) throw new Error(`${execute}: ${JSON.stringify(message.error)}`)
      if ('return' in message) return message.return
    }
  }

  async next(): Promise<Message> {
    const line = await this.#lines.next()
    if (line.done) throw new Error('The other side hung up')
    return JSON.parse(line.value)
  }

  close(): void {
    this.#socket.destroy()
  }
}

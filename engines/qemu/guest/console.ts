/**
 * A machine's serial line. QEMU must not write it to a file, which a guest could fill the host's disk
 * with; so we drain it, into a log that is turned over. What a guest prints while nobody is connected is
 * lost.
 */
import { appendFile, rename, stat } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { Writable } from 'node:stream'
import { isMissing } from '../records/durable-files.ts'

/** Two files, `console.log` and the older `console.log.1`, of at most so much each. */
const MAX_FILE_BYTES = 1024 * 1024

export class ConsoleLog {
  readonly #socket: Socket

  /** @param socket QEMU's, which takes one client. */
  constructor(socket: string, log: string) {
    this.#socket = connect(socket)
    this.#socket.on('error', () => {})
    // A guest that prints faster than the disk writes has to wait.
    this.#socket.pipe(new TurnedOverFile(log))
  }

  close(): void {
    this.#socket.destroy()
  }
}

class TurnedOverFile extends Writable {
  readonly #path: string
  #size: number | null = null

  constructor(path: string) {
    super({ decodeStrings: true })
    this.#path = path
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    // A full disk costs the guest's words, never the guest.
    this.#append(chunk).then(
      () => done(),
      () => done(),
    )
  }

  async #append(chunk: Buffer): Promise<void> {
    this.#size ??= await sizeOf(this.#path)
    if (this.#size + chunk.length > MAX_FILE_BYTES) {
      await rename(this.#path, `${this.#path}.1`)
      this.#size = 0
    }
    await appendFile(this.#path, chunk, { mode: 0o600 })
    this.#size += chunk.length
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (isMissing(error)) return 0
    throw error
  }
}

/**
 * A machine's serial line. QEMU takes one client and must not write a file itself, which a guest could
 * fill the host's disk with; so we hold the line: everybody who looks at it gets it from us, and it goes
 * into a log that is turned over. What a guest prints while nobody is connected is lost.
 */
import { appendFile, open, rename, stat } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { type Duplex, Writable } from 'node:stream'
import { ConsoleHub, HISTORY_BYTES } from '../../console/hub.ts'
import { isMissing } from '../records/durable-files.ts'

/** Two files, `console.log` and the older `console.log.1`, of at most so much each. */
const MAX_FILE_BYTES = 1024 * 1024

export class SerialConsole {
  readonly #socket: Socket
  readonly #hub: ConsoleHub

  /** @param socket QEMU's, which takes one client. The log's end is what viewers see first. */
  static async open(socket: string, log: string): Promise<SerialConsole> {
    return new SerialConsole(socket, log, await readLog(log, HISTORY_BYTES))
  }

  private constructor(socket: string, log: string, past: Buffer) {
    this.#socket = connect(socket)
    this.#hub = new ConsoleHub((chunk, done) => {
      // Called back when it is gone, too: what is typed into a machine that stops goes nowhere.
      this.#socket.write(chunk, () => done())
    })
    this.#hub.remember(past)
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => this.#hub.end())
    this.#socket.on('data', (chunk) => this.#hub.say(chunk))
    // A guest that prints faster than the disk writes has to wait.
    this.#socket.pipe(new TurnedOverFile(log))
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed
  }

  view(): Duplex {
    return this.#hub.view()
  }

  close(): void {
    this.#socket.destroy()
    this.#hub.end()
  }
}

/** The last bytes of what a machine has printed, at most `bytes`; of its older file too. */
export async function readLog(path: string, bytes: number): Promise<Buffer> {
  const newest = await readEnd(path, bytes)
  if (newest.length === bytes) return newest
  return Buffer.concat([await readEnd(`${path}.1`, bytes - newest.length), newest])
}

async function readEnd(path: string, bytes: number): Promise<Buffer> {
  try {
    await using file = await open(path)
    const { size } = await file.stat()
    const length = Math.min(size, bytes)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length)
    return buffer.subarray(0, bytesRead)
  } catch (error) {
    if (isMissing(error)) return Buffer.alloc(0)
    throw error
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

  /** What has come while the last was written; a guest may print a byte at a time. */
  override _writev(
    pieces: readonly { chunk: Buffer; encoding: BufferEncoding }[],
    done: () => void,
  ): void {
    this._write(Buffer.concat(pieces.map(({ chunk }) => chunk)), 'binary', done)
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

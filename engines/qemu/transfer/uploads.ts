/**
 * Files that come in pieces: `DATA/uploads/<uuid>.part` holds what has come so far, from the first byte
 * on, so its length is all there is to know. Only root reads it until it is complete.
 *
 * Whoever sends a piece takes over from whoever was sending: a client that comes back after its connection
 * broke must not wait until we notice that too.
 */
import { chmod, mkdir, open, readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { CapacityError, EngineError, UploadOffsetError } from '../../engine.ts'
import { requireFreeSpace } from '../disks/free-space.ts'
import { asUuid, isUuid } from '../paths.ts'
import { isMissing, removeDurably } from '../records/durable-files.ts'

const SUFFIX = '.part'
const LOOK_AT_DISK_EVERY_BYTES = 64e6

type Writer = { readonly takenOver: AbortController; readonly ended: Promise<unknown> }

export class Uploads {
  readonly #folder: string
  readonly #writers = new Map<string, Writer>()

  constructor(folder: string) {
    this.#folder = folder
  }

  async load(): Promise<void> {
    // Whoever checks a file must be able to pass.
    await mkdir(this.#folder, { recursive: true, mode: 0o711 })
  }

  path(upload: string): string {
    return join(this.#folder, asUuid(upload) + SUFFIX)
  }

  async all(): Promise<string[]> {
    const files = await readdir(this.#folder)
    return files.map((file) => basename(file, SUFFIX)).filter(isUuid)
  }

  async receivedBytes(upload: string): Promise<number> {
    try {
      return (await stat(this.path(upload))).size
    } catch (error) {
      if (isMissing(error)) return 0
      throw error
    }
  }

  /** Answers how many bytes are there afterwards. What came before an error stays. */
  async append(
    upload: string,
    from: number,
    data: AsyncIterable<Uint8Array>,
    mostBytes: number,
  ): Promise<number> {
    const former = this.#writers.get(upload)
    const takenOver = new AbortController()
    const ended = Promise.withResolvers<void>()
    const writer = { takenOver, ended: ended.promise }
    this.#writers.set(upload, writer)
    try {
      former?.takenOver.abort()
      await former?.ended
      if (takenOver.signal.aborted) throw overtaken()
      return await this.#write(upload, from, data, mostBytes, takenOver.signal)
    } finally {
      ended.resolve()
      if (this.#writers.get(upload) === writer) this.#writers.delete(upload)
    }
  }

  /** Ends whoever is writing. Fine when there is nothing. */
  async remove(upload: string): Promise<void> {
    const writer = this.#writers.get(upload)
    writer?.takenOver.abort()
    await writer?.ended
    await removeDurably(this.path(upload))
  }

  async #write(
    upload: string,
    from: number,
    data: AsyncIterable<Uint8Array>,
    mostBytes: number,
    takenOver: AbortSignal,
  ): Promise<number> {
    const received = await this.receivedBytes(upload)
    if (received !== from) throw new UploadOffsetError(received)
    await requireFreeSpace(this.#folder)
    const file = await open(this.path(upload), 'a', 0o600)
    try {
      let at = from
      let lookAt = at + LOOK_AT_DISK_EVERY_BYTES
      for await (const chunk of untilAborted(data, takenOver)) {
        if (at + chunk.length > mostBytes)
          throw new EngineError(`More bytes came than the ${mostBytes} that the file should have`)
        await file.appendFile(chunk)
        at += chunk.length
        if (at < lookAt) continue
        await requireFreeSpace(this.#folder)
        lookAt = at + LOOK_AT_DISK_EVERY_BYTES
      }
      await file.datasync()
      return at
    } catch (error) {
      throw isFull(error) ? noRoom(error) : error
    } finally {
      await file.close()
    }
  }
}

/** Puts a file into the hands of a program that checks it, which may only read it. */
export async function handOverForReading(path: string, gid: number): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.chown(0, gid)
  } finally {
    await file.close()
  }
  await chmod(path, 0o440)
}

async function* untilAborted(
  data: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const aborted = Promise.withResolvers<never>()
  aborted.promise.catch(() => {})
  const abort = () => aborted.reject(overtaken())
  signal.addEventListener('abort', abort, { once: true })
  const chunks = data[Symbol.asyncIterator]()
  try {
    for (;;) {
      const next = await Promise.race([chunks.next(), aborted.promise])
      if (next.done === true) return
      yield next.value
    }
  } finally {
    signal.removeEventListener('abort', abort)
    // Not waited for: it may be in the middle of waiting for the next piece.
    chunks.return?.()?.catch(() => {})
  }
}

const overtaken = () =>
  new EngineError('Another request has taken over this upload', { retryable: true })

const isFull = (error: unknown) =>
  error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT')

const noRoom = (cause: unknown) =>
  new CapacityError('The disk of this host is full; what came so far is kept for a day', {
    retryable: true,
    cause,
  })

/**
 * How much a layer would become: its archive is read through once before anything is unpacked. Sizes are
 * those of the archive, so what says that it is larger than what it holds is refused.
 */
import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { GuestError } from '../../../engine.ts'

export type TarFacts = {
  readonly entries: number
  /** With every file rounded up to blocks of 4 KiB. */
  readonly bytes: number
}

const BLOCK = 512
const DISK_BLOCK = 4096
const MAX_HEADER_BYTES = 1024 * 1024

const refused = (why: string) => new GuestError('failed', `A layer of the image is refused: ${why}`)

/** @param left What the layers before it have left over. Throws {@link GuestError}. */
export async function readTarFacts(
  path: string,
  left: TarFacts,
  signal: AbortSignal,
): Promise<TarFacts> {
  const counter = new TarCounter(left)
  const feed = async (stream: AsyncIterable<Buffer>) => {
    for await (const chunk of stream) counter.push(chunk)
  }
  const file = createReadStream(path, { highWaterMark: 256 * 1024 })
  try {
    if (await isGzip(path))
      await pipeline(file, createGunzip({ chunkSize: 256 * 1024 }), feed, { signal })
    else await pipeline(file, feed, { signal })
  } catch (cause) {
    signal.throwIfAborted()
    if (cause instanceof GuestError) throw cause
    throw new GuestError('failed', 'A layer of the image is damaged', { cause })
  }
  return counter.facts()
}

async function isGzip(path: string): Promise<boolean> {
  for await (const chunk of createReadStream(path, { end: 1 }))
    return (chunk as Buffer)[0] === 0x1f && (chunk as Buffer)[1] === 0x8b
  return false
}

/** Walks headers; contents are stepped over, but for the extended headers, which may say other sizes. */
export class TarCounter {
  readonly #left: TarFacts
  #header = Buffer.alloc(0)
  #wanted = BLOCK
  /** Bytes of contents to step over. */
  #skip = 0
  #extended = false
  #entries = 0
  #bytes = 0
  /** Of what becomes no file. */
  #read = 0
  #size: number | null = null

  constructor(left: TarFacts) {
    this.#left = left
  }

  push(chunk: Buffer): void {
    let at = 0
    while (at < chunk.length) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, chunk.length - at)
        this.#skip -= step
        at += step
        continue
      }
      const step = Math.min(this.#wanted - this.#header.length, chunk.length - at)
      this.#header = Buffer.concat([this.#header, chunk.subarray(at, at + step)])
      at += step
      if (this.#header.length < this.#wanted) continue
      const whole = this.#header
      this.#header = Buffer.alloc(0)
      if (this.#extended) this.#readExtended(whole)
      else this.#readHeader(whole)
    }
  }

  facts(): TarFacts {
    return { entries: this.#entries, bytes: this.#bytes }
  }

  #readHeader(header: Buffer): void {
    if (header.every((byte) => byte === 0)) {
      this.#count(BLOCK)
      return
    }
    const type = String.fromCharCode(header[156] ?? 0)
    const said = numberIn(header.subarray(124, 136))
    if (type === 'S') throw refused('it has files with holes')
    if ('xgLK'.includes(type)) {
      if (said > MAX_HEADER_BYTES) throw refused('a name in it has more than 1 MiB')
      this.#count(BLOCK + padded(said))
      this.#extended = type === 'x'
      this.#wanted = said === 0 ? BLOCK : padded(said)
      if (!this.#extended) this.#skip = padded(said)
      if (!this.#extended || said === 0) this.#plain()
      return
    }
    // Links and devices have no content, whatever they say.
    const size = '123456'.includes(type) ? 0 : (this.#size ?? said)
    this.#size = null
    this.#skip = padded(size)
    this.#entries++
    this.#bytes += Math.ceil(size / DISK_BLOCK) * DISK_BLOCK
    if (this.#entries > this.#left.entries)
      throw new GuestError('full', 'The image has too many files')
    this.#count(0)
  }

  /** What becomes nothing is read all the same. */
  #count(bytes: number): void {
    this.#read += bytes
    if (this.#bytes + this.#read > this.#left.bytes)
      throw new GuestError('full', 'The image is too large when it is unpacked')
  }

  #readExtended(content: Buffer): void {
    const text = content.toString('latin1')
    if (/\d+ GNU\.sparse\./.test(text)) throw refused('it has files with holes')
    const size = /(?:^|\n)\d+ size=(\d{1,15})\n/.exec(text)?.[1]
    if (size !== undefined) this.#size = Number(size)
    this.#plain()
  }

  #plain(): void {
    this.#extended = false
    this.#wanted = BLOCK
  }
}

const padded = (bytes: number) => Math.ceil(bytes / BLOCK) * BLOCK

/** Octal digits, or binary when the first bit is set. */
function numberIn(field: Buffer): number {
  if (((field[0] ?? 0) & 0x80) !== 0) {
    const value = field.readBigUInt64BE(field.length - 8)
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw refused('a size in it is impossible')
    return Number(value)
  }
  const digits = field.toString('latin1').replace(/[\0 ]/g, '')
  if (digits === '') return 0
  if (!/^[0-7]+$/.test(digits)) throw refused('it is no tar archive')
  return Number.parseInt(digits, 8)
}

/** The tar format, as far as files, folders and links need it; see tar(5). */

export type Entry = {
  /** As it stands there, which may be hostile. */
  readonly name: string
  readonly kind: 'file' | 'folder' | 'symbolic-link' | 'hard-link' | 'other'
  /** Permission bits alone. */
  readonly mode: number
  readonly size: number
  /** Where a link leads; '' for others. */
  readonly target: string
}

const block = 512
/** Names are 100 bytes long in the format; longer ones go before their file, as GNU's tar has them. */
const longestName = 100
/** Of names and what else describes a file; none has nearly as much. */
const longestExtra = 1024 * 1024

/** One file, padded as the format wants it. `name` is relative. */
export function packFile({
  name,
  mode,
  content,
}: {
  readonly name: string
  readonly mode: number
  readonly content: Uint8Array<ArrayBuffer>
}): Uint8Array<ArrayBuffer>[] {
  const bytes = Buffer.from(name)
  const long = bytes.length <= longestName ? [] : member('././@LongLink', 'L', 0o644, bytes)
  return [...long, ...member(bytes.subarray(0, longestName), '0', mode, content)]
}

export const endOfArchive = new Uint8Array(2 * block)

/** Bytes that {@link packFile} makes of it. */
export function packedSize({ name, size }: { readonly name: string; readonly size: number }) {
  const bytes = Buffer.byteLength(name)
  return block + padded(size) + (bytes <= longestName ? 0 : block + padded(bytes))
}

const padded = (size: number) => Math.ceil(size / block) * block

function member(
  name: string | Uint8Array,
  kind: string,
  mode: number,
  content: Uint8Array<ArrayBuffer>,
) {
  const header = Buffer.alloc(block)
  header.set(typeof name === 'string' ? Buffer.from(name) : name, 0)
  header.write(`${octal(mode & 0o777, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0`, 100)
  header.write(`${octal(content.length, 11)}\0${octal(0, 11)}\0`, 124)
  header.write(kind, 156)
  header.write('ustar\0' + '00', 257)
  header.write(`${octal(sumOf(header), 6)}\0 `, 148)
  return [header, content, new Uint8Array(padded(content.length) - content.length)]
}

const octal = (value: number, digits: number) => value.toString(8).padStart(digits, '0')

/** Of all bytes of a header, with those of the sum itself as spaces. */
function sumOf(header: Uint8Array) {
  let sum = 8 * 32
  for (const [at, byte] of header.entries()) if (at < 148 || at >= 156) sum += byte
  return sum
}

/**
 * The members of an archive, one at a time: the content of each is read to its end before the next is asked
 * for, or left alone. Throws an error with words for people when it is none, or ends too early.
 */
export async function* entriesOf(
  archive: AsyncIterable<Uint8Array>,
): AsyncGenerator<Entry & { readonly content: AsyncIterable<Uint8Array> }> {
  const bytes = new Bytes(archive)
  try {
    yield* membersOf(bytes)
  } finally {
    await bytes.close()
  }
}

async function* membersOf(bytes: Bytes) {
  let long: { name?: string; target?: string; size?: number } = {}
  for (;;) {
    const header = await bytes.take(block)
    if (header.every((byte) => byte === 0)) return
    if (numberAt(header, 148, 8) !== sumOf(header)) throw new Error('What came is no tar archive')
    const type = String.fromCharCode(header[156] ?? 0)
    const size = long.size ?? numberAt(header, 124, 12)
    if ('LKxg'.includes(type)) {
      if (size > longestExtra) throw new Error('What came is no tar archive')
      const text = (await bytes.take(padded(size))).subarray(0, size).toString('utf8')
      if (type === 'L') long.name = untilNul(text)
      if (type === 'K') long.target = untilNul(text)
      if (type === 'x') long = { ...long, ...paxOf(text) }
      continue
    }
    const { name = nameIn(header), target = textAt(header, 157, 100) } = long
    long = {}
    const kind = kinds[type] ?? 'other'
    const left = { bytes: kind === 'file' || kind === 'other' ? size : 0 }
    const padding = padded(left.bytes) - left.bytes
    const entry = { name, kind, target, size: left.bytes, mode: numberAt(header, 100, 8) & 0o777 }
    yield { ...entry, content: bytes.stream(left) }
    await bytes.skip(left)
    await bytes.take(padding)
  }
}

const kinds: Readonly<Record<string, Entry['kind']>> = {
  ...{ '0': 'file', '\0': 'file', '7': 'file', '5': 'folder' },
  ...{ '1': 'hard-link', '2': 'symbolic-link' },
}

const untilNul = (text: string) => text.split('\0', 1)[0] ?? ''
const textAt = (bytes: Buffer, start: number, length: number) =>
  untilNul(bytes.toString('utf8', start, start + length))

function nameIn(header: Buffer): string {
  // GNU's own headers have other things where the standard has the beginning of a long name.
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? textAt(header, 345, 155) : ''
  const name = textAt(header, 0, longestName)
  return prefix === '' ? name : `${prefix}/${name}`
}

/** Octal as text, or, from 8 GiB on, a number of its own with the highest bit set. */
function numberAt(header: Buffer, start: number, length: number): number {
  if ((header[start] ?? 0) & 0x80) return Number(header.readBigUInt64BE(start + length - 8))
  const text = textAt(header, start, length).trim()
  if (!/^[0-7]*$/.test(text)) throw new Error('What came is no tar archive')
  return Number.parseInt(text || '0', 8)
}

/** Lines of `length key=value`. */
function paxOf(text: string) {
  const said = (key: string) => new RegExp(`(?:^|\\n)\\d+ ${key}=([^\\n]*)\\n`).exec(text)?.[1]
  const [name, target, size] = [said('path'), said('linkpath'), said('size')]
  return {
    ...(name !== undefined && { name }),
    ...(target !== undefined && { target }),
    ...(size !== undefined && { size: Number(size) }),
  }
}

/** Takes a stream apart, wherever its pieces begin. */
class Bytes {
  readonly #source: AsyncIterator<Uint8Array>
  #rest: Uint8Array = new Uint8Array()
  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** Whoever sends it need not go on. */
  async close() {
    await this.#source.return?.()
  }

  async take(count: number): Promise<Buffer> {
    const pieces = await Array.fromAsync(this.stream({ bytes: count }))
    return Buffer.concat(pieces)
  }

  async skip(left: { bytes: number }) {
    const rest = this.stream(left)
    while (!(await rest.next()).done);
  }

  /** As many as are `left`, which says how many are still to come. */
  async *stream(left: { bytes: number }): AsyncGenerator<Uint8Array> {
    while (left.bytes > 0) {
      if (this.#rest.length === 0) {
        const next = await this.#source.next()
        if (next.done) throw new Error('The archive ended before it was complete')
        this.#rest = next.value
        continue
      }
      const piece = this.#rest.subarray(0, left.bytes)
      this.#rest = this.#rest.subarray(piece.length)
      left.bytes -= piece.length
      yield piece
    }
  }
}

/**
 * Reads a tar archive that somebody has sent: names and contents of plain files, nothing else of it. Links,
 * devices and names that lead elsewhere are refused, not followed.
 *
 * Not by tar-stream, as the command line does: that has no limit for headers without files, which cost time, and
 * makes one name of two that are not UTF-8, so that one file would be lost without a word.
 */
import { isUtf8 } from 'node:buffer'
import { ValidationError } from '../../errors.ts'

const block = 512
export const mostFiles = 10_000
/** Folders and names count too: each costs time. A file has at most three. */
const mostHeaders = 3 * mostFiles
/** With the number before it. */
const longestKey = 1024

export type ArchivedFile = {
  readonly name: string
  readonly mode: number
  readonly content: Uint8Array
}

const refuse = (words: string) => new ValidationError({ file: [`The archive ${words}`] })

/** Throws {@link ValidationError}. */
export function* filesIn(archive: Uint8Array): Generator<ArchivedFile> {
  let offset = 0
  let longName: string | null = null
  let found = 0
  let headers = 0
  while (offset + block <= archive.length) {
    const header = archive.subarray(offset, offset + block)
    if (header.every((byte) => byte === 0)) return
    if (++headers > mostHeaders) throw refuse(`has more than ${mostHeaders} entries`)
    requireSum(header)
    const size = numberAt(header, 124, 12)
    const content = archive.subarray(offset + block, offset + block + size)
    if (content.length < size) throw refuse('ends too early')
    offset += block + Math.ceil(size / block) * block
    const kind = String.fromCharCode(header[156] ?? 0)
    if (kind === 'L') {
      longName = nameAt(content, 0, content.length)
      continue
    }
    if (kind === 'x') {
      longName = pathOf(content) ?? longName
      continue
    }
    if (kind === 'g') continue
    const name: string = longName ?? nameIn(header)
    longName = null
    if (kind === '5') continue
    if (kind !== '0' && kind !== '\0') throw refuse(`has "${name.slice(0, 100)}", which is no file`)
    if (++found > mostFiles) throw refuse(`has more than ${mostFiles} files`)
    yield { name, mode: numberAt(header, 100, 8) & 0o777, content }
  }
  if (offset === 0) throw refuse('is none: send a tar file')
}

function fieldAt(bytes: Uint8Array, start: number, length: number): Buffer {
  const field = bytes.subarray(start, start + length)
  const end = field.indexOf(0)
  return Buffer.from(end === -1 ? field : field.subarray(0, end))
}

/** Two names that are not text would become one. */
function asName(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8')
  throw refuse(`has "${bytes.toString('latin1').slice(0, 100)}", a name that is not UTF-8`)
}

const nameAt = (bytes: Uint8Array, start: number, length: number) =>
  asName(fieldAt(bytes, start, length))

/** Octal, as text. Larger numbers than that are of files that nobody may send. */
function numberAt(header: Uint8Array, start: number, length: number): number {
  const text = fieldAt(header, start, length).toString('latin1').trim()
  if (text === '') return 0
  if (!/^[0-7]+$/.test(text)) throw refuse('is damaged, or has a file that is too large')
  return Number.parseInt(text, 8)
}

function nameIn(header: Uint8Array): string {
  const name = nameAt(header, 0, 100)
  const isUstar = fieldAt(header, 257, 6).toString('latin1').startsWith('ustar')
  const prefix = isUstar ? nameAt(header, 345, 155) : ''
  return prefix === '' ? name : `${prefix}/${name}`
}

/** Of records of `length key=value`, whose values may have anything in them, also ends of lines. The last one counts. */
function pathOf(content: Uint8Array): string | null {
  const bytes = Buffer.from(content)
  let found: string | null = null
  for (let at = 0; at < bytes.length; ) {
    const [head = '', digits, key] =
      /^(\d{1,7}) ([^=\n]+)=/.exec(bytes.toString('latin1', at, at + longestKey)) ?? []
    const end = at + Number(digits ?? 0)
    if (end <= at + head.length || end > bytes.length || bytes[end - 1] !== 0x0a) {
      throw refuse('is damaged: it has a header that cannot be read')
    }
    if (key === 'path') found = asName(bytes.subarray(at + head.length, end - 1))
    at = end
  }
  return found
}

/** Of all bytes, with those of the sum itself as spaces. */
function requireSum(header: Uint8Array) {
  let sum = 8 * 32
  for (let n = 0; n < 148; n++) sum += header[n] ?? 0
  for (let n = 156; n < block; n++) sum += header[n] ?? 0
  if (sum !== numberAt(header, 148, 8)) throw refuse('is none, or is damaged: send a tar file')
}

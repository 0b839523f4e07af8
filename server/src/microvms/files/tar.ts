/**
 * Reads a tar archive that somebody has sent: names and contents of plain files, nothing else of it. Links,
 * devices and names that lead elsewhere are refused, not followed.
 */
import { ValidationError } from '../../errors.ts'

const block = 512
export const mostFiles = 10_000
/** Folders and names count too: each costs time. A file has at most three. */
const mostHeaders = 3 * mostFiles

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
      longName = textAt(content, 0, content.length)
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

const textAt = (bytes: Uint8Array, start: number, length: number) => {
  const field = bytes.subarray(start, start + length)
  const end = field.indexOf(0)
  return Buffer.from(end === -1 ? field : field.subarray(0, end)).toString('utf8')
}

/** Octal, as text. Larger numbers than that are of files that nobody may send. */
function numberAt(header: Uint8Array, start: number, length: number): number {
  const text = textAt(header, start, length).trim()
  if (text === '') return 0
  if (!/^[0-7]+$/.test(text)) throw refuse('is damaged, or has a file that is too large')
  return Number.parseInt(text, 8)
}

function nameIn(header: Uint8Array): string {
  const name = textAt(header, 0, 100)
  const isUstar = textAt(header, 257, 6).startsWith('ustar')
  const prefix = isUstar ? textAt(header, 345, 155) : ''
  return prefix === '' ? name : `${prefix}/${name}`
}

/** Lines of `length key=value`, of which only the path is wanted. */
const pathOf = (content: Uint8Array): string | null =>
  /(?:^|\n)\d+ path=([^\n]*)\n/.exec(Buffer.from(content).toString('utf8'))?.[1] ?? null

/** Of all bytes, with those of the sum itself as spaces. */
function requireSum(header: Uint8Array) {
  let sum = 8 * 32
  for (let n = 0; n < 148; n++) sum += header[n] ?? 0
  for (let n = 156; n < block; n++) sum += header[n] ?? 0
  if (sum !== numberAt(header, 148, 8)) throw refuse('is none, or is damaged: send a tar file')
}

/** Parts of a file, as RFC 9110 asks for them (section 14). Plain functions of headers. */

/** Both included. */
export type ByteRange = { readonly from: number; readonly to: number }

/**
 * The one part that a `Range` header asks for; `null`: all of it, which is also the answer to several
 * parts at once and to what is no range of bytes; `unsatisfiable`: it begins behind the end.
 */
export function rangeOf(
  header: string | undefined,
  sizeBytes: number,
): ByteRange | null | 'unsatisfiable' {
  const match = /^bytes=(\d*)-(\d*)$/i.exec(header?.replaceAll(' ', '') ?? '')
  if (match === null) return null
  const [first, last] = [match[1] ?? '', match[2] ?? '']
  if (first === '' && last === '') return null
  if (first === '') {
    const length = Math.min(Number(last), sizeBytes)
    return length === 0 ? 'unsatisfiable' : { from: sizeBytes - length, to: sizeBytes - 1 }
  }
  const from = Number(first)
  const to = last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1)
  if (last !== '' && Number(last) < from) return null
  return from >= sizeBytes ? 'unsatisfiable' : { from, to }
}

/** Whether a list of entity tags, as `If-None-Match` has them, names this one. */
export function names(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  const tags = header.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags.includes(etag) || tags.includes('*')
}

/** Where a piece of an upload belongs, by its `Content-Range` (RFC 9110, section 14.4). */
import type { Clock } from '../clock.ts'
import { ValidationError } from '../errors.ts'

/** First byte of the piece; `null`: there is none, only the question what is there. */
export type PieceStart = { readonly from: number } | null

/**
 * Throws {@link ValidationError} for a header that is none, or is of a file of another size. `length`: the
 * body's, when the sender tells.
 */
export function pieceStart(
  header: string | undefined,
  sizeBytes: number,
  length?: string | undefined,
): PieceStart {
  if (header === undefined) {
    if (length === undefined || Number(length) === sizeBytes) return { from: 0 }
    throw wrong(
      `The file has ${sizeBytes} bytes by its manifest and ${length} are sent; send all of them, or tell which part they are.`,
    )
  }
  const match = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+)$/i.exec(header.trim())
  if (match === null) {
    throw wrong(`Send "bytes FIRST-LAST/${sizeBytes}", or leave it out to send the whole file.`)
  }
  const [first, last, total] = [match[1], match[2], match[3]]
  if (Number(total) !== sizeBytes) {
    throw wrong(`The file has ${sizeBytes} bytes by its manifest, not ${total}.`)
  }
  if (first === undefined) return null
  if (Number(last) < Number(first) || Number(last) >= sizeBytes) {
    throw wrong(
      `The piece ends at ${last}; it must end between its first byte and ${sizeBytes - 1}.`,
    )
  }
  return { from: Number(first) }
}

const wrong = (problem: string) =>
  new ValidationError({ 'Content-Range': [problem] }, 'Invalid request headers')

/** Ends with an error when nothing comes for so long: whoever sends has lost the connection. */
export async function* withPatience(
  data: ReadableStream<Uint8Array>,
  patienceMs: number,
): AsyncGenerator<Uint8Array> {
  const reader = data.getReader()
  try {
    for (;;) {
      const tooLate = Promise.withResolvers<never>()
      const timer = setTimeout(() => {
        tooLate.reject(wrong(`Nothing came for ${patienceMs / 1000} s; go on from what is there.`))
      }, patienceMs)
      try {
        const { done, value } = await Promise.race([reader.read(), tooLate.promise])
        if (done) return
        yield value
      } finally {
        clearTimeout(timer)
      }
    }
  } finally {
    reader.cancel().catch(() => {})
  }
}

/** Passes the bytes on, and calls `note` with the first of them and at most every `everyMs` after. */
export async function* noting(
  data: AsyncIterable<Uint8Array>,
  note: () => Promise<void>,
  { clock, everyMs }: { clock: Clock; everyMs: number },
): AsyncGenerator<Uint8Array> {
  let notedAt = Number.NEGATIVE_INFINITY
  for await (const bytes of data) {
    const now = clock.now().getTime()
    if (bytes.length > 0 && now - notedAt >= everyMs) {
      await note()
      notedAt = now
    }
    yield bytes
  }
}

/** The tar format, as its library has it. */
import { Readable } from 'node:stream'
import { extract, type Header, pack } from 'tar-stream'
import { Failure } from '../failure.ts'

const block = 512
/** Of a name that is too long for a header of its own, at most. */
const longestHead = 10 * block

/** As many bytes as a file has in an archive, at most. */
export const packedSize = (size: number) => longestHead + Math.ceil(size / block) * block

export type FileToPack = {
  /** Relative. */
  readonly name: string
  readonly mode: number
  readonly content: Uint8Array
}

/** An archive of all of them, in memory. */
export async function packed(files: AsyncIterable<FileToPack>): Promise<Uint8Array<ArrayBuffer>> {
  const archive = pack()
  const whole = Array.fromAsync(archive as AsyncIterable<Buffer>)
  for await (const { name, mode, content } of files)
    archive.entry({ name, mode, size: content.length }, Buffer.from(content))
  archive.finalize()
  return Buffer.concat(await whole)
}

export type Member = { readonly header: Header; readonly content: AsyncIterable<Buffer> }

/**
 * The members of an archive, one at a time: the content of each is read, or left alone, before the next is
 * asked for. Both throw {@link Failure} when it is none, or ends too early.
 */
export async function* membersOf(archive: AsyncIterable<Uint8Array>): AsyncGenerator<Member> {
  const members = extract()
  const source = Readable.from(archive, { objectMode: false })
  // What breaks there is thrown where it is read.
  source.on('error', (error) => members.destroy(error))
  source.pipe(members as unknown as NodeJS.WritableStream)
  async function* whole<T>(parts: AsyncIterable<T>) {
    try {
      yield* parts
    } catch {
      if (source.errored) throw source.errored
      throw new Failure('What came is no tar archive, or ended before it was complete')
    }
  }
  try {
    for await (const entry of whole(members)) {
      yield { header: entry.header, content: whole(entry as AsyncIterable<Buffer>) }
      entry.resume()
    }
  } finally {
    source.destroy()
  }
}

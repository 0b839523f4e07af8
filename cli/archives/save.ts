/** What an answer brings, as a file of this host. */
import { createWriteStream } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Failure } from '../failure.ts'

/** `onBytes`: how many there are by now. Throws {@link Failure} when the rest does not come. */
export async function* chunksOf(
  { body }: Response,
  onBytes: (bytes: number) => void = () => {},
): AsyncGenerator<Uint8Array> {
  let bytes = 0
  try {
    for await (const chunk of body ?? []) {
      bytes += chunk.length
      onBytes(bytes)
      yield chunk
    }
  } catch {
    throw new Failure('The connection broke before all of it was there; try again')
  }
}

/** To be asked before anything comes. */
export async function requireFolderOf(path: string): Promise<void> {
  const folder = dirname(path)
  if ((await stat(folder).catch(() => null))?.isDirectory()) return
  throw new Failure(`There is no folder ${folder}`, {
    advice: [`Make it first: mkdir -p ${folder}`],
    exitCode: 2,
  })
}

/** There as a whole or not at all. Answers how many bytes. */
export async function save(content: AsyncIterable<Uint8Array>, path: string): Promise<number> {
  const unfinished = join(dirname(path), `.${basename(path)}.${process.pid}.part`)
  try {
    const file = createWriteStream(unfinished, { flags: 'wx' })
    await pipeline(Readable.from(content, { objectMode: false }), file)
    await rename(unfinished, path)
    return file.bytesWritten
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
}

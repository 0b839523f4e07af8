/**
 * Writes an archive below a folder. Whoever made it may be hostile: nothing is written outside of the folder,
 * through no link either, and nothing but plain files, folders and links that stay inside comes to be.
 */
import { constants, createWriteStream } from 'node:fs'
import { copyFile, lstat, mkdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Failure } from '../failure.ts'
import { membersOf } from './tar.ts'

export type Unpacked = {
  readonly files: number
  readonly bytes: number
  /** Names of what was left out, and why. */
  readonly skipped: readonly string[]
}

/** `onBytes`: how many there are by now. Throws {@link Failure} for names that lead elsewhere. */
export async function unpack(
  archive: AsyncIterable<Uint8Array>,
  folder: string,
  onBytes: (bytes: number) => void = () => {},
): Promise<Unpacked> {
  const links: { path: string; target: string }[] = []
  const skipped: string[] = []
  let [files, bytes] = [0, 0]
  await mkdir(folder, { recursive: true })
  for await (const { header, content } of membersOf(archive)) {
    const { name, type, linkname, mode = 0o644 } = header
    const target = linkname ?? ''
    const parts = partsOf(name)
    const path = join(folder, ...parts)
    if (type === 'file' || type === 'contiguous-file') {
      await makeFolders(folder, parts.slice(0, -1))
      await clear(path)
      const counted = async function* () {
        for await (const piece of content) {
          bytes += piece.length
          onBytes(bytes)
          yield piece
        }
      }
      await write(path, counted(), mode & 0o777)
      files++
    } else if (type === 'directory') await makeFolders(folder, parts)
    else if (type === 'link') {
      await makeFolders(folder, parts.slice(0, -1))
      await clear(path)
      await copyOf(folder, target, path)
      files++
    } else if (type !== 'symlink') skipped.push(`${parts.join('/')}: no file, folder or link`)
    else if (staysInside(parts, target)) links.push({ path, target })
    else skipped.push(`${parts.join('/')}: a link that leads out of the folder`)
  }
  // At last, so that nothing of the archive is written through one.
  for (const { path, target } of links) {
    await makeFolders(folder, partsOf(path.slice(folder.length)).slice(0, -1))
    await clear(path)
    await symlink(target, path)
  }
  return { files: files + links.length, bytes, skipped }
}

function partsOf(name: string): string[] {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.')
  if (!parts.includes('..') && !name.includes('\0')) return parts
  throw new Failure(`The archive has ${JSON.stringify(name)}, which leads out of its folder`)
}

/** `..` behind a name could turn back from wherever another link leads. */
function staysInside(parts: readonly string[], target: string): boolean {
  const steps = target.split('/').filter((step) => step !== '' && step !== '.')
  const up = steps.findIndex((step) => step !== '..')
  const climbs = up === -1 ? steps.length : up
  const turnsBack = steps.slice(climbs).includes('..')
  return target !== '' && !target.startsWith('/') && !turnsBack && climbs < parts.length
}

async function makeFolders(folder: string, parts: readonly string[]) {
  let path = folder
  for (const part of parts) {
    path = join(path, part)
    const there = await lstat(path).catch(() => null)
    if (there === null) await mkdir(path)
    else if (!there.isDirectory()) throw new Failure(`${path} is in the way: it is no folder`)
  }
}

/** A file or a link makes room for what comes in its place. */
async function clear(path: string) {
  const there = await lstat(path).catch(() => null)
  if (there?.isDirectory()) throw new Failure(`${path} is in the way: it is a folder`)
  if (there !== null) await rm(path)
}

/** It comes with the name of another that came before. */
async function copyOf(folder: string, name: string, path: string) {
  let from = folder
  for (const part of partsOf(name)) {
    const within = await lstat(from).catch(() => null)
    from = within?.isDirectory() ? join(from, part) : ''
  }
  const there = await lstat(from).catch(() => null)
  if (!there?.isFile()) throw new Failure(`The archive has a link to ${name}, which is not in it`)
  await copyFile(from, path, constants.COPYFILE_EXCL)
}

/** A part of a file would look like the whole. */
async function write(path: string, content: AsyncIterable<Uint8Array>, mode: number) {
  try {
    // Whoever writes it can read it, whatever the archive says.
    const file = createWriteStream(path, { flags: 'wx', mode: mode | 0o600 })
    await pipeline(Readable.from(content, { objectMode: false }), file)
  } catch (error) {
    await rm(path, { force: true })
    throw error
  }
}

/** The files below a folder, as they are to travel. */
import { constants } from 'node:fs'
import { access, readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '../failure.ts'

export type LocalFile = {
  /** From the folder on, with `/` between its parts. */
  readonly name: string
  readonly path: string
  readonly mode: number
  readonly size: number
}

/**
 * Links are followed, as archives that are sent have none; one that leads to a folder around it is left out,
 * as what is no file is. Throws {@link Failure} for what cannot be read.
 */
export async function gather(folder: string): Promise<{ files: LocalFile[]; skipped: string[] }> {
  const files: LocalFile[] = []
  const skipped: string[] = []

  async function walk(path: string, name: string, around: readonly string[]) {
    const real = await realpath(path)
    if (around.includes(real)) {
      skipped.push(`${name}: a link to a folder that it is in`)
      return
    }
    const entries = await readdir(path).catch(unreadable(path))
    if (entries.length === 0 && name !== '') skipped.push(`${name}: an empty folder`)
    for (const entry of entries.sort()) {
      const at = { path: join(path, entry), name: name === '' ? entry : `${name}/${entry}` }
      const found = await stat(at.path).catch(() => null)
      if (found === null) skipped.push(`${at.name}: a link that leads nowhere`)
      else if (found.isDirectory()) await walk(at.path, at.name, [...around, real])
      else if (found.isFile()) {
        await access(at.path, constants.R_OK).catch(unreadable(at.path))
        files.push({ ...at, mode: found.mode & 0o777, size: found.size })
      } else skipped.push(`${at.name}: no file, folder or link`)
    }
  }

  await walk(folder, '', [])
  return { files, skipped }
}

const unreadable =
  (path: string) =>
  (error: Error): never => {
    throw new Failure(`Cannot read ${path}: ${error.message}`)
  }

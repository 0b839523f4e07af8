/** Files that are either there as a whole or not at all, also after the power has failed. */
import { open, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/** As a whole, for readers and if this process is killed; a power failure may undo it. */
export async function replaceFile(path: string, content: string): Promise<void> {
  const unfinished = path + UNFINISHED
  await writeFile(unfinished, content, { mode: 0o600 })
  await rename(unfinished, path)
}

/** Ends the names of files that a killed process left half written. */
export const UNFINISHED = '.tmp'

export async function writeDurably(path: string, content: string, mode = 0o600): Promise<void> {
  const unfinished = path + UNFINISHED
  const file = await open(unfinished, 'w', mode)
  try {
    await file.writeFile(content)
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(unfinished, path)
  await syncPath(dirname(path))
}

export async function removeDurably(path: string): Promise<void> {
  await rm(path, { force: true })
  await syncPath(dirname(path))
}

/** Makes a file's content, or a folder's entries, safe from a power failure. */
export async function syncPath(path: string): Promise<void> {
  const file = await open(path, 'r')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}

export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

/** Names of its entries; none when it is not there. */
export async function readFolderIfThere(path: string): Promise<string[]> {
  try {
    return await readdir(path)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

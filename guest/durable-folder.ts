/** Folders that are there as a whole or not at all, also after `kill -9` and a power cut. */
import { chmod, open, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/**
 * Gives a finished folder its name. Everybody can read it afterwards and nobody writes to it.
 * @param path Whatever stands there is replaced.
 */
export async function publishFolder(finished: string, path: string): Promise<void> {
  for (const entry of await readdir(finished, { recursive: true, withFileTypes: true })) {
    const inside = join(entry.parentPath, entry.name)
    await chmod(inside, entry.isDirectory() ? 0o755 : 0o444)
    await sync(inside)
  }
  await chmod(finished, 0o755)
  await sync(finished)
  await rm(path, { recursive: true, force: true })
  await rename(finished, path)
  await sync(dirname(path))
}

async function sync(path: string): Promise<void> {
  await using file = await open(path, 'r')
  await file.sync()
}

import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/**
 * Fills a folder under a temporary name and gives it its own once it is complete. What killed processes
 * left behind is removed. When `folder` is there already and not empty, that one stays.
 */
export async function placeFolder(
  folder: string,
  fill: (unfinished: string) => Promise<void>,
): Promise<void> {
  await removeUnfinished(folder)
  const unfinished = `${folder}.new-${process.pid}-${randomBytes(4).toString('hex')}`
  await mkdir(unfinished, { mode: 0o700 })
  try {
    await fill(unfinished)
    await rename(unfinished, folder)
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error
  }
  const parent = await open(dirname(folder))
  await parent.sync().finally(() => parent.close())
}

/** What their makers did not live to complete, except where something still writes. */
export async function removeUnfinished(folder: string) {
  const prefix = `${basename(folder)}.new-`
  for (const name of await readdir(dirname(folder))) {
    if (!name.startsWith(prefix)) continue
    if (isAtWork(Number(name.slice(prefix.length).split('-')[0]))) continue
    await rm(join(dirname(folder), name), { recursive: true, force: true }).catch(() => {})
  }
}

/** Arguments are empty once a process has ended, also while its parent has not taken note of that. */
function isAtWork(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== ''
  } catch {
    return false
  }
}

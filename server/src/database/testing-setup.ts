/**
 * Vitest's global setup: gives the run a folder for its PostgreSQL, which no test may ever ask for, and
 * clears up after this run and after those that were killed.
 */
import { existsSync, realpathSync, statfsSync } from 'node:fs'
import { readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findPostmaster, shutDown } from './embedded/postmaster.ts'

const variable = 'GARRISON_TEST_DATABASE'
const folderName = /^garrison-test-(\d+)$/

/**
 * A database is 300 files. In memory a copy takes 15 ms; ext4 needs 30 ms, and 300 ms while it still
 * remembers the files of the last one dropped.
 */
const memory = '/dev/shm'
const enoughMemory = 1024 ** 3

/** Where this run's server is, or would be. */
export function testServerFolder(): string {
  const dir = process.env[variable]
  if (dir === undefined) {
    throw new Error(
      'No folder for the test database: run with the vitest.config.ts of the repository, ' +
        'whose globalSetup names server/src/database/testing-setup.ts',
    )
  }
  return dir
}

export default async function setup(): Promise<() => Promise<void>> {
  await clearUpAfterTheKilled()
  const parent = hasRoom(memory) ? memory : tmpdir()
  const dir = join(parent, `garrison-test-${process.pid}`)
  // Workers inherit the environment.
  process.env[variable] = dir
  return () => clearUp(dir)
}

function hasRoom(folder: string) {
  if (!existsSync(folder)) return false
  const { bavail, bsize } = statfsSync(folder)
  return bavail * bsize >= enoughMemory
}

async function clearUpAfterTheKilled() {
  for (const parent of [memory, tmpdir()]) {
    for (const name of await readdir(parent).catch(() => [])) {
      const pid = folderName.exec(name)?.[1]
      if (pid === undefined || existsSync(`/proc/${pid}`)) continue
      const dir = join(parent, name)
      const found = await stat(dir).catch(() => null)
      if (found?.uid === process.getuid?.()) await clearUp(dir)
    }
  }
}

async function clearUp(dir: string) {
  if (!existsSync(dir)) return
  const dataDir = join(realpathSync(dir), 'data')
  const found = findPostmaster(dataDir)
  if (found !== null) await shutDown(found.pid, dataDir)
  await rm(dir, { recursive: true, force: true })
}

import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { pathsOf } from '../paths.ts'
import { Store } from '../records/store.ts'
import { testOsImages } from '../testing/os-images.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'garrison-memory-'))
  await chmod(folder, 0o711)
})
afterEach(() => rm(folder, { recursive: true }))

test('memory without a record is kept for a day, and then goes with what is left around it', async () => {
  const paths = pathsOf(folder, 'abc')
  const [machine, snapshot] = [randomUUID(), randomUUID()]
  const files = [paths.memory(machine), paths.snapshotMemory(snapshot)]
  const start = async () => {
    const store = new Store(paths, 'abc', testOsImages())
    const kept = await store.load()
    await store.sweepMemories()
    return {
      kept,
      left: [...files, paths.machineFolder(machine)].filter((path) => existsSync(path)),
    }
  }
  await mkdir(paths.machineFolder(machine), { recursive: true })
  await mkdir(paths.snapshots)
  for (const file of files) await writeFile(file, 'memory')
  for (const _ of [1, 2])
    expect(await start()).toEqual({ kept: 2, left: [...files, paths.machineFolder(machine)] })

  const since: Record<string, number> = JSON.parse(await readFile(paths.strays, 'utf8'))
  const aDayAgo = Object.entries(since).map(([name, at]) => [name, at - 24 * 3600_000])
  await writeFile(paths.strays, JSON.stringify(Object.fromEntries(aDayAgo)))
  expect(await start()).toEqual({ kept: 0, left: [] })
})

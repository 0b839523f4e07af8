import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Strays } from './strays.ts'

const HOUR = 3_600_000
let folder: string
let path: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'garrison-strays-'))
  path = join(folder, 'strays.json')
})
afterEach(() => rm(folder, { recursive: true }))

it('what nothing points to is kept for a day, also over restarts', async () => {
  const first = new Strays(path)
  expect(await first.notice(['a', 'b'], 0)).toBe(2)
  expect(first.kept(24 * HOUR - 1)).toEqual(['a', 'b'])
  expect(first.kept(24 * HOUR)).toEqual([])

  const second = new Strays(path)
  expect(await second.notice(['a', 'b', 'c'], 23 * HOUR)).toBe(3)
  expect(second.kept(25 * HOUR)).toEqual(['c'])
})

it('what was pointed to again meanwhile has a whole day the next time', async () => {
  await new Strays(path).notice(['a'], 0)
  await new Strays(path).notice([], 12 * HOUR)
  const third = new Strays(path)
  await third.notice(['a'], 13 * HOUR)
  expect(third.kept(30 * HOUR)).toEqual(['a'])
})

it('a damaged note costs a day more, and no data', async () => {
  await writeFile(path, '{"a": 1')
  const strays = new Strays(path)
  expect(await strays.notice(['a'], 100 * HOUR)).toBe(1)
})

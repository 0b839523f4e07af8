import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MicrovmKits } from './kit.ts'

let cacheDir: string
beforeAll(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), 'garrison-kit-'))
})
afterAll(() => rm(cacheDir, { recursive: true }))

test('is built once, however many ask, and holds what it names', async () => {
  const kits = [new MicrovmKits({ cacheDir }), new MicrovmKits({ cacheDir })]
  const [one, other] = await Promise.all(kits.map((kit) => kit.ensure()))
  expect(one).toEqual(other)
  for (const path of [one?.kernel, one?.initrd, one?.preload])
    expect((await stat(path ?? '')).size).toBeGreaterThan(10_000)
}, 120_000)

test('a base that nobody knows is refused with those that there are', async () => {
  const kits = new MicrovmKits({ cacheDir })
  await expect(kits.ensureBase('garrison/none:1')).rejects.toThrow('garrison/base:1')
})

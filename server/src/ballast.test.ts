import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { type Ballast, createBallast } from './ballast.ts'

const mib = 1024 * 1024

let dataDir: string
let ballast: Ballast
let free: number
const log = vi.fn()
const kept = () => readdirSync(dataDir).includes('ballast')

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'garrison-ballast-'))
  log.mockReset()
  free = 1000 * mib
  ballast = createBallast({ dataDir, log, freeBytes: async () => free })
})
afterEach(() => rmSync(dataDir, { recursive: true }))

it('really takes room', async () => {
  await ballast.look()
  const { blocks } = statSync(join(dataDir, 'ballast'))
  expect(blocks * 512).toBeGreaterThanOrEqual(64 * mib)
  expect(ballast.state()).toMatchObject({ ok: true })
})

it('is given up when the disk is full, and says so', async () => {
  await ballast.look()
  free = 15 * mib
  await ballast.look()
  expect(kept()).toBe(false)
  expect(log).toHaveBeenCalledExactlyOnceWith('error', expect.stringContaining('full'), {
    dataDir,
    free_mib: 15,
  })
  expect(ballast.state()).toEqual({ ok: false, detail: expect.stringContaining('15 MiB are left') })
})

it('is not taken back with the room that it has made itself, nor at once again', async () => {
  await ballast.look()
  free = 0
  await ballast.look()
  free = 80 * mib
  await ballast.look()
  expect(kept()).toBe(false)
  expect(ballast.state()).toMatchObject({ ok: false })
  free = 256 * mib
  await ballast.look()
  expect(kept()).toBe(true)
  expect(ballast.state()).toMatchObject({ ok: true })
  expect(log).toHaveBeenCalledOnce()
})

it('is not made where there is no room for it', async () => {
  free = 100 * mib
  await ballast.look()
  expect(kept()).toBe(false)
})

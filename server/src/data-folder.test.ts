import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { AlreadyRunning, claimDataFolder, readClaim, startTime } from './data-folder.ts'

let dataDir: string
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'garrison-data-'))
})
afterEach(() => rmSync(dataDir, { recursive: true }))

it('is claimed by one at a time, who says where it answers', () => {
  const claim = claimDataFolder(dataDir)
  expect(() => claimDataFolder(dataDir)).toThrow(AlreadyRunning)
  claim.publish('http://127.0.0.1:8600', ['LOCAL-1'])
  expect(readClaim(dataDir)).toMatchObject({
    pid: process.pid,
    url: 'http://127.0.0.1:8600',
    regions: ['LOCAL-1'],
  })
  claim.release()
  expect(readdirSync(dataDir)).toEqual([])
})

it.each(['null', '{}', '[]', 'junk', '', '{"pid":99999999,"started":null}'])(
  'is free when its claim holds %j',
  (content) => {
    writeFileSync(join(dataDir, 'server.json'), content)
    expect(readClaim(dataDir)).toBeNull()
    claimDataFolder(dataDir).release()
  },
)

it('is free when its claim came with a copy of another folder', () => {
  const claim = claimDataFolder(dataDir)
  const copy = mkdtempSync(join(tmpdir(), 'garrison-copy-'))
  try {
    copyFileSync(join(dataDir, 'server.json'), join(copy, 'server.json'))
    expect(readClaim(copy)).toBeNull()
    expect(readClaim(dataDir)).not.toBeNull()
  } finally {
    claim.release()
    rmSync(copy, { recursive: true })
  }
})

it('is free when of its process only an entry is left that nobody has waited for', async () => {
  // The shell becomes a program that never asks after the child it began with.
  const careless = spawn('sh', ['-c', 'true & echo $!; exec sleep 60'])
  try {
    const [output] = await once(careless.stdout, 'data')
    await vi.waitFor(() => expect(startTime(Number(output))).toBeNull())
  } finally {
    careless.kill()
  }
})

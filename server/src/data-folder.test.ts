import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { AlreadyRunning, claimDataFolder, readClaim } from './data-folder.ts'

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

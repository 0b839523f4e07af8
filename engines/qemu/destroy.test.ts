import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, it, vi } from 'vitest'
import { destroyQemu } from './destroy.ts'
import { Networks } from './network/networks.ts'

let dataDir: string
const destroy = vi.spyOn(Networks.prototype, 'destroy').mockResolvedValue()
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'garrison-destroy-'))
  destroy.mockClear()
})
afterEach(() => rmSync(dataDir, { recursive: true }))
afterAll(() => destroy.mockRestore())

it('asks nothing of a host on which no networks were made, as that may need root', async () => {
  await destroyQemu({ dataDir, mark: 'a1b2c3' })
  expect(destroy).not.toHaveBeenCalled()
})

it('takes networks off the host, also those of a start that came no further', async () => {
  mkdirSync(join(dataDir, 'networks'))
  await destroyQemu({ dataDir, mark: 'a1b2c3' })
  expect(destroy).toHaveBeenCalledOnce()
})

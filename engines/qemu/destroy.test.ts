import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeEach, expect, it, vi } from 'vitest'
import { destroyQemu } from './destroy.ts'
import { Networks } from './network/networks.ts'
import { processName } from './process/arguments.ts'
import { isAlive, lookAt } from './process/processes.ts'

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

it('ends machines that still run, of this installation and of no other', async () => {
  const [mine, other] = [await machineOf('a1b2c3'), await machineOf('d4e5f6')]
  await destroyQemu({ dataDir, mark: 'a1b2c3' })
  expect([await isAlive(mine), await isAlive(other)]).toEqual([false, true])
  await destroyQemu({ dataDir, mark: 'd4e5f6' })
  expect(await isAlive(other)).toBe(false)
})

/** What shows as a machine's QEMU, and does nothing. */
async function machineOf(mark: string) {
  const name = processName(mark, crypto.randomUUID())
  const child = spawn('sh', ['-c', 'read -r line', 'sh', '-name', name], { stdio: 'pipe' })
  await once(child, 'spawn')
  const process = await lookAt(child.pid ?? 0)
  if (process === null) throw new Error('sh did not start')
  return process
}

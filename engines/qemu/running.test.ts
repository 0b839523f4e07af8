import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { MicrovmRecord } from './microvm/records.ts'
import { countRunning } from './running.ts'

const mark = `t${randomUUID().slice(0, 6)}`
const uid = process.getuid?.() ?? 0
let dataDir: string
let children: ChildProcess[]

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'garrison-running-'))
  children = []
})
afterEach(async () => {
  for (const child of children) {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  rmSync(dataDir, { recursive: true })
})

/** A process that shows such a name, as a QEMU does. */
async function processNamed(name: string) {
  const args = ['-e', 'process.stdin.resume()', '--', '-name', `${name},debug-threads=on`]
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'ignore', 'ignore'] })
  children.push(child)
  await once(child, 'spawn')
}

function microvm(slot: string | null, change: Partial<MicrovmRecord> = {}) {
  const folder = join(dataDir, 'microvms/machines')
  mkdirSync(folder, { recursive: true })
  const egress = { open: false, packageManagers: false, http: false, https: false }
  const record: MicrovmRecord = {
    ...{ tenant: 'a', gid: uid, vcpus: 1, memoryMib: 256, env: {}, layer: 'l', ram: 'm' },
    egress: { ...egress, domains: [], cidrs: [] },
    slot: slot === null ? null : { name: slot, number: 1, uid, gid: uid },
    ...{ suspended: false, hasOwnEnv: false, holdsEnv: false, given: '', qemu: null, start: null },
    ...change,
  }
  writeFileSync(join(folder, `${randomUUID()}.json`), JSON.stringify(record))
}

it('counts nothing where there was never anything', async () => {
  expect(await countRunning({ dataDir, mark })).toEqual({ machines: 0, microvms: 0 })
})

it('counts the machines of this installation alone', async () => {
  await processNamed(`garrison-${mark}-${randomUUID()}`)
  await processNamed(`garrison-${mark}x-${randomUUID()}`)
  expect(await countRunning({ dataDir, mark })).toEqual({ machines: 1, microvms: 0 })
})

it('counts microVMs with a process, and not those that wait for somebody', async () => {
  await processNamed(`garrison-pool-${mark}-0-aaaa`)
  await processNamed(`garrison-pool-${mark}-1-bbbb`)
  await processNamed(`garrison-pool-${mark}-2-cccc`)
  microvm('pool-0-aaaa')
  microvm('pool-1-bbbb', { suspended: true })
  microvm('pool-3-dddd')
  microvm(null)
  expect(await countRunning({ dataDir, mark })).toEqual({ machines: 0, microvms: 1 })
})

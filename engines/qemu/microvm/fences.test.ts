import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { NO_EGRESS } from '../../engine.ts'
import { Orders } from '../orders.ts'
import { QemuMicrovms, type QemuMicrovmsOptions } from './microvms.ts'
import type { MicrovmRecord, MicrovmSnapshotRecord } from './records.ts'

let dataDir: string
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'garrison-microvm-fences-'))
})
afterEach(() => rm(dataDir, { recursive: true }))

const common = { tenant: 'a', gid: 1, vcpus: 1, memoryMib: 128, layer: 'l', env: {} }
const snapshot: MicrovmSnapshotRecord = {
  ...{ ...common, isPublic: true, sizeBytes: 1, pausedMs: 1 },
  memory: { name: 'm', qemu: 'q', unsafeSince: null },
}
const machine: MicrovmRecord = {
  ...{ ...common, ram: 'r', slot: null, suspended: true, given: '', qemu: 'q', start: null },
  ...{ egress: NO_EGRESS, hasOwnEnv: false, holdsEnv: false },
}

async function put(folder: string, record: object): Promise<string> {
  const id = randomUUID()
  const path = join(dataDir, 'microvms', folder)
  await mkdir(path, { recursive: true })
  await writeFile(join(path, `${id}.json`), JSON.stringify(record))
  return id
}

test('what is older than a month keeps its fence as long as it is there', async () => {
  const there = [await put('snapshots', snapshot), await put('machines', machine)]
  const fences = join(dataDir, 'fences')
  await mkdir(fences)
  const longAgo = new Date(Date.now() - 31 * 24 * 3600 * 1000)
  for (const id of [...there, randomUUID()]) {
    await writeFile(join(fences, id), '7\n')
    await utimes(join(fences, id), longAgo, longAgo)
  }
  const orders = new Orders(fences)
  const options = { dataDir, mark: 'test', orders, log: () => {} } as unknown as QemuMicrovmsOptions
  const microvms = new QemuMicrovms(options)
  // Asked too early, it would be told that nothing is there.
  await expect(orders.load((id) => microvms.has(id))).rejects.toThrow(/not read yet/)
  await microvms.load()
  await orders.load((id) => microvms.has(id))
  expect((await readdir(fences)).toSorted()).toEqual(there.toSorted())
})

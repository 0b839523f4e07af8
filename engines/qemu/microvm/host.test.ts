import { randomUUID } from 'node:crypto'
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { MicrovmHost } from './host.ts'

let dataDir: string
let host: MicrovmHost

const open = async () => {
  const opened = new MicrovmHost(
    {
      dataDir,
      mark: 'hosttest',
      kits: {
        ensure: () => Promise.reject(new Error('There is no kit')),
        ensureBase: () => Promise.reject(new Error('There is no base')),
      },
      log: () => {},
      subnet: () => ({ first: 0x0a00_0000, prefix: 16 }),
      accelerator: () => 'tcg',
    },
    () => {},
  )
  await opened.load()
  await opened.open()
  return opened
}

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'garrison-host-'))
  await chmod(dataDir, 0o711)
  host = await open()
})
afterEach(async () => {
  await host.close()
  await rm(dataDir, { recursive: true })
})

const snapshotOf = (name: string) => ({
  ...{ tenant: 'tenant', gid: 1, isPublic: false, vcpus: 1, memoryMib: 128, layer: 'l1', env: {} },
  ...{ memory: { name, qemu: '1', unsafeSince: null }, sizeBytes: 0, pausedMs: 0 },
})

it('sweeps no memory that is recorded while it sweeps', async () => {
  const name = host.newMemory()
  await writeFile(host.paths.ram(name), '')
  const tidy = host.images.tidy.bind(host.images)
  vi.spyOn(host.images, 'tidy').mockImplementationOnce(async () => {
    await tidy()
    await host.snapshots.put(randomUUID(), snapshotOf(name))
    host.pinned.delete(name)
  })
  await host.sweep()
  expect(await readdir(host.paths.memory)).toEqual([`${name}.ram`])
})

it('sweeps memory that nobody has', async () => {
  await writeFile(host.paths.ram('m1'), '')
  await host.sweep()
  expect(await readdir(host.paths.memory)).toEqual([])
})

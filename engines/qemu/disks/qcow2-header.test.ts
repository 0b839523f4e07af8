import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readQcow2Header } from './qcow2-header.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'garrison-qcow2-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** The fields that we read, where QEMU's specification has them. */
async function writeHeader(options: { backing?: string; size: bigint; magic?: string }) {
  const header = Buffer.alloc(512)
  header.write(options.magic ?? 'QFI\xfb', 'latin1')
  header.writeBigUInt64BE(options.size, 24)
  if (options.backing !== undefined) {
    header.writeBigUInt64BE(200n, 8)
    header.writeUInt32BE(options.backing.length, 16)
    header.write(options.backing, 200)
  }
  const path = join(folder, 'test.qcow2')
  await writeFile(path, header)
  return path
}

test('tells the size of the disk and the file below', async () => {
  const path = await writeHeader({ backing: 'os-abc.qcow2', size: 2_000_000_000n })
  expect(await readQcow2Header(path)).toEqual({
    virtualSizeBytes: 2_000_000_000,
    backingFile: 'os-abc.qcow2',
    endOfTablesBytes: 0,
  })
})

test('knows a file with nothing below', async () => {
  const path = await writeHeader({ size: 512n })
  expect(await readQcow2Header(path)).toMatchObject({ backingFile: null })
})

test('refuses other files', async () => {
  const path = await writeHeader({ size: 512n, magic: 'PK\x03\x04' })
  await expect(readQcow2Header(path)).rejects.toThrow(/is not a qcow2 file/)
})

test('refuses a file that was cut off', async () => {
  const path = join(folder, 'short.qcow2')
  await writeFile(path, 'QFI\xfb')
  await expect(readQcow2Header(path)).rejects.toThrow(/is not a qcow2 file/)
})

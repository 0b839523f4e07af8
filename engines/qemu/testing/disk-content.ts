/** Looks into a disk from the host, without any machine. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from '../network/run.ts'

/** Works with the raw content of a qcow2 file with all below it, which may be in use. */
async function withRawDisk<T>(layer: string, work: (raw: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'garrison-disk-'))
  try {
    const raw = join(folder, 'disk.raw')
    await run('qemu-img', ['convert', '-U', '-O', 'raw', layer, raw])
    return await work(raw)
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Throws when the file system has to be repaired, be it only by its journal. */
export async function requireCleanFileSystem(layer: string): Promise<void> {
  await withRawDisk(layer, (raw) => run('e2fsck', ['-f', '-n', raw]))
}

/** A file's content after the journal has been replayed, as a boot would; throws when that fails. */
export async function readFileOnDisk(layer: string, path: string): Promise<string> {
  return withRawDisk(layer, async (raw) => {
    await run('e2fsck', ['-p', '-E', 'journal_only', raw])
    await run('e2fsck', ['-f', '-n', raw])
    return run('debugfs', ['-R', `cat ${path}`, raw])
  })
}

/** Files that somebody made to do harm, with checksums and sizes that are right. */
import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { chmod, mkdtemp, open, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ImportSpec } from '../../engine.ts'
import { run } from '../network/run.ts'
import { makeQemuWorld, type QemuWorld } from '../testing/world.ts'
import { runConfined } from './confined.ts'

const SIZE = 64 * 1024 ** 2

let world: QemuWorld
let folder: string
let recipe: string
beforeAll(async () => {
  world = await makeQemuWorld()
  folder = await mkdtemp(join(tmpdir(), 'garrison-hostile-'))
  recipe = await recipeOfAnExport()
})
afterAll(async () => {
  await world.dispose()
  await rm(folder, { recursive: true })
})

async function recipeOfAnExport(): Promise<string> {
  const { id } = await world.deploy()
  const snapshot = randomUUID()
  const engine = world.current()
  await engine.ensureSnapshot(id, snapshot, { memory: false }, world.order())
  const made = await engine.exportSnapshot(randomUUID(), snapshot, world.order())
  await engine.ensureGone(id, world.order())
  return made.recipe
}

async function take(path: string): Promise<string> {
  const hash = createHash('sha256')
  createReadStream(path).pipe(hash)
  await once(hash, 'readable')
  const spec: ImportSpec = {
    ...{ tenant: randomUUID(), osImage: 'garrison-small', recipe, consistency: 'crash' },
    ...{ diskGb: 1, virtualSizeBytes: SIZE, sizeBytes: (await stat(path)).size },
    sha256: hash.digest('hex'),
  }
  const snapshot = randomUUID()
  const engine = world.current()
  await engine.appendUpload(snapshot, 0, createReadStream(path), spec.sizeBytes)
  const layers = await readdir(world.paths.layers)
  const said = await engine.importSnapshot(snapshot, spec, world.order()).then(
    () => 'taken in',
    (error: Error) => error.message,
  )
  if (said !== 'taken in') expect(await readdir(world.paths.layers)).toEqual(layers)
  await engine.ensureSnapshotGone(snapshot, world.order())
  return said
}

const qcow2 = async (name: string, ...options: string[]) => {
  const path = join(folder, name)
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', ...options, path, String(SIZE)])
  return path
}

it('a plain disk is taken in', async () => {
  expect(await take(await qcow2('plain.qcow2'))).toBe('taken in')
})

it('a backing file is refused', async () => {
  const secret = '/etc/passwd'
  const path = await qcow2('backed.qcow2', '-u', '-b', secret, '-F', 'raw')
  expect(await take(path)).toMatch(/backing file/)
})

it('data in another file is refused', async () => {
  const data = join(folder, 'data.raw')
  const path = await qcow2('data.qcow2', '-o', `data_file=${data},data_file_raw=on`)
  expect(await take(path)).toMatch(/another file/)
})

it('snapshots inside are refused', async () => {
  const path = await qcow2('inside.qcow2')
  await run('qemu-img', ['snapshot', '-c', 'inner', path])
  expect(await take(path)).toMatch(/snapshots/)
})

it('a disk of another size than announced is refused', async () => {
  const path = join(folder, 'bomb.qcow2')
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', path, '1P'])
  expect(await take(path)).toMatch(/1125899906842624 bytes and the manifest says/)
})

it('tables that lead nowhere are refused, without a word about this host', async () => {
  const path = await qcow2('broken.qcow2')
  await using file = await open(path, 'r+')
  await file.write(Buffer.alloc(512, 0xff), 0, 512, 196_608)
  const said = await take(path)
  expect(said).toMatch(/refused/)
  expect(said).not.toContain(world.paths.data)
})

it('what reads such files sees no network, no other’s files, and writes no more than it may', async () => {
  await chmod(folder, 0o755)
  const secret = join(folder, 'secret')
  await writeFile(secret, 'x', { mode: 0o600 })
  const owner = { uid: 0x7000_fff0, gid: 0x7000_fff0 }
  const signal = AbortSignal.timeout(30_000)
  const confined = (command: string) => runConfined('sh', ['-c', command], { owner, signal })
  await expect(confined(`cat ${secret}`)).rejects.toThrow(/Permission denied/)
  expect((await confined('cat /proc/net/dev')).match(/\w+:/g)).toEqual(['lo:'])
  expect(await confined('id -u; id -g; id -G; grep CapEff /proc/self/status')).toMatch(
    /^(1879113712\n){3}CapEff:\s0+\n$/,
  )
  const writable = join(folder, 'writable')
  await writeFile(writable, '', { mode: 0o666 })
  await chmod(writable, 0o666)
  await expect(confined(`head -c 1000000 /dev/zero > ${writable}`)).rejects.toThrow()
  expect((await stat(writable)).size).toBe(0)
})

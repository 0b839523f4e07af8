import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { run } from '../network/run.ts'
import { Layers } from './layers.ts'

const owner = { uid: 1_900_000_001, gid: 1_900_000_002 }
const GB = 1e9
let folder: string
let layers: Layers

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'garrison-layers-'))
  const os = join(folder, 'cache.qcow2')
  await run('qemu-img', ['create', '-q', '-f', 'qcow2', os, '64M'])
  layers = await open()
  await layers.copyOsImage('os-test', os)
})
afterEach(() => rm(folder, { recursive: true }))

async function open(): Promise<Layers> {
  const opened = new Layers(join(folder, 'layers'))
  await opened.load()
  return opened
}
const files = async () => (await readdir(join(folder, 'layers'))).sort()

test('an overlay is as large as asked, and its owner alone may touch it', async () => {
  await layers.createOverlay('one', 'os-test', owner, GB)
  const { uid, gid, mode } = await stat(layers.path('one'))
  expect({ uid, gid, mode: mode & 0o777 }).toEqual({ ...owner, mode: 0o600 })
  expect(layers.virtualSizeBytes('one')).toBe(GB)
})

test('an overlay over an overlay has its size', async () => {
  await layers.createOverlay('one', 'os-test', owner, GB)
  await layers.createOverlay('two', 'one', owner)
  expect(layers.virtualSizeBytes('two')).toBe(GB)
})

test('overlays that begin alike are whole, and each its own', async () => {
  for (const name of ['one', 'two', 'three'])
    await layers.createOverlay(name, 'os-test', owner, name === 'three' ? 2 * GB : GB)
  const write = ['-f', 'qcow2', '-c', 'write -P 7 0 4096', layers.path('one')]
  await run('qemu-io', write)
  const read = ['-f', 'qcow2', '-c', 'read -P 0 0 4096', layers.path('two')]
  expect(await run('qemu-io', read)).not.toContain('failed')
  for (const name of ['one', 'two']) await run('qemu-img', ['check', '-q', layers.path(name)])
  expect(await layers.isEmpty('two')).toBe(true)
  expect(layers.chain('two')).toEqual(['two', 'os-test'])
  expect(layers.virtualSizeBytes('three')).toBe(2 * GB)
})

test('chains are known again after a restart', async () => {
  await layers.createOverlay('one', 'os-test', owner, GB)
  await layers.createOverlay('two', 'one', owner)
  expect((await open()).chain('two')).toEqual(['two', 'one', 'os-test'])
})

test('the data folder can be moved, since layers name each other relatively', async () => {
  await layers.createOverlay('one', 'os-test', owner, GB)
  const moved = join(folder, 'moved')
  await run('cp', ['-r', join(folder, 'layers'), moved])
  await rm(join(folder, 'layers'), { recursive: true })
  await run('qemu-img', ['check', '-q', join(moved, 'one.qcow2')])
})

test('what can be reached from a root or a pin stays, the rest goes', async () => {
  for (const name of ['kept', 'pinned', 'garbage'])
    await layers.createOverlay(name, 'os-test', owner, GB)
  await layers.createOverlay('top', 'kept', owner)
  using _ = layers.pin('pinned')
  await layers.sweep(['top'])
  expect(await files()).toEqual(['kept', 'os-test', 'pinned', 'top'].map((name) => `${name}.qcow2`))
})

test('what is spared stays, though nothing leads to it', async () => {
  for (const name of ['spared', 'garbage']) await layers.createOverlay(name, 'os-test', owner, GB)
  expect(layers.unreachable(['os-test']).sort()).toEqual(['garbage', 'spared'])
  await layers.sweep(['os-test'], ['spared'])
  expect(await files()).toEqual(['os-test.qcow2', 'spared.qcow2'])
})

test('what lies below one that is spared stays as well, whether or not anything is in it', async () => {
  await layers.createOverlay('base', 'os-test', owner, GB)
  await layers.createOverlay('middle', 'base', owner)
  await layers.createOverlay('top', 'middle', owner)
  await layers.sweep([], ['top'])
  await run('qemu-img', ['check', '-q', layers.path('top')])
  expect((await open()).chain('top')).toEqual(['top', 'middle', 'base', 'os-test'])
})

test('a layer is empty until somebody writes to it', async () => {
  await layers.createOverlay('one', 'os-test', owner, GB)
  expect(await layers.isEmpty('one')).toBe(true)
  await run('qemu-io', ['-c', 'write 0 512', layers.path('one')])
  expect(await layers.isEmpty('one')).toBe(false)
})

test('a pin ends when it is disposed of', async () => {
  await layers.createOverlay('one', 'os-test', owner, GB)
  {
    using _ = layers.pin('one')
    using again = layers.pin('one')
    expect(again).toBeDefined()
  }
  await layers.sweep([])
  expect(await files()).toEqual([])
})

test('nothing can be built upon a layer that is being swept away', async () => {
  await layers.createOverlay('one', 'os-test', owner, GB)
  const swept = layers.sweep([])
  await expect(layers.createOverlay('two', 'one', owner)).rejects.toThrow(/missing/)
  await swept
})

test('a half-made overlay never counts', async () => {
  await writeFile(`${layers.path('one')}.0011aabb.tmp`, 'QFI')
  const again = await open()
  expect(again.has('one')).toBe(false)
  expect(await files()).toEqual(['os-test.qcow2'])
})

test('only what is above the OS image is counted', async () => {
  await layers.createOverlay('one', 'os-test', owner, GB)
  const empty = await layers.bytesAboveOs('one')
  await run('qemu-io', ['-c', 'write 0 8M', layers.path('one')])
  expect((await layers.bytesAboveOs('one')) - empty).toBeGreaterThanOrEqual(8 * 2 ** 20)
  expect(empty).toBeLessThan(2 ** 20)
})

test('a disk with two hundred layers gets no more, and it is said what to do', async () => {
  let below = 'os-test'
  for (let i = 1; i < 200; i++) {
    await layers.createOverlay(`l${i}`, below, owner, GB)
    below = `l${i}`
  }
  const another = layers.createOverlay('straw', below, owner, GB)
  await expect(another).rejects.toThrow(/deploy a new machine/)
})

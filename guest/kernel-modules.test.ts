import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { dependenciesOf, ModuleTree, moduleName } from './kernel-modules.ts'

const module = (...dependencies: string[]) =>
  Buffer.from(`\x7fELF\0license=GPL\0depends=${dependencies.join(',')}\0name=x\0`, 'latin1')

describe('dependenciesOf', () => {
  it('reads the names out of the module', () => {
    expect(dependenciesOf(module('virtio', 'virtio-ring'))).toEqual(['virtio', 'virtio_ring'])
  })

  it('finds none in a module that needs nothing', () => {
    expect(dependenciesOf(module())).toEqual([])
  })
})

describe('moduleName', () => {
  it('is the name the kernel uses, whatever the file is called', () => {
    expect(moduleName('kernel/drivers/virtio/virtio-ring.ko.zst')).toBe('virtio_ring')
  })
})

describe('ModuleTree', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'modules-'))
    await put('modules.builtin', 'kernel/fs/ext4/ext4.ko\nkernel/lib/crc-itu.ko\n')
  })
  afterEach(() => rm(folder, { recursive: true }))

  const put = async (path: string, content: string | Buffer) => {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
  const names = async (...wanted: string[]) =>
    (await (await ModuleTree.open(folder)).loadOrder(wanted)).map(({ name }) => name)

  it('loads each module once, after what it depends on', async () => {
    await put('kernel/a.ko', module('b', 'c'))
    await put('kernel/deep/b.ko', module('c'))
    await put('kernel/c.ko', module())
    expect(await names('a', 'b')).toEqual(['c', 'b', 'a'])
  })

  it('leaves out what is built into the kernel', async () => {
    await put('kernel/a.ko', module('crc-itu'))
    expect(await names('ext4', 'a')).toEqual(['a'])
  })

  it('unpacks compressed modules', async () => {
    await put('kernel/a.ko.zst', zstdCompressSync(module('b')))
    await put('kernel/b.ko', module())
    const order = await (await ModuleTree.open(folder)).loadOrder(['a'])
    expect(order.map(({ content }) => content)).toEqual([module(), module('b')])
  })

  it('names the module that the kernel does not have', async () => {
    await expect(names('zram')).rejects.toThrow('This kernel has no module zram')
  })

  it('refuses a compression that it does not know', async () => {
    await put('kernel/a.ko.xz', 'anything')
    await expect(names('a')).rejects.toThrow('a.ko.xz')
  })
})

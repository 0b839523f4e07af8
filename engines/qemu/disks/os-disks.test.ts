import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { EngineError, NotFoundError } from '../../engine.ts'
import type { BootImage, OsImages } from '../os-images.ts'
import { Layers } from './layers.ts'
import { OsDisks } from './os-disks.ts'

let folder: string
const cache = () => join(folder, 'cache')
const boot = () => join(folder, 'boot')

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'garrison-os-disks-'))
  await mkdir(cache())
})
afterEach(() => rm(folder, { recursive: true }))

/** A builder that has one image, of this recipe. */
function builder(recipe: string): OsImages {
  const image: BootImage = {
    ...{ name: 'small', recipe, append: 'quiet', loginUser: 'root' },
    ...{ virtualSizeBytes: 512, sizeBytes: 72, root: join(cache(), 'root') },
    ...{ kernel: join(cache(), 'kernel'), initrd: join(cache(), 'initrd') },
  }
  return {
    list: async () => [{ name: 'small', minDiskGb: 1, sizeBytes: 72, ready: true }],
    ensure: async (name) => {
      if (name !== 'small') throw new Error(`unknown image ${name}`)
      const header = Buffer.alloc(72)
      header.write('QFI\xfb', 'latin1')
      header.writeBigUInt64BE(512n, 24)
      await writeFile(image.root, header)
      for (const file of [image.kernel, image.initrd])
        await writeFile(file, recipe, { mode: 0o600 })
      return image
    },
  }
}

async function open(osImages: OsImages) {
  const layers = new Layers(join(folder, 'layers'))
  const osDisks = new OsDisks(boot(), layers, osImages)
  await layers.load()
  await osDisks.load()
  return { layers, osDisks }
}

test('have what a disk needs when the cache has been purged', async () => {
  const { layers, osDisks } = await open(builder('one'))
  const recipe = await osDisks.require('small')
  await rm(cache(), { recursive: true })
  const { kernel, append } = await osDisks.bootFiles(recipe)
  expect(await readFile(kernel, 'utf8')).toBe('one')
  expect(append).toBe('quiet')
  expect(layers.virtualSizeBytes('os-one')).toBe(512)
})

test('may be read by everybody and written by nobody', async () => {
  const { layers, osDisks } = await open(builder('one'))
  const { kernel, initrd } = await osDisks.bootFiles(await osDisks.require('small'))
  for (const path of [kernel, initrd, layers.path('os-one')])
    expect((await stat(path)).mode & 0o777).toBe(0o444)
})

test('keep the kernel of an older recipe for the disks that were made of it', async () => {
  const before = await open(builder('one'))
  await before.osDisks.require('small')
  const { layers, osDisks } = await open(builder('two'))
  await osDisks.require('small')
  await layers.sweep(['os-one'])
  await osDisks.sweep()
  expect(await readFile((await osDisks.bootFiles('one')).kernel, 'utf8')).toBe('one')
})

test('let the kernel go with the last disk', async () => {
  await (await open(builder('one'))).osDisks.require('small')
  const { layers, osDisks } = await open(builder('two'))
  await layers.sweep([])
  await osDisks.sweep()
  expect(await readdir(boot())).toEqual([])
  await expect(osDisks.bootFiles('one')).rejects.toThrow(EngineError)
})

test('are not swept away between two machines', async () => {
  const { layers, osDisks } = await open(builder('one'))
  await osDisks.require('small')
  await layers.sweep([])
  await osDisks.sweep()
  expect(await readdir(boot())).toEqual(['one'])
})

test('finish what a killed process left half copied', async () => {
  await mkdir(join(boot(), 'one.tmp'), { recursive: true })
  const { osDisks } = await open(builder('one'))
  await osDisks.require('small')
  expect(await readdir(boot())).toEqual(['one'])
})

test('name the images that there are when asked for another', async () => {
  const { osDisks } = await open(builder('one'))
  const asked = osDisks.require('large')
  await expect(asked).rejects.toThrow(NotFoundError)
  await expect(asked).rejects.toThrow(/there are small/)
})

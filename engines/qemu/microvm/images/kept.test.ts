import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Layers } from '../../disks/layers.ts'
import { imageLayerName, KeptImages } from './kept.ts'

const PLENTY = 100e9
const DAY_MS = 86_400_000
const ours = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
const one = imageLayerName(`sha256:${'1'.repeat(64)}`)
const two = imageLayerName(`sha256:${'2'.repeat(64)}`)
const kept = { image: 'a.example/b:1', env: { COLOUR: 'blue' } }

let folder: string
const open = async () => {
  const layers = new Layers(join(folder, 'layers'))
  await layers.load()
  const images = new KeptImages(join(folder, 'images'), layers)
  await images.load()
  return { layers, images }
}
const add = async ({ layers, images }: Awaited<ReturnType<typeof open>>, layer: string) => {
  await layers.createEmpty(layer, ours, 2 ** 20)
  await images.put(layer, kept)
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'garrison-kept-'))
})
afterEach(() => rm(folder, { recursive: true }))

it('is found again after a restart, with what its programs are given', async () => {
  await add(await open(), one)
  const { images } = await open()
  expect(await images.find(one)).toEqual(kept)
  expect(await images.find(two)).toBe(null)
})

it('stays for a week after its last use, the last used first', async () => {
  const site = await open()
  await add(site, one)
  await add(site, two)
  const before = new Date(Date.now() - 6 * DAY_MS)
  for (const layer of [one, two])
    await utimes(join(folder, 'images', `${layer}.json`), before, before)
  const { layers, images } = await open()
  await images.find(one)
  expect(images.spared(PLENTY)).toEqual([one, two])
  expect(images.spared(PLENTY, Date.now() + 2 * DAY_MS)).toEqual([one])
  expect(images.spared(1e9)).toEqual([])
  await layers.sweep([], images.spared(PLENTY, Date.now() + 2 * DAY_MS))
  await images.tidy()
  expect(await readdir(join(folder, 'images'))).toEqual([`${one}.json`])
  expect(await images.find(two)).toBe(null)
})

it('is not there as long as it is not whole, and nothing is kept of what has no layer', async () => {
  const { layers, images } = await open()
  await layers.createEmpty(one, ours, 2 ** 20)
  expect(await images.find(one)).toBe(null)
  expect(images.spared(PLENTY)).toEqual([])
  await writeFile(join(folder, 'images', `${two}.json`), '{}')
  await open()
  expect(await readdir(join(folder, 'images'))).toEqual([])
})

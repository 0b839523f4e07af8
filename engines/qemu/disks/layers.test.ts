import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { run } from '../network/run.ts'
import { Layers, newLayerName } from './layers.ts'

const ours = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }

let folder: string
let layers: Layers

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'garrison-layers-'))
  layers = new Layers(folder)
  await layers.load()
})
afterEach(() => rm(folder, { recursive: true }))

it('is made once: what others may stand on already is never replaced', async () => {
  const name = newLayerName()
  const disk = (size: string) => async (path: string) => {
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', path, size])
  }
  await layers.createFrom(name, ours, disk('1M'))
  await layers.createFrom(name, ours, disk('2M'))
  expect(layers.virtualSizeBytes(name)).toBe(2 ** 20)
})

it('freezes what is below an active one and was not yet, and leaves what is frozen as it is', async () => {
  const [bottom, middle, active] = [newLayerName(), newLayerName(), newLayerName()]
  await layers.createEmpty(bottom, ours, 2 ** 20)
  await layers.freeze(bottom, ours.gid, true)
  await layers.createOverlay(middle, bottom, ours)
  await layers.createOverlay(active, middle, ours)
  await layers.freezeBelow(active, ours.gid)
  const modes = [bottom, middle, active].map(async (name) => (await stat(layers.path(name))).mode)
  expect((await Promise.all(modes)).map((mode) => mode & 0o777)).toEqual([0o444, 0o440, 0o600])
})

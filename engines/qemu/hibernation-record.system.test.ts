/** A disk that fails between writing a record and saying that it is safe. */
import { existsSync } from 'node:fs'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { MachineSpec } from '../engine.ts'
import { makeQemuWorld, type QemuWorld } from './testing/world.ts'

const disk = vi.hoisted(() => ({ fails: (_content: string): boolean => false }))
vi.mock('./records/durable-files.ts', async (original) => {
  const real = await original<typeof import('./records/durable-files.ts')>()
  return {
    ...real,
    async writeDurably(path: string, content: string) {
      await real.writeDurably(path, content)
      if (disk.fails(content)) throw new Error('EIO: i/o error, fsync')
    },
  }
})

let world: QemuWorld
let spec: MachineSpec
beforeAll(async () => {
  world = await makeQemuWorld()
  spec = await world.deploy()
})
afterAll(() => world.dispose())

const hibernate = () => world.current().ensureHibernated(spec.id, world.order())
const status = async () => (await world.current().observe(spec.id)).status
const saysHibernated = (content: string) => content.includes('"hibernation": {')
const isMachine = (content: string) => content.includes('"hibernation"')

test('a machine goes on that is not surely hibernated, and nothing says that it is', async () => {
  disk.fails = saysHibernated
  await expect(hibernate()).rejects.toThrow(/EIO/)
  disk.fails = () => false
  const { pid } = await world.processOf(spec.id)
  expect(await status()).toBe('running')
  expect(existsSync(world.paths.memory(spec.id))).toBe(false)
  await world.reopen()
  expect(await status()).toBe('running')
  expect((await world.processOf(spec.id)).pid).toBe(pid)
})

test('it holds still, with its memory kept, while that cannot be written either', async () => {
  disk.fails = isMachine
  await expect(hibernate()).rejects.toThrow(/EIO/)
  expect(existsSync(world.paths.memory(spec.id))).toBe(true)
  await expect(world.current().ensureMachine(spec, world.order())).rejects.toThrow(/EIO/)
  disk.fails = () => false
  await world.current().ensureMachine(spec, world.order())
  expect(await status()).toBe('running')
  await world.reopen()
  expect(await status()).toBe('running')
})

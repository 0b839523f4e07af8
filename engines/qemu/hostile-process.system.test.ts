/** A guest that has taken over its QEMU can have that show anything as its arguments. */
import { open, readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { MachineSpec } from '../engine.ts'
import { killAndWait } from './process/processes.ts'
import { makeQemuWorld, type QemuWorld } from './testing/world.ts'

let world: QemuWorld
let spec: MachineSpec
beforeAll(async () => {
  world = await makeQemuWorld()
  spec = await world.deploy()
})
afterAll(() => world.dispose())

const argumentsOf = async (pid: number) =>
  (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0')

/** Has the machine's process show `lie`, of the same length, in place of one of its arguments. */
async function forge(word: string, lie: string) {
  const process = await world.processOf(spec.id)
  const shown = await readFile(`/proc/${process.pid}/cmdline`)
  const stat = await readFile(`/proc/${process.pid}/stat`, 'utf8')
  const begin = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[45])
  const memory = await open(`/proc/${process.pid}/mem`, 'r+')
  await memory.write(lie, begin + shown.indexOf(`\0${word}\0`) + 1)
  await memory.close()
  expect(await argumentsOf(process.pid)).toContain(lie)
  return process
}

test('its memory is never taken up with arguments that it has put in its own place', async () => {
  await forge('-sandbox', '-newsbox')
  await world.current().ensureHibernated(spec.id, world.order())
  await world.current().ensureMachine(spec, world.order())
  const { pid } = await world.processOf(spec.id)
  expect(await argumentsOf(pid)).toContain('-sandbox')
})

test('one that hides whose it is does not keep the others from their server', async () => {
  const hidden = await forge('-name', '-nobo')
  await world.reopen()
  expect(await world.current().observe(spec.id)).toMatchObject({ status: 'stopped' })
  await killAndWait(hidden)
  expect(await world.current().ensureMachine(spec, world.order())).toMatchObject({
    status: 'running',
  })
})

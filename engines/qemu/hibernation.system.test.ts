import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile, truncate, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import type { MachineSpec } from '../engine.ts'
import type { Job } from './testing/hibernate.ts'
import { makeQemuWorld, type QemuWorld } from './testing/world.ts'

/** Counts, in a shell that a boot would not bring back, into a file that stays open. */
const COUNTER = `#!/bin/sh
(exec 3> /root/open; i=0; while :; do i=$((i+1)); echo $i >&3; echo "COUNT $i $(date +%s) END" > /dev/console; usleep 200000; done) &
`

let world: QemuWorld
let counter: MachineSpec
beforeAll(async () => {
  world = await makeQemuWorld()
  const spec = world.spec()
  counter = await world.deploy({ ...spec, guest: { ...spec.guest, userData: COUNTER } })
  await counted(0)
})
// Whatever the test before left behind.
beforeEach(async () => {
  await world.reopen()
  await goOn()
})
afterAll(() => world.dispose())

const hibernate = () => world.current().ensureHibernated(counter.id, world.order())
const goOn = (options = {}) => world.current().ensureMachine(counter, world.order(), options)
const status = async () => (await world.current().observe(counter.id)).status
const memoryFile = () => world.paths.memory(counter.id)

/** What it has counted to, and when that was by its own clock, in seconds. */
async function counts(): Promise<{ count: number; at: number }[]> {
  const log = await readFile(world.paths.consoleLog(counter.id), 'utf8').catch(() => '')
  return [...log.matchAll(/COUNT (\d+) (\d+) END/g)].map(([, count, at]) => ({
    count: Number(count),
    at: Number(at),
  }))
}
const lastCount = async () => (await counts()).at(-1)?.count ?? 0

/** Waits until it counts beyond this; throws when it began anew. What nobody listened to is not there. */
async function counted(beyond: number): Promise<void> {
  await vi.waitUntil(async () => (await lastCount()) > beyond, { timeout: 60_000 })
  const seen = (await counts()).map(({ count }) => count)
  expect(seen).toEqual([...new Set(seen)].sort((a, b) => a - b))
}

/** Does it in another process that is killed at a step; this engine lets go meanwhile. */
async function killedAt(verb: Job['verb'], dieAt: string): Promise<void> {
  await world.current().close()
  const { fence } = world.order()
  const job: Job = { ...world.options, spec: counter, verb, fence, dieAt }
  const script = fileURLToPath(import.meta.resolve('./testing/hibernate.ts'))
  const child = spawn(process.execPath, [script, JSON.stringify(job)], { stdio: 'inherit' })
  const [, signal] = await once(child, 'exit')
  expect(signal).toBe('SIGKILL')
}

test('a guest goes on in the middle of what it did, and its clock is right', async () => {
  const before = await lastCount()
  expect(await hibernate()).toEqual({ memory: true })
  const asleep = Date.now()
  await expect(world.processOf(counter.id)).rejects.toThrow(/No process/)
  await vi.waitUntil(() => Date.now() - asleep > 3_000, { timeout: 10_000 })
  await goOn()
  expect(existsSync(memoryFile())).toBe(false)
  await world.until(counter.id, (state) => state.guestUp)
  await counted(before + 5)
  const clock = async () => {
    const behind = Date.now() / 1000 - ((await counts()).at(-1)?.at ?? 0)
    return Math.abs(behind) < 2
  }
  await vi.waitUntil(clock, { timeout: 20_000 })
})

test('a server that is killed at any step of hibernating loses nothing', async () => {
  for (const step of ['processors stopped', 'memory kept', 'recorded']) {
    const before = await lastCount()
    await killedAt('hibernate', `hibernation: ${step}`)
    await world.reopen()
    expect(await status(), step).toBe(step === 'recorded' ? 'hibernated' : 'running')
    expect(await hibernate()).toEqual({ memory: true })
    expect(await status()).toBe('hibernated')
    await goOn()
    await counted(before)
  }
})

test('nor does one that is killed while a machine is to go on after all', async () => {
  const before = await lastCount()
  await killedAt('hibernate', 'hibernation: memory kept')
  await world.reopen()
  expect(await goOn()).toMatchObject({ status: 'running' })
  await counted(before)
})

test('a server that is killed at any step of going on loses nothing', async () => {
  for (const step of ['process started', 'hibernation: memory void', 'hibernation: continued']) {
    const before = await lastCount()
    await hibernate()
    await killedAt('continue', step)
    await world.reopen()
    expect(await goOn()).toMatchObject({ status: 'running' })
    await counted(before)
    await world.reopen()
    expect(existsSync(memoryFile())).toBe(false)
  }
})

test('one that answers late is put in order as if it had answered at once', async () => {
  await hibernate()
  await killedAt('continue', 'process started')
  const { pid } = await world.processOf(counter.id)
  process.kill(pid, 'SIGSTOP')
  await world.reopen()
  process.kill(pid, 'SIGCONT')
  const isGone = async () => (await world.processOf(counter.id).catch(() => null)) === null
  await vi.waitUntil(isGone, { timeout: 20_000 })
  expect(await status()).toBe('hibernated')
})

test('memory of another QEMU, or damaged, is refused and kept until a cold boot', async () => {
  await hibernate()
  await world.current().close()
  const path = `${world.paths.machineFolder(counter.id)}/machine.json`
  const text = await readFile(path, 'utf8')
  await writeFile(path, text.replace(/"qemu": "[^"]+"/, '"qemu": "6.1.0"'))
  await world.reopen()
  await expect(goOn()).rejects.toThrow(/kept by QEMU 6\.1\.0.*cold_boot/)
  expect(await status()).toBe('hibernated')
  expect(existsSync(memoryFile())).toBe(true)

  await world.current().close()
  await writeFile(path, text)
  const content = await readFile(memoryFile())
  content.writeUInt32LE(0xdeadbeef, Math.floor(content.length / 2))
  await writeFile(memoryFile(), content)
  await world.reopen()
  await expect(goOn()).rejects.toThrow(/cannot be read.*cold_boot/)
  await truncate(memoryFile(), 1_000)
  await expect(goOn()).rejects.toThrow(/cannot be read.*1000 bytes/)
  expect(await status()).toBe('hibernated')

  expect(await goOn({ coldBoot: true })).toMatchObject({ status: 'running' })
  expect(existsSync(memoryFile())).toBe(false)
  await world.until(counter.id, (state) => state.guestUp)
})

test.each([
  ['hibernate', 'hibernation: memory kept', 'stopped'],
  ['hibernate', 'hibernation: recorded', 'hibernated'],
  ['continue', 'hibernation: memory void', 'stopped'],
] as const)(
  'a power cut of a machine that is to %s, at "%s", leaves it %s',
  async (verb, step, left) => {
    await world.until(counter.id, (state) => state.guestUp)
    if (verb === 'continue') await hibernate()
    await killedAt(verb, step)
    await world.kill(counter.id)
    await world.reopen()
    expect(await status()).toBe(left)
    expect(existsSync(memoryFile())).toBe(left === 'hibernated')
    expect(await goOn()).toMatchObject({ status: 'running' })
  },
)

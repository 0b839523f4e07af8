import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import type { MachineSpec } from '../engine.ts'
import { readFileOnDisk, requireCleanFileSystem } from './testing/disk-content.ts'
import type { Job } from './testing/take-snapshot.ts'
import { makeQemuWorld, type QemuWorld } from './testing/world.ts'

/** Writes a number a line, each on disk before the next, and says when it has begun. */
const WRITER = `#!/bin/sh
(i=0; while :; do i=$((i+1)); echo $i >> /root/numbers; sync; [ $i = 20 ] && echo WRITING > /dev/console; done) &
`
const STEPS = [
  'snapshot: overlay announced',
  'snapshot: overlay created',
  'snapshot: QEMU switched',
  'snapshot: recorded',
]

let world: QemuWorld
beforeAll(async () => {
  world = await makeQemuWorld()
})
afterEach(async () => {
  for (const { id } of (await world.current().holdings()).machines)
    await world.current().ensureGone(id, world.order())
})
afterAll(() => world.dispose())

const recordOf = async (path: string) => JSON.parse(await readFile(path, 'utf8'))
const layerPath = (name: string) => `${world.paths.layers}/${name}.qcow2`
const layerOf = async (snapshot: string) =>
  layerPath((await recordOf(`${world.paths.snapshots}/${snapshot}.json`)).layer)
const machineRecord = ({ id }: MachineSpec) =>
  recordOf(`${world.paths.machineFolder(id)}/machine.json`)

/** A machine whose guest writes already. */
async function deployWriter(): Promise<MachineSpec> {
  const spec = world.spec()
  const writer = await world.deploy({ ...spec, guest: { ...spec.guest, userData: WRITER } })
  await world.until(writer.id, (state) => state.guestUp)
  await world.printed(writer.id, 'WRITING')
  return writer
}

async function snapshotOf(writer: MachineSpec, id: string = randomUUID()) {
  const engine = world.current()
  const result = await engine.ensureSnapshot(writer.id, id, { memory: false }, world.order())
  return { id, ...result, layer: await layerOf(id) }
}

/** How far the writer had come; throws when a number is missing, doubled or damaged. */
async function numbersOn(layer: string): Promise<number> {
  const numbers = (await readFileOnDisk(layer, '/root/numbers')).trim().split('\n')
  expect(numbers).toEqual(numbers.map((_, index) => String(index + 1)))
  return numbers.length
}

/** The guest is not frozen. */
async function expectToWriteOn(writer: MachineSpec, from: number): Promise<void> {
  const numbers = async () => numbersOn((await snapshotOf(writer)).layer)
  await expect.poll(numbers, { timeout: 60_000 }).toBeGreaterThan(from)
}

/** Takes a snapshot in another process that is killed at a step; this engine lets go meanwhile. */
async function snapshotKilledAt(writer: MachineSpec, dieAt: string): Promise<string> {
  await world.current().close()
  const id = randomUUID()
  const { fence } = world.order()
  const job: Job = { ...world.options, machine: writer.id, snapshot: id, fence, dieAt }
  const script = fileURLToPath(import.meta.resolve('./testing/take-snapshot.ts'))
  const child = spawn(process.execPath, [script, JSON.stringify(job)], { stdio: 'inherit' })
  const [, signal] = await once(child, 'exit')
  expect(signal).toBe('SIGKILL')
  return id
}

test('a snapshot of a guest that writes is clean, holds what was written, and stays so', async () => {
  const writer = await deployWriter()
  const { consistency, layer } = await snapshotOf(writer)
  expect(consistency).toBe('filesystem')
  await requireCleanFileSystem(layer)
  const numbers = await numbersOn(layer)
  expect(numbers).toBeGreaterThanOrEqual(20)
  await expectToWriteOn(writer, numbers)
  expect(await numbersOn(layer)).toBe(numbers)
})

test('a snapshot of a guest that is not up yet is as if the power had been cut', async () => {
  const spec = await world.deploy()
  expect(await snapshotOf(spec)).toMatchObject({ consistency: 'crash' })
})

test('a snapshot of a machine that was shut down is clean, of one that was cut off it may not be', async () => {
  const spec = await world.deploy()
  await world.until(spec.id, (state) => state.guestUp)
  await world.current().ensureStopped(spec.id, 60_000, world.order())
  expect(await snapshotOf(spec)).toMatchObject({ consistency: 'filesystem' })
  await world.current().ensureMachine(spec, world.order())
  await world.current().ensureStopped(spec.id, 0, world.order())
  expect(await snapshotOf(spec)).toMatchObject({ consistency: 'crash' })
})

test('a running machine goes on when the server is killed at any step', async () => {
  const writer = await deployWriter()
  for (const step of STEPS) {
    const killed = await snapshotKilledAt(writer, step)
    await world.reopen()
    expect(await world.current().observe(writer.id)).toMatchObject({ status: 'running' })
    expect(await machineRecord(writer)).toMatchObject({ pendingLayer: null })
    const { snapshots } = await world.current().holdings()
    expect(snapshots.includes(killed)).toBe(step === 'snapshot: recorded')

    await world.until(writer.id, (state) => state.guestUp)
    const repeated = await snapshotOf(writer, killed)
    await expectToWriteOn(writer, await numbersOn(repeated.layer))
  }
})

test.each(STEPS)('a disk is whole when server and QEMU are killed at "%s"', async (step) => {
  const writer = await deployWriter()
  const before = await numbersOn((await snapshotOf(writer)).layer)
  await snapshotKilledAt(writer, step)
  await world.kill(writer.id)
  await world.reopen()
  expect(await world.current().observe(writer.id)).toMatchObject({ reason: 'died' })
  const { activeLayer, pendingLayer } = await machineRecord(writer)
  expect(pendingLayer).toBeNull()
  expect(await numbersOn(layerPath(activeLayer))).toBeGreaterThanOrEqual(before)
})

test('a copy that does not become a machine of its own says why it is not up', async () => {
  const userData = `#!/bin/sh
printf '#!/bin/sh\\n[ "$1" = able ]\\n' > /usr/lib/garrison/continue-as
echo UNWILLING > /dev/console
`
  const spec = world.spec()
  const source = await world.deploy({ ...spec, guest: { ...spec.guest, userData } })
  await world.until(source.id, (state) => state.guestUp)
  await world.printed(source.id, 'UNWILLING')
  const id = randomUUID()
  await world.current().ensureSnapshot(source.id, id, { memory: true }, world.order())
  const copy = await world.deploy({ source: { kind: 'snapshot', id } })
  const state = () => world.current().observe(copy.id)
  await vi.waitUntil(async () => (await state()).detail !== undefined, { timeout: 30_000 })
  expect(await state()).toMatchObject({
    ...{ status: 'running', guestUp: false },
    detail: expect.stringMatching(/did not become another machine: exit code 1/),
  })
  await world.current().ensureSnapshotGone(id, world.order())
})

test('no layer but of OS images is left when machines and snapshots are gone', async () => {
  const engine = world.current()
  for (const id of (await engine.holdings()).snapshots)
    await engine.ensureSnapshotGone(id, world.order())
  await world.reopen()
  const layers = await readdir(world.paths.layers)
  expect(layers.filter((name) => !name.startsWith('os-'))).toEqual([])
})

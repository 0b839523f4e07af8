/** What is left, and what is made good, when the server is killed; in memory and in a file. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { MachineSpec, Order } from '../engine.ts'
import { scaledDurations } from './durations.ts'
import { SimulatedEngine } from './engine.ts'
import { ManualClock } from './manual-clock.ts'
import type { EffectHook } from './orders.ts'
import { inFile, inMemory, type Persistence } from './state.ts'
import { namedSpec, orderSequence, testHosts, testOsImages, testSpec } from './testing.ts'

/** Everything that a machine, a snapshot and an image live through. */
const STORY = [
  'address.create',
  'disk.create',
  'machine.start',
  'machine.reboot',
  'snapshot.create',
  'image.create',
  'machine.stop',
  'disk.delete',
  'address.delete',
  'snapshot.delete',
  'image.delete',
]
/** Place of the reboot among the steps of the story. */
const REBOOT = 2

describe('a simulated engine that is killed', () => {
  test('has every effect of a story in its order, when nobody kills it', async () => {
    const engine = await open(inMemory())
    for (const step of story(testSpec())) await step(engine, order())
    expect(names(engine)).toEqual(STORY)
  })

  test('has every effect once when each step but the reboot is asked for twice', async () => {
    const engine = await open(inMemory())
    const spec = testSpec()
    for (const [index, step] of story(spec).entries()) {
      await step(engine, order())
      if (index !== REBOOT) await step(engine, order())
    }
    expect(names(engine)).toEqual(STORY)
  })

  test.each(STORY)('after %s finishes the story without doing anything twice', async (effect) => {
    const state = inMemory()
    const first = await open(state, (name) => {
      if (name === effect) throw new Error('killed')
    })
    const steps = story(testSpec())
    const reached = await runUntilKilled(first, steps)
    await first.close()

    const second = await open(state)
    for (const step of steps.slice(reached)) await step(second, order())
    // A reboot leaves no trace that would tell a repeated one: it may happen once more.
    const expected =
      effect === 'machine.reboot' ? STORY.toSpliced(STORY.indexOf(effect), 0, effect) : STORY
    expect([...names(first), ...names(second)]).toEqual(expected)
  })

  test.each(STORY)('after %s leaves nothing behind when all is removed', async (effect) => {
    const state = inMemory()
    const first = await open(state, (name) => {
      if (name === effect) throw new Error('killed')
    })
    const spec = testSpec()
    await runUntilKilled(first, story(spec))
    await first.close()

    const second = await open(state)
    for (const step of removal(spec)) await step(second, order())
    const effects = [...first.effects(), ...second.effects()]
    const made = effects.filter((line) => line.includes('.create '))
    const removed = effects.filter((line) => line.includes('.delete '))
    expect(removed.map((line) => line.replace('.delete', '.create')).sort()).toEqual(made.sort())
  })
})

describe('a simulated world in a file', () => {
  let folder: string
  let path: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'garrison-simulated-'))
    path = join(folder, 'regions', 'NORWAY-1.json')
  })
  afterEach(() => rm(folder, { recursive: true }))

  test('is found again by the next engine', async () => {
    const first = await open(inFile(path))
    const spec = await deployed(first, testSpec())
    await first.close()
    const second = await open(inFile(path))
    expect(await second.observe(spec.id)).toMatchObject({ status: 'running' })
  })

  test('holds a machine dead that was to die while nobody looked', async () => {
    const clock = new ManualClock()
    const first = await open(inFile(path), undefined, clock)
    const spec = await deployed(first, namedSpec('die-after-60s'))
    await first.close()
    await clock.advance(60_000)
    const second = await open(inFile(path), undefined, clock)
    expect(await second.observe(spec.id)).toMatchObject({ status: 'stopped', reason: 'died' })
  })

  test('still tells when a guest is up that booted while nobody looked', async () => {
    const clock = new ManualClock()
    const first = await open(inFile(path), undefined, clock, 5_000)
    const spec = await deployed(first, testSpec())
    await first.close()
    await clock.advance(2_000)
    const second = await open(inFile(path), undefined, clock, 5_000)
    const events: string[] = []
    second.onEvent((event) => events.push(`${event.kind} ${event.machine}`))
    await clock.advance(3_000)
    expect(events).toEqual([`guest-up ${spec.id}`])
  })

  test('survives a save that was cut off in the middle', async () => {
    const first = await open(inFile(path))
    const spec = await deployed(first, testSpec())
    await first.close()
    await writeFile(`${path}.tmp`, '{"version":1,"machi')
    const second = await open(inFile(path))
    await second.ensureStopped(spec.id, 0, order())
    expect(await second.observe(spec.id)).toMatchObject({ status: 'stopped' })
    expect(await readdir(join(folder, 'regions'))).toEqual(['NORWAY-1.json'])
  })

  test('can be read by its owner only and holds no secrets', async () => {
    const spec = testSpec()
    const guest = { ...spec.guest, userData: 'password: hunter2', authorizedKeys: ['ssh-rsa AAAA'] }
    await deployed(await open(inFile(path)), { ...spec, guest })
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(await readFile(path, 'utf8')).not.toMatch(/hunter2|AAAA/)
  })

  test.each(['not JSON', 'null', '{"version":2}'])('is refused when it holds %s', async (text) => {
    const broken = join(folder, 'broken.json')
    await writeFile(broken, text)
    await expect(open(inFile(broken))).rejects.toThrow(`${broken} does not hold`)
  })

  test('stays as it was when it cannot be saved', async () => {
    const engine = await open(inFile(path))
    const spec = await deployed(engine, testSpec())
    await rm(join(folder, 'regions'), { recursive: true })
    await writeFile(join(folder, 'regions'), 'in the way')
    await expect(engine.ensureGone(spec.id, order())).rejects.toThrow('could not be saved')
    expect(await engine.observe(spec.id)).toMatchObject({ status: 'running' })
  })

  test('forgets the fences of what is long gone', async () => {
    const engine = await open(inFile(path))
    const spec = await deployed(engine, testSpec())
    const world = JSON.parse(await readFile(path, 'utf8'))
    for (let i = 0; i < 1_500; i++) world.fences[`gone-${i}`] = i
    await writeFile(path, JSON.stringify(world))
    const second = await open(inFile(path))
    await second.ensureStopped(spec.id, 0, order())
    const { fences } = JSON.parse(await readFile(path, 'utf8'))
    expect(Object.keys(fences)).toHaveLength(1_001)
    expect(fences).toHaveProperty([spec.id])
    expect(fences).not.toHaveProperty('gone-0')
  })
})

type Step = (engine: SimulatedEngine, order: Order) => Promise<unknown>

const order = orderSequence()

/** The first step of the operation whose hook threw. */
async function runUntilKilled(engine: SimulatedEngine, steps: readonly Step[]): Promise<number> {
  for (const [index, step] of steps.entries()) {
    try {
      await step(engine, order())
    } catch {
      return index
    }
  }
  throw new Error('Nothing was killed')
}

function story(spec: MachineSpec): Step[] {
  const [machine, snapshot, image] = [spec.id, `snapshot-${spec.id}`, `image-${spec.id}`]
  return [
    (engine, at) => engine.ensureAddress(machine, spec.tenant, at),
    (engine, at) => engine.ensureMachine(spec, at),
    (engine, at) => engine.reboot(spec, at),
    (engine, at) => engine.ensureSnapshot(machine, snapshot, { memory: false }, at),
    (engine, at) => engine.ensureImage(image, snapshot, at),
    (engine, at) => engine.ensureStopped(machine, 0, at),
    ...removal(spec),
  ]
}

function removal(spec: MachineSpec): Step[] {
  return [
    (engine, at) => engine.ensureGone(spec.id, at),
    (engine, at) => engine.ensureAddressGone(spec.id, at),
    (engine, at) => engine.ensureSnapshotGone(`snapshot-${spec.id}`, at),
    (engine, at) => engine.ensureImageGone(`image-${spec.id}`, at),
  ]
}

async function open(
  state: Persistence,
  onEffect?: EffectHook,
  clock = new ManualClock(),
  boot = 0,
): Promise<SimulatedEngine> {
  const engine = new SimulatedEngine({
    hosts: testHosts,
    osImages: testOsImages,
    clock,
    durations: { ...scaledDurations(0), boot },
    state,
    ...(onEffect === undefined ? {} : { onEffect }),
  })
  await engine.start()
  return engine
}

async function deployed(engine: SimulatedEngine, spec: MachineSpec): Promise<MachineSpec> {
  const address = await engine.ensureAddress(spec.id, spec.tenant, order())
  await engine.ensureMachine({ ...spec, address }, order())
  return { ...spec, address }
}

function names(engine: SimulatedEngine): (string | undefined)[] {
  return engine.effects().map((line) => line.split(' ')[0])
}

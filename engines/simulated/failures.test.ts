import { describe, expect, test } from 'vitest'
import { CapacityError } from '../engine.ts'
import { scaledDurations } from './durations.ts'
import { SimulatedEngine } from './engine.ts'
import { ownEnd } from './failures.ts'
import { ManualClock } from './manual-clock.ts'
import { namedSpec, orderSequence, testHosts, testOsImages } from './testing.ts'

describe('a machine whose name contains', () => {
  test('no-capacity finds no room and gets no disk', async () => {
    const { deploy, engine } = await site()
    await expect(deploy('no-capacity')).rejects.toThrow(CapacityError)
    expect((await engine.holdings()).machines).toEqual([])
  })

  test('fail-start gets its disk and never runs', async () => {
    const { deploy, engine } = await site()
    await expect(deploy('fail-start')).rejects.toThrow('did not start')
    expect((await engine.holdings()).machines).toMatchObject([{ status: 'stopped' }])
  })

  test('fail-boot runs and never reports its guest up', async () => {
    const { deploy, engine, clock } = await site()
    const spec = await deploy('fail-boot')
    await clock.advance(3_600_000)
    expect(await engine.observe(spec.id)).toMatchObject({ status: 'running', guestUp: false })
  })

  test('fail-stop keeps running when it is stopped', async () => {
    const { deploy, engine, order } = await site()
    const spec = await deploy('fail-stop')
    await expect(engine.ensureStopped(spec.id, 1_000, order())).rejects.toThrow('not be stopped')
    expect(await engine.observe(spec.id)).toMatchObject({ status: 'running' })
  })

  test('fail-stop can be deleted', async () => {
    const { deploy, engine, order } = await site()
    const spec = await deploy('fail-stop')
    await engine.ensureGone(spec.id, order())
    expect(await engine.observe(spec.id)).toMatchObject({ status: 'absent' })
  })

  test.each(['ignore-shutdown', 'fail-boot'])(
    '%s is cut off after the grace time',
    async (name) => {
      const { deploy, engine, order, clock } = await site()
      const spec = await deploy(name)
      const stopped = engine.ensureStopped(spec.id, 30_000, order())
      await clock.advance(29_999)
      expect(await engine.observe(spec.id)).toMatchObject({ status: 'running' })
      await clock.advance(1)
      expect(await stopped).toEqual({ forced: true })
    },
  )

  test('ignore-shutdown is said to have been cut off when it is stopped again', async () => {
    const { deploy, engine, order } = await site()
    const spec = await deploy('ignore-shutdown')
    await engine.ensureStopped(spec.id, 0, order())
    expect(await engine.ensureStopped(spec.id, 0, order())).toEqual({ forced: true })
  })

  test('fail-snapshot has no snapshot afterwards', async () => {
    const { deploy, engine, order } = await site()
    const spec = await deploy('fail-snapshot')
    const taken = engine.ensureSnapshot(spec.id, 'snapshot', { memory: false }, order())
    await expect(taken).rejects.toThrow(
      'The snapshot failed (simulated, as the name fail-snapshot asks for)',
    )
    expect((await engine.holdings()).snapshots).toEqual([])
  })

  test('fail-image has snapshots and no image of them', async () => {
    const { deploy, engine, order } = await site()
    const spec = await deploy('fail-image')
    await engine.ensureSnapshot(spec.id, 'snapshot', { memory: false }, order())
    await expect(engine.ensureImage('image', 'snapshot', order())).rejects.toThrow(
      'The image failed (simulated',
    )
    expect(await engine.holdings()).toMatchObject({ snapshots: ['snapshot'], images: [] })
  })

  test('lose-contact is unknown, not dead', async () => {
    const { deploy, engine } = await site()
    const spec = await deploy('lose-contact')
    expect(await engine.observe(spec.id)).toMatchObject({ status: 'unknown' })
  })

  test.each([
    { name: 'die-after-5s', reason: 'died' },
    { name: 'power-off-after-5s', reason: 'guest' },
  ])('$name stops by itself after 5 s, and an event says so', async ({ name, reason }) => {
    const { deploy, engine, clock } = await site()
    const changed: string[] = []
    engine.onEvent((event) => event.kind === 'machine-changed' && changed.push(event.machine))
    const spec = await deploy(name)
    await clock.advance(4_999)
    expect(await engine.observe(spec.id)).toMatchObject({ status: 'running' })
    await clock.advance(1)
    expect(await engine.observe(spec.id)).toMatchObject({ status: 'stopped', reason })
    expect(changed).toEqual([spec.id])
  })

  test('die-after-5s lives 5 s more after each start', async () => {
    const { deploy, engine, clock, order } = await site()
    const spec = await deploy('die-after-5s')
    await clock.advance(60_000)
    await engine.ensureMachine(spec, order())
    await clock.advance(4_999)
    expect(await engine.observe(spec.id)).toMatchObject({ status: 'running' })
  })

  test('a failure in capitals, among other words, fails all the same', async () => {
    const { deploy } = await site()
    await expect(deploy('My-FAIL-START-vm')).rejects.toThrow('did not start')
  })
})

test('a machine with an ordinary name lives for ever', () => {
  expect(ownEnd('train-after-5s')).toBeNull()
})

async function site() {
  const clock = new ManualClock()
  const engine = new SimulatedEngine({
    hosts: testHosts,
    osImages: testOsImages,
    clock,
    durations: scaledDurations(0),
  })
  await engine.start()
  const order = orderSequence()
  const deploy = async (hostname: string) => {
    const spec = namedSpec(hostname)
    const address = await engine.ensureAddress(spec.id, spec.tenant, order())
    await engine.ensureMachine({ ...spec, address }, order())
    return { ...spec, address }
  }
  return { engine, clock, order, deploy }
}

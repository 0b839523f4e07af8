import { describe, expect, test } from 'vitest'
import { describeEngine } from '../contract.ts'
import { CapacityError, NotFoundError } from '../engine.ts'
import { scaledDurations } from './durations.ts'
import { SimulatedEngine } from './engine.ts'
import { ManualClock } from './manual-clock.ts'
import { inMemory } from './state.ts'
import {
  namedSpec,
  orderSequence,
  realClock,
  testHosts,
  testOsImages,
  testSpec,
} from './testing.ts'

describeEngine('simulated', async () => {
  const state = inMemory()
  const open = async () => {
    const engine = new SimulatedEngine({
      hosts: testHosts,
      osImages: testOsImages,
      clock: realClock,
      // Long enough to tell a machine that was restarted from one that was left alone.
      durations: { ...scaledDurations(0), boot: 20 },
      state,
    })
    await engine.start()
    return engine
  }
  let current = await open()
  return {
    engine: current,
    spec: testSpec,
    stubborn: () => namedSpec('ignore-shutdown'),
    order: orderSequence(),
    reopen: async () => {
      await current.close()
      current = await open()
      return current
    },
    kill: (machine) => current.kill(machine),
    rulesOf: async (machine) => current.rulesOf(machine),
    volumesOf: async (machine) => current.volumesOf(machine),
    dispose: () => current.close(),
  }
})

describe('simulated time', () => {
  test.each([
    { verb: 'a deployment', ms: 8_000 },
    { verb: 'a start', ms: 3_000 },
    { verb: 'a stop', ms: 3_000 },
    { verb: 'a reboot', ms: 4_000 },
    { verb: 'a deletion', ms: 3_000 },
    { verb: 'a snapshot', ms: 10_000 },
    { verb: 'an image', ms: 10_000 },
  ] as const)('$verb takes $ms ms', async ({ verb, ms }) => {
    const { engine, clock, order, deploy } = await manualSite()
    const spec = testSpec()
    const { address } = await deploy(spec, { runs: verb !== 'a deployment' })
    const machine = { ...spec, address }
    const stop = () => engine.ensureStopped(spec.id, 60_000, order())
    const snapshot = () => engine.ensureSnapshot(spec.id, 'snapshot', { memory: false }, order())
    if (verb === 'a start') await waitFor(clock, stop())
    if (verb === 'an image') await waitFor(clock, snapshot())

    const verbs = {
      'a deployment': () => engine.ensureMachine(machine, order()),
      'a start': () => engine.ensureMachine(machine, order()),
      'a stop': stop,
      'a reboot': () => engine.reboot(machine, order()),
      'a deletion': () => engine.ensureGone(spec.id, order()),
      'a snapshot': snapshot,
      'an image': () => engine.ensureImage('image', 'snapshot', order()),
    }
    let done = false
    const running = verbs[verb]().then(() => {
      done = true
    })
    await clock.advance(ms - 1)
    expect(done).toBe(false)
    await clock.advance(1)
    expect(done).toBe(true)
    await running
  })

  test('a guest is up 5 s after its machine runs, and an event says so', async () => {
    const { engine, clock, deploy } = await manualSite()
    const events: string[] = []
    engine.onEvent((event) => events.push(`${event.kind} ${event.machine}`))
    const spec = await deploy(testSpec())
    await clock.advance(4_999)
    expect(events).toEqual([])
    await clock.advance(1)
    expect(events).toEqual([`guest-up ${spec.id}`])
    expect(await engine.observe(spec.id)).toMatchObject({ guestUp: true })
  })

  test('a listener that has gone hears nothing', async () => {
    const { engine, clock, deploy } = await manualSite()
    const events: string[] = []
    const stopListening = engine.onEvent((event) => events.push(event.kind))
    await deploy(testSpec())
    stopListening()
    await clock.advance(60_000)
    expect(events).toEqual([])
  })

  test('a deployment that is called off in the middle makes no machine run', async () => {
    const { engine, clock, order } = await manualSite()
    const spec = testSpec()
    await engine.ensureAddress(spec.id, spec.tenant, order())
    const cancel = new AbortController()
    const running = engine.ensureMachine(spec, { ...order(), signal: cancel.signal })
    const refused = expect(running).rejects.toThrow('was called off')
    await clock.advance(5_000)
    cancel.abort()
    await refused
    await clock.advance(60_000)
    expect(await engine.observe(spec.id)).toMatchObject({ status: 'stopped' })
  })

  test('an order waits no longer for its turn when it is called off', async () => {
    const { engine, clock, order, deploy } = await manualSite()
    const spec = await deploy(namedSpec('ignore-shutdown'))
    const first = engine.ensureStopped(spec.id, 60_000, order())
    const cancel = new AbortController()
    const second = engine.ensureGone(spec.id, { ...order(), signal: cancel.signal })
    const refused = expect(second).rejects.toThrow('was called off')
    const overtaken = expect(first).rejects.toThrow('is late')
    await clock.advance(1_000)
    cancel.abort()
    await refused
    await clock.advance(60_000)
    await overtaken
  })

  test('a closed engine leaves what it was doing', async () => {
    const { engine, clock, order } = await manualSite()
    const spec = testSpec()
    await engine.ensureAddress(spec.id, spec.tenant, order())
    const refused = expect(engine.ensureMachine(spec, order())).rejects.toThrow('was closed')
    await clock.advance(1_000)
    await engine.close()
    await refused
  })
})

describe('simulated hosts', () => {
  test('say that nothing is real', async () => {
    const { engine } = await manualSite()
    const { simulated, notices } = engine.capabilities()
    expect(simulated).toBe(true)
    expect(notices.join(' ')).toContain('simulated')
  })

  test('run no more memory than they have, however many start at once', async () => {
    const { engine, order } = await instantSite()
    const specs = Array.from({ length: 10 }, () => testSpec({ memoryMib: 16_384 }))
    const results = await Promise.allSettled(
      specs.map(async (spec) => {
        await engine.ensureAddress(spec.id, spec.tenant, order())
        return engine.ensureMachine(spec, order())
      }),
    )
    const refused = results.filter((result) => result.status === 'rejected')
    expect(refused).toHaveLength(6)
    expect(refused.every((result) => result.reason instanceof CapacityError)).toBe(true)
  })

  test('give a GPU to one machine at a time', async () => {
    const { deploy } = await instantSite()
    const gpus = { model: 'RTX-A6000', count: 3 }
    await deploy(testSpec({ gpus }))
    await expect(deploy(testSpec({ gpus }))).rejects.toThrow(CapacityError)
  })

  test('take back the GPU of a machine that stopped', async () => {
    const { engine, order, deploy } = await instantSite()
    const gpus = { model: 'RTX-A6000', count: 3 }
    const first = await deploy(testSpec({ gpus }))
    await engine.ensureStopped(first.id, 0, order())
    await expect(deploy(testSpec({ gpus }))).resolves.toMatchObject({ gpus })
  })

  test('refuse a disk that is smaller than its source, before it is made', async () => {
    const { engine, deploy } = await instantSite()
    await expect(deploy(testSpec({ diskGb: 0.5 }))).rejects.toThrow('too small')
    expect((await engine.holdings()).machines).toEqual([])
  })

  test('run nothing on a host that is not there', async () => {
    const { deploy } = await instantSite()
    await expect(deploy(testSpec({ host: 'host-9' }))).rejects.toThrow(NotFoundError)
  })

  test('run nothing that has no address', async () => {
    const { engine, order } = await instantSite()
    const missing = engine.ensureMachine(testSpec(), order())
    await expect(missing).rejects.toThrow('call ensureAddress first')
  })
})

async function manualSite() {
  const clock = new ManualClock()
  const engine = new SimulatedEngine({ hosts: testHosts, osImages: testOsImages, clock })
  await engine.start()
  const order = orderSequence()
  const deploy = async (spec = testSpec(), { runs } = { runs: true }) => {
    const address = await engine.ensureAddress(spec.id, spec.tenant, order())
    const machine = { ...spec, address }
    if (runs) await waitFor(clock, engine.ensureMachine(machine, order()))
    return machine
  }
  return { engine, clock, order, deploy }
}

async function instantSite() {
  const engine = new SimulatedEngine({
    hosts: testHosts,
    osImages: testOsImages,
    clock: new ManualClock(),
    durations: scaledDurations(0),
  })
  await engine.start()
  const order = orderSequence()
  const deploy = async (spec = testSpec()) => {
    const address = await engine.ensureAddress(spec.id, spec.tenant, order())
    await engine.ensureMachine({ ...spec, address }, order())
    return { ...spec, address }
  }
  return { engine, order, deploy }
}

/** Moves the clock in steps until the work is done. */
async function waitFor<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let open = true
  const settled = work.finally(() => {
    open = false
  })
  settled.catch(() => undefined)
  while (open) await clock.advance(1_000)
  return settled
}

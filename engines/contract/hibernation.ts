import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type FirewallRule, type MachineSpec, NotFoundError } from '../engine.ts'
import { LIMIT_MS, type Site } from './site.ts'

const ssh: FirewallRule = {
  direction: 'ingress',
  ethertype: 'IPv4',
  protocol: 'tcp',
  portMin: 22,
  portMax: 22,
  cidr: '0.0.0.0/0',
}

export function describeHibernation(site: Site): void {
  let spec: MachineSpec
  beforeAll(async () => {
    spec = await site.reserve()
  }, LIMIT_MS)
  afterAll(() => site.clear(), LIMIT_MS)
  beforeEach(async (context) => {
    context.skip(!site.engine.capabilities().hibernate, 'this engine cannot hibernate')
    await site.engine.ensureMachine(spec, site.order())
    await site.until(spec.id, (state) => state.guestUp)
  }, LIMIT_MS)

  const hibernate = () => site.engine.ensureHibernated(spec.id, site.order())
  const observed = () => site.engine.observe(spec.id)

  test('keeps memory, and nothing runs', async () => {
    expect(await hibernate()).toEqual({ memory: true })
    expect(await observed()).toMatchObject({ status: 'hibernated', guestUp: false })
  })

  test('asked for again is the same hibernation', async () => {
    await hibernate()
    expect(await hibernate()).toEqual({ memory: true })
    expect(await observed()).toMatchObject({ status: 'hibernated' })
  })

  test('ends with ensureMachine, and the guest is still up', async () => {
    await hibernate()
    const state = await site.engine.ensureMachine(spec, site.order())
    expect(state.status).toBe('running')
    await site.until(spec.id, (seen) => seen.guestUp)
  })

  test('may happen again and again', async () => {
    for (let round = 0; round < 3; round++) {
      await hibernate()
      await site.engine.ensureMachine(spec, site.order())
    }
    expect(await observed()).toMatchObject({ status: 'running' })
  })

  test('outlives the server', async () => {
    await hibernate()
    await site.reopen()
    expect(await observed()).toMatchObject({ status: 'hibernated' })
    const state = await site.engine.ensureMachine(spec, site.order())
    expect(state.status).toBe('running')
  })

  test('is not disturbed by a stop', async () => {
    await hibernate()
    await site.engine.ensureStopped(spec.id, 0, site.order())
    expect(await observed()).toMatchObject({ status: 'hibernated' })
  })

  test('of a stopped machine keeps its disk only', async () => {
    await site.engine.ensureStopped(spec.id, 0, site.order())
    expect(await hibernate()).toEqual({ memory: false })
    expect(await observed()).toMatchObject({ status: 'hibernated' })
    const state = await site.engine.ensureMachine(spec, site.order())
    expect(state.status).toBe('running')
  })

  test('of a machine whose process died is refused, and it starts again', async () => {
    await site.world.kill(spec.id)
    await site.until(spec.id, ({ status }) => status === 'stopped')
    await expect(hibernate()).rejects.toThrow(/start it, then hibernate/)
    const state = await site.engine.ensureMachine(spec, site.order())
    expect(state.status).toBe('running')
  })

  test('goes on with the volumes that its guest had, and then has those of its spec', async (context) => {
    context.skip(!site.engine.capabilities().hotplug)
    const plug = (id: string) => ({ id, serial: `V-${id.slice(0, 8)}` })
    const [had, gets] = [await site.volume(spec.tenant), await site.volume(spec.tenant)]
    await site.engine.attachVolumes(spec.id, [plug(had)], site.order())
    await hibernate()
    await site.engine.ensureMachine({ ...spec, volumes: [plug(gets)] }, site.order())
    expect(await site.world.volumesOf(spec.id)).toEqual([gets])
    expect(await observed()).toMatchObject({ status: 'running' })
    await site.engine.detachVolumes(spec.id, [gets], site.order())
  })

  test('ends with a boot from the disk where that is asked for', async () => {
    await hibernate()
    await site.engine.ensureMachine(spec, site.order(), { coldBoot: true })
    expect(await observed()).toMatchObject({ status: 'running', guestUp: false })
    await site.until(spec.id, (seen) => seen.guestUp)
  })

  test('brings the rules of the spec when it ends', async () => {
    await hibernate()
    await site.engine.ensureMachine({ ...spec, rules: [ssh] }, site.order())
    expect(await site.world.rulesOf(spec.id)).toEqual([ssh])
  })

  test('leaves nothing when the machine is deleted', async () => {
    const doomed = await site.deploy()
    await site.engine.ensureHibernated(doomed.id, site.order())
    await site.engine.ensureGone(doomed.id, site.order())
    expect(await site.engine.observe(doomed.id)).toMatchObject({ status: 'absent' })
  })

  test('of a machine that nobody heard of is refused', async () => {
    const { id } = await site.reserve()
    const refused = site.engine.ensureHibernated(id, site.order())
    await expect(refused).rejects.toThrow(NotFoundError)
  })
}

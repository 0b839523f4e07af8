import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { MachineSpec, MachineState } from '../engine.ts'
import { ENDLESS_MS, LIMIT_MS, type Site } from './site.ts'

export function describeMachine(site: Site): void {
  let spec: MachineSpec
  let deployed: MachineState
  beforeAll(async () => {
    spec = await site.reserve()
    deployed = await site.engine.ensureMachine(spec, site.order())
  }, LIMIT_MS)
  afterAll(() => site.clear(), LIMIT_MS)
  beforeEach(() => site.engine.ensureMachine(spec, site.order()), LIMIT_MS)

  test('runs when ensureMachine answers', () => {
    expect(deployed).toMatchObject({ id: spec.id, status: 'running' })
  })

  test('reports its guest up', async () => {
    const state = await site.until(spec.id, (seen) => seen.guestUp)
    expect(state.status).toBe('running')
  })

  test('is not restarted by ensureMachine while it runs', async () => {
    await site.until(spec.id, (seen) => seen.guestUp)
    const state = await site.engine.ensureMachine(spec, site.order())
    expect(state).toMatchObject({ status: 'running', guestUp: true })
  })

  test('runs when a reboot answers', async () => {
    const state = await site.engine.reboot(spec, site.order())
    expect(state.status).toBe('running')
  })

  test('has its guest up again after a reboot, and an event says so', async () => {
    await site.until(spec.id, (seen) => seen.guestUp)
    const told = site.event('guest-up', spec.id)
    await site.engine.reboot(spec, site.order())
    await told
    expect(await site.engine.observe(spec.id)).toMatchObject({ status: 'running', guestUp: true })
  })

  test('shuts down when asked', async () => {
    await site.until(spec.id, (seen) => seen.guestUp)
    const result = await site.engine.ensureStopped(spec.id, ENDLESS_MS, site.order())
    const state = await site.engine.observe(spec.id)
    expect({ ...result, ...state }).toMatchObject({
      forced: false,
      status: 'stopped',
      reason: 'requested',
      guestUp: false,
    })
  })

  test('stays stopped when it is stopped again', async () => {
    await site.engine.ensureStopped(spec.id, 0, site.order())
    await site.engine.ensureStopped(spec.id, ENDLESS_MS, site.order())
    expect(await site.engine.observe(spec.id)).toMatchObject({ status: 'stopped' })
  })

  test('starts again with ensureMachine', async () => {
    await site.engine.ensureStopped(spec.id, 0, site.order())
    const state = await site.engine.ensureMachine(spec, site.order())
    expect(state.status).toBe('running')
  })

  test('is started by a reboot when it is stopped', async () => {
    await site.engine.ensureStopped(spec.id, 0, site.order())
    const state = await site.engine.reboot(spec, site.order())
    expect(state.status).toBe('running')
  })

  test('has died when its process is killed, and an event says when to look', async () => {
    const seen = site.until(spec.id, (state) => state.status === 'stopped')
    await site.world.kill(spec.id)
    expect(await seen).toMatchObject({ reason: 'died', guestUp: false })
  })

  test('runs again after it died', async () => {
    await site.world.kill(spec.id)
    await site.until(spec.id, (state) => state.status === 'stopped')
    const state = await site.engine.ensureMachine(spec, site.order())
    expect(state.status).toBe('running')
  })

  test('is cut off, and that is said, when its guest ignores the request to shut down', async () => {
    const stubborn = await site.deploy(site.world.stubborn())
    const result = await site.engine.ensureStopped(stubborn.id, 200, site.order())
    const state = await site.engine.observe(stubborn.id)
    expect({ ...result, status: state.status }).toEqual({ forced: true, status: 'stopped' })
  })

  test('goes on when a long stop is called off', async () => {
    const stubborn = await site.deploy(site.world.stubborn())
    const order = { ...site.order(), signal: AbortSignal.timeout(100) }
    await expect(site.engine.ensureStopped(stubborn.id, ENDLESS_MS, order)).rejects.toThrow()
    expect(await site.engine.observe(stubborn.id)).toMatchObject({ status: 'running' })
  })

  test('is absent after ensureGone, however often', async () => {
    const doomed = await site.deploy()
    await site.engine.ensureGone(doomed.id, site.order())
    await site.engine.ensureGone(doomed.id, site.order())
    expect(await site.engine.observe(doomed.id)).toMatchObject({ status: 'absent', guestUp: false })
  })

  test('is absent after ensureGone when it was stopped', async () => {
    const doomed = await site.deploy()
    await site.engine.ensureStopped(doomed.id, 0, site.order())
    await site.engine.ensureGone(doomed.id, site.order())
    expect(await site.engine.observe(doomed.id)).toMatchObject({ status: 'absent' })
  })

  test('stands on a host of the inventory and starts from one of the OS images', async () => {
    const { hosts } = await site.engine.inventory()
    const images = await site.engine.osImages()
    expect(hosts.map((host) => host.name)).toContain(spec.host)
    expect(images.map((image) => ({ kind: 'os-image', name: image.name }))).toContainEqual(
      spec.source,
    )
  })
}

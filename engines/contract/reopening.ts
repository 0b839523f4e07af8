import { afterEach, expect, test } from 'vitest'
import { LIMIT_MS, type Site } from './site.ts'

export function describeReopening(site: Site): void {
  afterEach(() => site.clear(), LIMIT_MS)

  test('finds a machine running with its guest up', async () => {
    const spec = await site.deploy()
    await site.until(spec.id, (state) => state.guestUp)
    await site.reopen()
    const state = await site.until(spec.id, (seen) => seen.guestUp)
    expect(state.status).toBe('running')
  })

  test('leaves a stopped machine stopped', async () => {
    const spec = await site.deploy()
    await site.engine.ensureStopped(spec.id, 0, site.order())
    await site.reopen()
    expect(await site.engine.observe(spec.id)).toMatchObject({
      status: 'stopped',
      reason: 'requested',
    })
  })

  test('finds a machine dead that was killed before', async () => {
    const spec = await site.deploy()
    await site.world.kill(spec.id)
    await site.until(spec.id, (state) => state.status === 'stopped')
    await site.reopen()
    expect(await site.engine.observe(spec.id)).toMatchObject({ status: 'stopped', reason: 'died' })
  })

  test('notices the death of a machine that it adopted', async () => {
    const spec = await site.deploy()
    await site.reopen()
    const seen = site.until(spec.id, (state) => state.status === 'stopped')
    await site.world.kill(spec.id)
    expect(await seen).toMatchObject({ reason: 'died' })
  })

  test('stops a machine that it adopted', async () => {
    const spec = await site.deploy()
    await site.reopen()
    await site.engine.ensureStopped(spec.id, 0, site.order())
    expect(await site.engine.observe(spec.id)).toMatchObject({ status: 'stopped' })
  })

  test('gives a machine the address that it had', async () => {
    const spec = await site.reserve()
    await site.reopen()
    const address = await site.engine.ensureAddress(spec.id, spec.tenant, site.order())
    expect(address).toEqual(spec.address)
  })

  test('holds what it held', async (context) => {
    site.skipWithoutSnapshots(context)
    await site.image(await site.snapshot(await site.deploy()))
    const before = await site.held()
    await site.reopen()
    expect(await site.held()).toEqual(before)
  })
}

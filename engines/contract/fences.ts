import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Engine, FencedError, type MachineSpec, type Order } from '../engine.ts'
import { LIMIT_MS, type Site } from './site.ts'

export function describeFences(site: Site): void {
  let spec: MachineSpec
  beforeAll(async () => {
    spec = await site.reserve()
  }, LIMIT_MS)
  afterAll(() => site.clear(), LIMIT_MS)

  test.each<[string, (engine: Engine, spec: MachineSpec, order: Order) => Promise<unknown>]>([
    ['ensureAddress', (engine, { id, tenant }, order) => engine.ensureAddress(id, tenant, order)],
    [
      'ensurePublicAddress',
      (engine, { id, tenant }, order) => engine.ensurePublicAddress(id, tenant, order),
    ],
    [
      'ensurePublicAddressGone',
      (engine, { id }, order) => engine.ensurePublicAddressGone(id, order),
    ],
    ['ensureMachine', (engine, machine, order) => engine.ensureMachine(machine, order)],
    ['ensureStopped', (engine, { id }, order) => engine.ensureStopped(id, 0, order)],
    ['ensureHibernated', (engine, { id }, order) => engine.ensureHibernated(id, order)],
    ['reboot', (engine, machine, order) => engine.reboot(machine, order)],
    ['applyFirewall', (engine, { id }, order) => engine.applyFirewall(id, [], order)],
    ['ensureGone', (engine, { id }, order) => engine.ensureGone(id, order)],
    ['ensureAddressGone', (engine, { id }, order) => engine.ensureAddressGone(id, order)],
  ])('a late %s is refused and changes nothing', async (_, verb) => {
    const late = site.order()
    await site.engine.ensureMachine(spec, site.order())
    await expect(verb(site.engine, spec, late)).rejects.toThrow(FencedError)
    expect(await site.engine.observe(spec.id)).toMatchObject({ status: 'running' })
  })

  test('the steps of one operation share a fence', async () => {
    const order = site.order()
    await site.engine.ensureAddress(spec.id, spec.tenant, order)
    await site.engine.ensureMachine(spec, order)
    await site.engine.ensureStopped(spec.id, 0, order)
    expect(await site.engine.observe(spec.id)).toMatchObject({ status: 'stopped' })
  })

  test('a late order is refused by an engine that was opened again', async () => {
    const late = site.order()
    await site.engine.ensureMachine(spec, site.order())
    await site.reopen()
    await expect(site.engine.ensureGone(spec.id, late)).rejects.toThrow(FencedError)
  })

  test('the same fence is accepted by an engine that was opened again', async () => {
    const order = site.order()
    await site.engine.ensureMachine(spec, order)
    await site.reopen()
    await expect(site.engine.ensureMachine(spec, order)).resolves.toMatchObject({ id: spec.id })
  })

  test('a late order does not bring back a machine that is gone', async () => {
    const doomed = await site.deploy()
    const late = site.order()
    await site.engine.ensureGone(doomed.id, site.order())
    await expect(site.engine.ensureMachine(doomed, late)).rejects.toThrow(FencedError)
    expect(await site.engine.observe(doomed.id)).toMatchObject({ status: 'absent' })
  })

  test('a machine is gone for good when its deletion overtakes its deployment', async () => {
    const doomed = await site.reserve()
    const deployment = site.engine.ensureMachine(doomed, site.order())
    const deletion = site.engine.ensureGone(doomed.id, site.order())
    await Promise.allSettled([deployment, deletion])
    expect(await site.engine.observe(doomed.id)).toMatchObject({ status: 'absent' })
  })

  test('a late order about a snapshot is refused', async (context) => {
    site.skipWithoutSnapshots(context)
    await site.engine.ensureMachine(spec, site.order())
    const late = site.order()
    const snapshot = await site.snapshot(spec)
    await expect(site.engine.ensureSnapshotGone(snapshot, late)).rejects.toThrow(FencedError)
    expect((await site.engine.holdings()).snapshots).toContain(snapshot)
  })

  test('a late order about an image is refused', async (context) => {
    site.skipWithoutSnapshots(context)
    await site.engine.ensureMachine(spec, site.order())
    const late = site.order()
    const image = await site.image(await site.snapshot(spec))
    await expect(site.engine.ensureImageGone(image, late)).rejects.toThrow(FencedError)
    expect((await site.engine.holdings()).images).toContain(image)
  })

  test('a snapshot does not make the orders of its machine late', async (context) => {
    site.skipWithoutSnapshots(context)
    const order = site.order()
    await site.engine.ensureMachine(spec, order)
    await site.snapshot(spec)
    await expect(site.engine.ensureMachine(spec, order)).resolves.toMatchObject({ id: spec.id })
  })
}

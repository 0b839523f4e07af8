import { randomUUID } from 'node:crypto'
import { afterAll, expect, test } from 'vitest'
import { type Engine, type MachineSpec, NotFoundError, type Order } from '../engine.ts'
import { LIMIT_MS, type Site } from './site.ts'

export function describeUnknown(site: Site): void {
  afterAll(() => site.clear(), LIMIT_MS)

  test('observes a machine as absent', async () => {
    const id = randomUUID()
    expect(await site.engine.observe(id)).toMatchObject({ id, status: 'absent', guestUp: false })
  })

  test.each<[string, (engine: Engine, id: string, order: Order) => Promise<void>]>([
    ['machine', (engine, id, order) => engine.ensureGone(id, order)],
    ['address', (engine, id, order) => engine.ensureAddressGone(id, order)],
    ['public address', (engine, id, order) => engine.ensurePublicAddressGone(id, order)],
    ['snapshot', (engine, id, order) => engine.ensureSnapshotGone(id, order)],
    ['export', (engine, id, order) => engine.ensureExportGone(id, order)],
    ['image', (engine, id, order) => engine.ensureImageGone(id, order)],
  ])('is content that a %s is gone', async (_, ensureGone) => {
    await expect(ensureGone(site.engine, randomUUID(), site.order())).resolves.toBeUndefined()
  })

  test('cannot stop a machine', async () => {
    const stop = site.engine.ensureStopped(randomUUID(), 0, site.order())
    await expect(stop).rejects.toThrow(NotFoundError)
  })

  test('cannot reboot a machine', async () => {
    const spec = await site.reserve()
    await expect(site.engine.reboot(spec, site.order())).rejects.toThrow(NotFoundError)
  })

  test('cannot apply rules to a machine', async (context) => {
    context.skip(!site.engine.capabilities().firewall, 'this engine has no firewalls')
    const applied = site.engine.applyFirewall(randomUUID(), [], site.order())
    await expect(applied).rejects.toThrow(NotFoundError)
  })

  test('cannot take a snapshot of a machine', async (context) => {
    site.skipWithoutSnapshots(context)
    const taken = site.engine.ensureSnapshot(
      randomUUID(),
      site.newSnapshot(),
      { memory: false },
      site.order(),
    )
    await expect(taken).rejects.toThrow(NotFoundError)
  })

  test('cannot make an image of a snapshot', async (context) => {
    site.skipWithoutSnapshots(context)
    const made = site.engine.ensureImage(site.newImage(), randomUUID(), site.order())
    await expect(made).rejects.toThrow(NotFoundError)
  })

  test.each<MachineSpec['source']>([
    { kind: 'os-image', name: 'no-such-image' },
    { kind: 'image', id: randomUUID() },
    { kind: 'snapshot', id: randomUUID() },
  ])('cannot make a machine from an unknown $kind, and holds nothing of it', async (source) => {
    const spec = await site.reserve(site.world.spec({ source }))
    await expect(site.engine.ensureMachine(spec, site.order())).rejects.toThrow(NotFoundError)
    const { machines } = await site.engine.holdings()
    expect(machines.map((machine) => machine.id)).not.toContain(spec.id)
  })
}

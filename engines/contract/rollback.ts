import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { EngineError, type MachineSpec, NotFoundError } from '../engine.ts'
import { LIMIT_MS, type Site } from './site.ts'

export function describeRollback(site: Site): void {
  let source: MachineSpec
  let snapshot: string
  beforeAll(async () => {
    if (!site.engine.capabilities().rollback) return
    source = await site.deploy()
    snapshot = await site.snapshot(source)
  }, LIMIT_MS)
  afterAll(() => site.clear(), LIMIT_MS)
  beforeEach(async (context) => {
    context.skip(!site.engine.capabilities().rollback, 'this engine cannot roll back')
    await site.engine.ensureStopped(source.id, 0, site.order())
  }, LIMIT_MS)

  const rollBack = (to = snapshot, machine = source.id) =>
    site.engine.rollback(machine, to, site.order())

  test('a stopped machine stays stopped, and starts afterwards', async () => {
    await rollBack()
    expect(await site.engine.observe(source.id)).toMatchObject({ status: 'stopped' })
    const { status } = await site.engine.ensureMachine(source, site.order())
    expect(status).toBe('running')
  })

  test('asked twice, it is done once', async () => {
    await rollBack()
    await rollBack()
    const { status } = await site.engine.ensureMachine(source, site.order())
    expect(status).toBe('running')
  })

  test('a machine that runs is refused, and goes on', async () => {
    await site.engine.ensureMachine(source, site.order())
    await expect(rollBack()).rejects.toThrow(EngineError)
    expect(await site.engine.observe(source.id)).toMatchObject({ status: 'running' })
  })

  test('a hibernated machine is refused, and stays so', async (context) => {
    context.skip(!site.engine.capabilities().hibernate, 'this engine cannot hibernate')
    await site.engine.ensureMachine(source, site.order())
    await site.engine.ensureHibernated(source.id, site.order())
    await expect(rollBack()).rejects.toThrow(/hibernated.*restore it first/)
    expect(await site.engine.observe(source.id)).toMatchObject({ status: 'hibernated' })
    await site.engine.ensureMachine(source, site.order())
  })

  test('later snapshots stay, so that it can be undone', async () => {
    const later = await site.snapshot(source)
    await rollBack()
    await rollBack(later)
    const restored = await site.deployFrom({ kind: 'snapshot', id: later })
    expect(await site.engine.observe(restored.id)).toMatchObject({ status: 'running' })
  })

  test('the address stays', async () => {
    await rollBack()
    const address = await site.engine.ensureAddress(source.id, source.tenant, site.order())
    expect(address).toEqual(source.address)
  })

  test("another machine's snapshot is refused, also one of the same past", async () => {
    const other = await site.deployFrom({ kind: 'snapshot', id: snapshot })
    await site.engine.ensureStopped(other.id, 0, site.order())
    await expect(rollBack(snapshot, other.id)).rejects.toThrow(NotFoundError)
  })

  test('unknown snapshots and machines are refused', async () => {
    await expect(rollBack(randomUUID())).rejects.toThrow(NotFoundError)
    await expect(rollBack(snapshot, randomUUID())).rejects.toThrow(NotFoundError)
  })
}

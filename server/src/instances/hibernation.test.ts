import { EngineError } from '@garrison/engines/engine'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Caller } from '../caller.ts'
import { loadConfig } from '../config.ts'
import { hastyClock } from '../testing/hasty-clock.ts'
import { createWorld, emptyHoldings, type World, type WorldOptions } from '../testing/world.ts'
import type { Instance } from './store.ts'

let world: World
let me: Caller
afterEach(() => world.close())

async function begin(options: WorldOptions = {}) {
  world = await createWorld({ clock: hastyClock, ...options })
  me = await world.account()
}

const host = { name: 'host-1', vcpus: 1, memoryMib: 1024, diskGb: 100, diskFreeGb: 50, gpus: [] }
/** Room for one machine. */
const small = { hosts: [host] }

const ask = (instance: Instance, input = {}) =>
  world.change((tx) => world.services.hibernation.hibernate(tx, me, instance.public_id, input))
const askBack = (instance: Instance, input = {}) =>
  world.change((tx) => world.services.hibernation.restore(tx, me, instance.public_id, input))

async function hibernated(instance: Instance, input = {}) {
  await ask(instance, input)
  await world.settle()
  return world.instance(me, instance)
}
async function restored(instance: Instance, input = {}) {
  await askBack(instance, input)
  await world.settle()
  return world.instance(me, instance)
}
const engineSays = async ({ id }: Instance) => (await world.engine.observe(id)).status

describe('hibernation', () => {
  it('frees processor and memory, keeps the address, and ends where it began', async () => {
    await begin()
    const instance = await world.runningInstance(me)
    const asleep = await hibernated(instance)
    expect(asleep).toMatchObject({ status: 'HIBERNATED', hibernation_memory: true, error: null })
    expect(asleep.address).toEqual(instance.address)
    expect(await engineSays(instance)).toBe('hibernated')
    expect(await restored(instance)).toMatchObject({
      status: 'ACTIVE',
      hibernated_at: null,
      hibernation_rate_micros: null,
    })
    expect(await engineSays(instance)).toBe('running')
  })

  it('makes room for another machine, for which its restore then waits, unharmed', async () => {
    await begin(small)
    const first = await world.runningInstance(me)
    await expect(world.deploy(me)).rejects.toMatchObject({ code: 'INSUFFICIENT_CAPACITY' })
    await hibernated(first)
    const second = await world.runningInstance(me)
    await expect(askBack(first)).rejects.toMatchObject({
      code: 'INSUFFICIENT_CAPACITY',
      message: expect.stringMatching(/stays hibernated/),
    })
    expect(await world.instance(me, first)).toMatchObject({ status: 'HIBERNATED', error: null })
    expect(await engineSays(first)).toBe('hibernated')
    await world.change((tx) => world.services.instances.delete(tx, me, second.public_id))
    await world.settle()
    expect(await restored(first)).toMatchObject({ status: 'ACTIVE' })
  })

  it('that retains its capacity keeps others out, at the full rate', async () => {
    await begin(small)
    const instance = await world.runningInstance(me)
    const asleep = await hibernated(instance, { retain_capacity: true })
    expect(asleep.hibernation_rate_micros).toBe(instance.hourly_rate_micros)
    await expect(world.deploy(me)).rejects.toMatchObject({ code: 'INSUFFICIENT_CAPACITY' })
    expect(await restored(instance)).toMatchObject({ status: 'ACTIVE', retain_capacity: false })
  })

  it('costs the flat rate, or a twentieth of the running rate where that is less', async () => {
    await begin()
    const cheap = await hibernated(await world.runningInstance(me))
    expect(cheap.hibernation_rate_micros).toBe(cheap.hourly_rate_micros / 20)
    await world.close()
    const config = loadConfig({ env: {}, dataDir: '/nowhere' })
    const hibernatedPrices = { USD: 0.0001, EUR: 0.0001, INR: 0.01 }
    await begin({ config: { prices: { ...config.prices, hibernated: hibernatedPrices } } })
    const flat = await hibernated(await world.runningInstance(me))
    expect(flat.hibernation_rate_micros).toBe(100)
  })

  it('is billed at its own rate for as long as it lasts', async () => {
    await begin()
    const asleep = await hibernated(await world.runningInstance(me))
    const records = () =>
      world.db
        .selectFrom('billing_records')
        .select(['rate', 'hourly_rate_micros', 'ended_at'])
        .where('resource_id', '=', asleep.id)
        .orderBy('id')
        .execute()
    expect(await records()).toMatchObject([
      { rate: 'full', ended_at: expect.any(Date) },
      {
        rate: 'hibernated',
        hourly_rate_micros: asleep.hibernation_rate_micros,
        ended_at: null,
      },
    ])
    await restored(asleep)
    expect((await records()).map(({ rate, ended_at }) => [rate, ended_at === null])).toEqual([
      ['full', false],
      ['hibernated', false],
      ['full', true],
    ])
  })

  it('keeps what was asked for about the public address', async () => {
    await begin()
    const asleep = await hibernated(await world.runningInstance(me), { retain_ip: true })
    expect(asleep.retain_ip).toBe(true)
  })

  it('is refused while the disk has no room for the memory, and the machine goes on', async () => {
    await begin({ hosts: [{ ...host, diskFreeGb: 3 }] })
    const instance = await world.runningInstance(me)
    await expect(ask(instance)).rejects.toMatchObject({ code: 'INSUFFICIENT_CAPACITY' })
    expect(await world.instance(me, instance)).toMatchObject({ status: 'ACTIVE' })
    expect(await engineSays(instance)).toBe('running')
  })

  it('that fails leaves the machine running, and says why', async () => {
    await begin()
    const awake = await hibernated(await world.runningInstance(me, 'fail-hibernate'))
    expect(awake).toMatchObject({ status: 'ACTIVE' })
    expect(awake.error).toMatch(/could not be hibernated.*was not hibernated/)
    expect(await engineSays(awake)).toBe('running')
  })

  it('that fails when the public address is to be let go of leaves the machine its address', async () => {
    await begin()
    const { public_id } = await world.deploy(me, undefined, { public_ip: true })
    await world.settle()
    const before = await world.services.instances.require(world.db, me, public_id)
    vi.spyOn(world.engine, 'ensurePublicAddressGone').mockRejectedValueOnce(
      new EngineError('The host is tired'),
    )
    const awake = await hibernated(before)
    const { public_address } = before
    expect(public_address).not.toBeNull()
    expect(awake).toMatchObject({ status: 'ACTIVE', public_ip: 'attached', public_address })
    expect((await world.engine.holdings()).publicAddresses).toEqual([before.id])
    expect(await engineSays(awake)).toBe('running')
    expect(await hibernated(before)).toMatchObject({ public_ip: 'detached', public_address: null })
  })

  it('outlives a restore that failed, until it is restored from the disk', async () => {
    await begin()
    const instance = await world.runningInstance(me, 'fail-resume')
    await hibernated(instance)
    const failed = await restored(instance)
    expect(failed).toMatchObject({ status: 'HIBERNATED', hibernation_memory: true })
    expect(failed.error).toMatch(/cold_boot/)
    expect(await engineSays(instance)).toBe('hibernated')
    expect(await restored(instance, { cold_boot: true })).toMatchObject({
      status: 'ACTIVE',
      error: null,
    })
  })

  it('is refused by a region that cannot', async () => {
    await begin({ capabilities: { hibernate: false } })
    const instance = await world.runningInstance(me)
    await expect(ask(instance)).rejects.toMatchObject({ code: 'TIER_NOT_SUPPORTED' })
  })

  it('is nobody else’s to begin or end', async () => {
    await begin()
    const instance = await world.runningInstance(me)
    const owner = me
    me = await world.account('Stranger')
    await expect(ask(instance)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(askBack(instance)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    me = owner
    await hibernated(instance)
    const stranger = await world.account('Another')
    expect(await world.services.hibernation.list(world.db, stranger)).toEqual([])
    expect(await world.services.hibernation.list(world.db, me)).toHaveLength(1)
  })

  it('is audited and told of', async () => {
    await begin()
    await restored(await hibernated(await world.runningInstance(me)))
    const actions = await world.db.selectFrom('audit_log').select('action').execute()
    expect(actions.map((row) => row.action)).toEqual(
      expect.arrayContaining(['instance.hibernate', 'instance.restore']),
    )
    const events = await world.db.selectFrom('events').select('kind').execute()
    expect(events.map((row) => row.kind)).toEqual(
      expect.arrayContaining(['instance.hibernating', 'instance.hibernated']),
    )
  })
})

describe('a hibernated machine', () => {
  it('is deleted with all that it has', async () => {
    await begin()
    const instance = await hibernated(await world.runningInstance(me))
    await world.change((tx) => world.services.instances.delete(tx, me, instance.public_id))
    await world.settle()
    expect(await world.instance(me, instance)).toMatchObject({ status: 'DELETED' })
    expect(await world.engine.holdings()).toEqual(emptyHoldings)
  })

  it('is deleted while it is on its way there or back', async () => {
    await begin()
    for (const step of [ask, async (instance: Instance) => askBack(await hibernated(instance))]) {
      const instance = await world.runningInstance(me)
      await step(instance)
      await world.change((tx) => world.services.instances.delete(tx, me, instance.public_id))
      await world.settle()
      expect(await world.instance(me, instance)).toMatchObject({ status: 'DELETED' })
    }
    expect(await world.engine.holdings()).toEqual(emptyHoldings)
  })

  it('is left alone by reconciliation', async () => {
    await begin()
    const instance = await hibernated(await world.runningInstance(me))
    await world.reconciler.reconcile(instance.region, world.engine)
    await world.settle()
    expect(await world.instance(me, instance)).toMatchObject({ status: 'HIBERNATED' })
    expect((await world.engine.holdings()).addresses).toEqual([instance.id])
  })

  it('that runs all the same is hibernated again, one that should run goes on', async () => {
    await begin()
    const instance = await hibernated(await world.runningInstance(me))
    const set = (status: 'ACTIVE' | 'HIBERNATED') =>
      world.db.updateTable('instances').set({ status }).where('id', '=', instance.id).execute()
    const reconciled = async () => {
      await world.reconciler.reconcile(instance.region, world.engine)
      await world.settle()
      return world.instance(me, instance)
    }
    await set('ACTIVE')
    expect(await reconciled()).toMatchObject({ status: 'ACTIVE' })
    expect(await engineSays(instance)).toBe('running')
    await set('HIBERNATED')
    expect(await reconciled()).toMatchObject({ status: 'HIBERNATED' })
    expect(await engineSays(instance)).toBe('hibernated')
  })

  it('whose disk is gone is in ERROR', async () => {
    await begin()
    const instance = await hibernated(await world.runningInstance(me))
    await world.engine.ensureGone(instance.id, { operation: instance.id, fence: 1_000_000 })
    await world.reconciler.reconcile(instance.region, world.engine)
    expect(await world.instance(me, instance)).toMatchObject({ status: 'ERROR' })
  })
})

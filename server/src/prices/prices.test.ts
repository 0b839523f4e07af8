import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { balances } from '../billing/ledger.ts'
import { createMeter } from '../billing/meter.ts'
import { insertInstance, instanceRow, setStatus } from '../billing/testing.ts'
import { type Api, createApi } from '../testing/api.ts'
import { type SettableClock, settableClock } from '../testing/settable-clock.ts'

const minute = 60_000

let api: Api
let clock: SettableClock
let operator: Awaited<ReturnType<Api['client']>>
let client: Awaited<ReturnType<Api['client']>>
beforeEach(async () => {
  clock = settableClock('2026-01-01T00:00:00Z')
  api = await createApi({ clock, config: { billing: { mode: 'prepaid', currency: 'USD' } } })
  operator = await api.client('Operator', { role: 'operator' })
  client = await api.client('Owner')
  await grant(client.caller.accountId)
})
afterEach(() => api.close())

const grant = (accountId: string) =>
  api.change((tx) =>
    api.services.billing.grant(tx, {
      ...{ accountId, currency: 'USD', micros: 1_000_000_000, description: 'A gift' },
    }),
  )
const small = (USD: number, more: object = {}) => ({
  kind: 'flavor',
  item: 'cpu-small',
  prices: { USD, EUR: USD, INR: USD * 80 },
  ...more,
})
const change = async (body: object) => {
  const reply = await operator.post('/api/operator/prices/', body)
  expect(reply.status, JSON.stringify(reply.body)).toBe(200)
  return reply.body
}
const tick = () => createMeter({ clock, mode: 'prepaid', prices: api.services.prices }).tick(api.db)
const records = (resourceId: string) =>
  api.db
    .selectFrom('billing_records')
    .select(['started_at', 'ended_at', 'minutes', 'hourly_rate_micros', 'cost_micros'])
    .where('resource_id', '=', resourceId)
    .orderBy('started_at')
    .execute()
const spent = async () => 1_000_000_000 - (await balances(api.db, client.caller.accountId)).USD
const running = async (name?: string) => api.runningInstance(client.caller, name)

it('bills what runs at the new price from its minute on, and shows it everywhere', async () => {
  const instance = await running()
  clock.pass(90_000)
  await change(small(0.6))
  clock.pass(150_000)
  await tick()
  expect(await records(instance.id)).toMatchObject([
    {
      minutes: 1,
      hourly_rate_micros: 10_000,
      cost_micros: 167,
      ended_at: new Date('2026-01-01T00:01:00Z'),
    },
    { minutes: 3, hourly_rate_micros: 600_000, cost_micros: 30_000, ended_at: null },
  ])
  expect(await spent()).toBe(30_167)
  const { body } = await client.get(`/api/instances/${instance.public_id}/`)
  expect(JSON.stringify(body)).toContain('"hourly_rate":0.6')
  const flavors = await client.get('/api/flavors/')
  expect(flavors.body.flavors[0]).toMatchObject({
    name: 'cpu-small',
    prices: { USD: 0.6, INR: 48 },
  })
  expect((await api.deploy(client.caller)).hourly_rate_micros).toBe(600_000)
})

it('is the price of a microVM’s snapshot that is asked for while it changes', async () => {
  const { microvmSnapshots, microvmSessions, microvms, prices } = api.services
  const { caller } = client
  api.startRunner()
  await microvmSnapshots.registerBase()
  await api.settle()
  const base = await microvmSnapshots.readyBase(1_000)
  const { publicId } = await api.change((tx) => microvmSessions.createVm(tx, caller, {}, base))
  await api.settle()
  const dearer = { kind: 'snapshot', prices: { USD: 7, EUR: 7, INR: 560 } } as const
  let taking: Promise<{ snapshot: { id: string } }> | undefined
  await api.change(async (tx) => {
    await prices.change(tx, operator.caller, dearer)
    let isTaken = false
    taking = api.change((other) => microvms.snapshot(other, caller, publicId, null))
    taking.then(
      () => (isTaken = true),
      () => {},
    )
    await vi.waitFor(async () => expect(isTaken || (await isAnybodyWaiting())).toBe(true))
  })
  const { hundred_gb_rate_micros } = await api.db
    .selectFrom('microvm_snapshots')
    .select('hundred_gb_rate_micros')
    .where('id', '=', String((await taking)?.snapshot.id))
    .executeTakeFirstOrThrow()
  expect(hundred_gb_rate_micros).toBe(7_000_000)
})

/** For a lock of the database. */
async function isAnybodyWaiting() {
  const { rows } = await sql`select from pg_locks where not granted`.execute(api.db)
  return rows.length > 0
}

it('waits for a later moment, and catches up over it after any downtime', async () => {
  const instance = await running()
  const effective_from = '2026-01-01T01:00:00.000Z'
  const { price, accounts_told } = await change(small(0.02, { effective_from, reason: 'Power' }))
  expect(price).toMatchObject({ state: 'future', effective_from, applied_at: null })
  expect(accounts_told).toBe(1)
  clock.pass(30 * minute)
  await tick()
  expect((await api.deploy(client.caller)).hourly_rate_micros).toBe(10_000)
  // Nobody looked for three hours.
  clock.set('2026-01-01T04:00:00Z')
  await tick()
  expect(await records(instance.id)).toMatchObject([
    { minutes: 60, cost_micros: 10_000 },
    { minutes: 180, cost_micros: 60_000 },
  ])
  expect(await api.instance(client.caller, instance)).toMatchObject({ hourly_rate_micros: 20_000 })
  const { body } = await operator.get('/api/operator/prices/?kind=flavor')
  expect(body.changes).toMatchObject([
    { state: 'in_force', applied_at: '2026-01-01T04:00:00.000Z' },
  ])
  expect(body.current[0]).toMatchObject({
    item: 'cpu-small',
    since: effective_from,
    prices: { USD: 0.02 },
    configured: { USD: 0.01 },
  })
})

it('gives each state of its machines the price of the moment, also when it hears of it late', async () => {
  const row = instanceRow(client.caller.accountId, clock.now(), {
    ...{ gpu_model: null, gpu_count: 0, hourly_rate_micros: 10_000, status: 'ACTIVE' },
  })
  const { id } = await insertInstance(api.db, row)
  await change(small(0.06, { effective_from: '2026-01-01T00:10:00Z' }))
  await change(small(0.12, { effective_from: '2026-01-01T00:25:00Z' }))
  const set = async (at: string, status: Parameters<typeof setStatus>[2]) => {
    clock.set(at)
    await setStatus(api.db, id, status, clock.now())
  }
  await set('2026-01-01T00:15:30Z', 'STOPPING')
  await set('2026-01-01T00:20:00Z', 'SHUTOFF')
  clock.set('2026-01-01T00:30:00Z')
  await tick()
  expect(await records(id)).toMatchObject([
    { minutes: 10, hourly_rate_micros: 10_000 },
    { minutes: 5, hourly_rate_micros: 60_000 },
    { minutes: 5, hourly_rate_micros: 60_000 },
    { minutes: 5, hourly_rate_micros: 120_000 },
  ])
})

describe('of other things', () => {
  it('follows for volumes by size, snapshots by disk, and what is hibernated', async () => {
    const instance = await running()
    const snapshot = await api.readySnapshot(client.caller, instance)
    const volume = await api.volume(client.caller, { sizeGb: 50 })
    await api.change((tx) =>
      api.services.hibernation.hibernate(tx, client.caller, instance.public_id, {}),
    )
    await api.settle()
    clock.pass(10 * minute)
    await change({ kind: 'volume', item: 'legacy/SSD', prices: { USD: 2, EUR: 2, INR: 200 } })
    await change({ kind: 'snapshot', prices: { USD: 3, EUR: 3, INR: 300 } })
    await change({ kind: 'hibernated', prices: { USD: 0, EUR: 0, INR: 0 } })
    clock.pass(60 * minute)
    await tick()
    const last = async (id: string) => (await records(id)).at(-1)
    expect(await last(volume.id)).toMatchObject({ minutes: 60, cost_micros: 100_000 })
    expect(await last(snapshot.id)).toMatchObject({
      minutes: 60,
      cost_micros: (3_000_000 * snapshot.disk_gb) / 100,
    })
    expect(await last(instance.id)).toMatchObject({ minutes: 60, cost_micros: 0 })
    const { body } = await client.get('/api/pricing/')
    expect(body.pricing_data.volumes.pricing.legacy.SSD.prices.USD).toBe(2)
    expect(body.pricing_data.snapshots.pricing.legacy.prices.USD).toBe(3)
  })

  it('leaves what is priced otherwise alone', async () => {
    const instance = await running()
    const { accounts_told } = await change({ ...small(5), item: 'cpu-large' })
    expect(accounts_told).toBe(0)
    clock.pass(60 * minute)
    await tick()
    expect(await records(instance.id)).toMatchObject([{ minutes: 60, cost_micros: 10_000 }])
  })
})

describe('whoever is concerned', () => {
  it('gets an event and a mail with notice, and hears when it is withdrawn', async () => {
    await api.db
      .updateTable('accounts')
      .set({ email: 'owner@example.org' })
      .where('id', '=', client.caller.accountId)
      .execute()
    const instance = await running()
    const { price } = await change(
      small(0.02, { effective_from: '2026-02-01T00:00:00Z', reason: 'Power' }),
    )
    const gone = await operator.delete(`/api/operator/prices/${price.id}/`)
    expect(gone.status).toBe(200)
    const events = await api.db
      .selectFrom('events')
      .select(['kind', 'account_id', 'data'])
      .where('kind', 'like', 'price.%')
      .orderBy('id')
      .execute()
    expect(events).toMatchObject([
      {
        kind: 'price.announced',
        account_id: client.caller.accountId,
        data: { price: 0.02, currency: 'USD', resources: 1 },
      },
      { kind: 'price.withdrawn' },
    ])
    const mails = await api.db.selectFrom('mails').selectAll().orderBy('created_at').execute()
    expect(mails.map(({ recipient, subject }) => [recipient, subject])).toEqual([
      ['owner@example.org', 'The price of cpu-small changes on 2026-02-01 00:00 UTC'],
      ['owner@example.org', 'The price of cpu-small stays as it is'],
    ])
    expect(mails[0]?.body).toContain(instance.public_id)
    expect(mails[0]?.body).toContain('Power')
    expect((await operator.get('/api/operator/prices/')).body.changes).toEqual([])
    clock.set('2026-03-01T00:00:00Z')
    await tick()
    expect(await api.instance(client.caller, instance)).toMatchObject({
      hourly_rate_micros: 10_000,
    })
  })

  it('finds both in the audit log of the operator', async () => {
    const { price } = await change(small(0.02))
    const audit = await api.db
      .selectFrom('audit_log')
      .select(['account_id', 'action', 'subject_id', 'before', 'after'])
      .where('action', 'like', 'price.%')
      .execute()
    expect(audit).toEqual([
      {
        account_id: operator.caller.accountId,
        action: 'price.change',
        subject_id: price.id,
        before: { prices: { USD: 0.01, EUR: 0.01, INR: 0.85 } },
        after: { prices: { USD: 0.02, EUR: 0.02, INR: 1.6 } },
      },
    ])
  })
})

describe('is refused', () => {
  it.each([
    ['a negative price', { ...small(1), prices: { USD: -0.01, EUR: 1, INR: 1 } }, 'prices.USD'],
    ['a currency that is missing', { ...small(1), prices: { USD: 1, EUR: 1 } }, 'prices.INR'],
    [
      'a moment in the past',
      small(1, { effective_from: '2025-12-31T23:59:59Z' }),
      'effective_from',
    ],
    ['an unknown flavor', { ...small(1), item: 'cpu-huge' }, 'item'],
    ['a name of everything', { ...small(1), item: '__proto__' }, 'item'],
    ['a volume that is not sold', { ...small(1), kind: 'volume', item: 'legacy/HDD' }, 'item'],
    ['an item where there is one only', { ...small(1), kind: 'snapshot' }, 'item'],
  ])('%s', async (_, body, field) => {
    const reply = await operator.post('/api/operator/prices/', body)
    expect(reply.status).toBe(400)
    expect(Object.keys(reply.body.errors)).toEqual([field])
    expect(await api.db.selectFrom('price_changes').selectAll().execute()).toEqual([])
  })

  it('a second change at the same moment, and the withdrawal of what is in force', async () => {
    const effective_from = '2026-02-01T00:00:00Z'
    await change(small(0.02, { effective_from }))
    const twice = await operator.post('/api/operator/prices/', small(0.03, { effective_from }))
    expect(twice.status).toBe(409)
    const { price } = await change(small(0.05))
    const late = await operator.delete(`/api/operator/prices/${price.id}/`)
    expect(late.status).toBe(400)
    expect((await operator.delete('/api/operator/prices/nothing/')).status).toBe(404)
  })

  it('to everybody who is no operator', async () => {
    for (const send of [client.get, client.post]) {
      const { status, body } = await send('/api/operator/prices/')
      expect([status, body.error_code]).toEqual([403, 'PERMISSION_DENIED'])
    }
  })
})

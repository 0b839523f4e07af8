/** What microVMs and their snapshots cost, and where it is shown. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createMeter } from '../billing/meter.ts'
import { reclaimable } from '../depletion/store.ts'
import { type Api, createApi } from '../testing/api.ts'
import { type SettableClock, settableClock } from '../testing/settable-clock.ts'

const minute = 60_000
const list = '/api/microvms/billing/'

let api: Api
let clock: SettableClock
let me: Awaited<ReturnType<Api['client']>>
let vm: { vm_id: string; hourly_rate: number }
beforeEach(async () => {
  clock = settableClock('2026-01-01T00:00:00Z')
  api = await createApi({ clock, config: { billing: { mode: 'prepaid', currency: 'USD' } } })
  api.startRunner()
  me = await api.client()
  const { accountId } = me.caller
  const credits = { accountId, currency: 'USD' as const, micros: 1e9, description: 'A gift' }
  await api.change((tx) => api.services.billing.grant(tx, credits))
  vm = (await me.post('/v1/vms', {})).body
})
afterEach(() => api.close())

const meter = () =>
  createMeter({ clock, mode: 'prepaid', prices: api.services.prices }).tick(api.db)
const snapshot = async (name = 'kept') =>
  (await me.post(`/v1/vms/${vm.vm_id}/snapshot`, { name })).body.snapshot_id as string
const records = async (query = '') => (await me.get(list + query)).body
const isSnapshot = '?resource_type=microvm-snapshot'

it('charges a snapshot by its bytes from when it is ready until it is deleted', async () => {
  const id = await snapshot()
  const { size_bytes } = (await me.get(`/v1/snapshots/${id}`)).body
  expect(size_bytes).toBeGreaterThan(0)
  clock.pass(90 * minute)
  await meter()
  const hourly = Math.round((100_000 * size_bytes) / 1e11)
  expect(hourly).toBeGreaterThan(0)
  const { records: found, summary } = await records(isSnapshot)
  expect(found).toMatchObject([
    {
      ...{ resource_id: id, resource_name: 'kept', resource_type: 'microvm-snapshot' },
      ...{ status: 'active', size_bytes, total_duration_minutes: 90 },
      ...{ total_duration_seconds: null, total_cost: Math.round(hourly * 1.5) / 1e6 },
      // A minute of it costs less than its five decimals can say.
      hourly_rate: hourly / 1e6,
    },
  ])
  expect(summary).toMatchObject({
    ...{ activeCount: 1, totalSizeBytes: size_bytes, totalSeconds: 90 * 60 },
  })
  await me.delete(`/v1/snapshots/${id}`)
  await api.settle()
  clock.pass(60 * minute)
  await meter()
  const after = await records(isSnapshot)
  expect(after.records).toMatchObject([{ status: 'completed', total_duration_minutes: 90 }])
  expect(after.summary).toMatchObject({ completedCount: 1, totalSizeBytes: 0 })
})

it('charges nobody for public ones, and for those that clones make on their way', async () => {
  const copy = await me.post(`/v1/vms/${vm.vm_id}/clone`, {})
  expect(copy).toMatchObject({ status: 200, body: { snapshot_deleted: true } })
  const kept = await me.post(`/v1/vms/${vm.vm_id}/clone`, { snapshot_name: 'fork' })
  const rows = await api.db
    .selectFrom('billing_records')
    .select(['resource_name'])
    .where('resource_kind', '=', 'microvm-snapshot')
    .execute()
  expect(kept.status).toBe(200)
  expect(rows).toEqual([{ resource_name: 'fork' }])
})

it('goes on at a new price from its minute on', async () => {
  const id = await snapshot()
  const { size_bytes } = (await me.get(`/v1/snapshots/${id}`)).body
  const operator = await api.client('Operator', { role: 'operator' })
  clock.pass(10 * minute)
  const prices = { USD: 20, EUR: 20, INR: 2000 }
  const changed = await operator.post('/api/operator/prices/', { kind: 'snapshot', prices })
  expect(changed).toMatchObject({ status: 200, body: { accounts_told: 1 } })
  clock.pass(10 * minute)
  await meter()
  expect((await records(isSnapshot)).records).toMatchObject([
    { status: 'active', total_duration_minutes: 10 },
    { status: 'completed', total_duration_minutes: 10 },
  ])
  const rows = await api.db
    .selectFrom('billing_records')
    .select('hourly_rate_micros')
    .where('resource_kind', '=', 'microvm-snapshot')
    .orderBy('started_at')
    .execute()
  expect(rows.map((row) => row.hourly_rate_micros)).toEqual(
    [100_000, 20_000_000].map((rate) => Math.round((rate * size_bytes) / 1e11)),
  )
  expect((await snapshot('later')).length).toBeGreaterThan(0)
  const later = await records(`${isSnapshot}&search=later`)
  expect(later.total).toBe(1)
})

it('lists VMs by the second, and nobody else sees them', async () => {
  clock.pass(150_000)
  await meter()
  const cost = Math.round((vm.hourly_rate * 1e6 * 150) / 3600) / 1e6
  const { records: found } = await records(`?resource_id=${vm.vm_id}&status=active`)
  expect(found).toMatchObject([
    {
      ...{ resource_type: 'microvm', resource_id: vm.vm_id, size_bytes: null },
      ...{ total_duration_seconds: 150, total_duration_minutes: 2, total_cost: cost },
      hourly_rate: vm.hourly_rate,
    },
  ])
  const stranger = await api.client('Stranger')
  expect((await stranger.get(list)).body).toMatchObject({ records: [], total: 0 })
})

it('adds up seconds, so that many short lives are not no time at all', async () => {
  await me.delete(`/v1/vms/${vm.vm_id}`)
  await api.settle()
  for (const seconds of [40, 50]) {
    const { vm_id } = (await me.post('/v1/vms', {})).body
    clock.pass(seconds * 1_000)
    await me.delete(`/v1/vms/${vm_id}`)
    await api.settle()
  }
  await meter()
  const { summary } = await records('?resource_type=microvm')
  expect(summary).toMatchObject({ totalSeconds: 90, totalMinutes: 0, completedCount: 3 })
})

it('counts in what an hour costs, in the month, its days and its forecast', async () => {
  clock.pass(60 * minute)
  await meter()
  const { burn_per_hour, used, forecast, days } = (await me.get('/api/account/budget/')).body.budget
  expect({ burn_per_hour, used }).toEqual({ burn_per_hour: vm.hourly_rate, used: vm.hourly_rate })
  expect(forecast).toBeGreaterThan(vm.hourly_rate * 700)
  expect(days).toEqual([{ date: '2026-01-01', amount: vm.hourly_rate }])
  const { body } = await me.get('/api/balance/')
  expect(body).toMatchObject({ burn_per_hour: vm.hourly_rate })
})

it('is gone with the rest when an account is cleared for want of credits', async () => {
  const id = await snapshot()
  const left = await api.change((tx) => reclaimable(tx, me.caller.accountId, 10))
  expect(left).toEqual([{ kind: 'microvm-snapshot', public_id: id, pinned: false }])
})

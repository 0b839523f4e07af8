import type { VolumeStatus } from '@garrison/contract/volumes/states'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../clock.testing.ts'
import { newUuid } from '../ids.ts'
import { type Api, createApi } from '../testing/api.ts'
import { createMeter } from './meter.ts'
import { insertInstance, instanceRow, setStatus } from './testing.ts'

let api: Api
let clock: ManualClock
let client: Awaited<ReturnType<Api['client']>>
beforeEach(async () => {
  clock = new ManualClock()
  api = await createApi({ clock })
  client = await api.client()
})
afterEach(() => api.close())

const minute = 60_000
const meter = () => createMeter({ clock, mode: 'prepaid' }).tick(api.db)
const machine = (set: Parameters<typeof instanceRow>[2] = {}) =>
  insertInstance(
    api.db,
    instanceRow(client.caller.accountId, clock.now(), { status: 'ACTIVE', ...set }),
  )

describe('the billing list of instances', () => {
  it('has exactly the published keys, numbers and words', async () => {
    const { public_id } = await machine({ name: 'ml-training-server', tier: 'advanced' })
    await clock.advance(7_200 * minute)
    await meter()
    const { status, body } = await client.get('/api/instances/billing/')
    expect(status).toBe(200)
    expect(body).toEqual({
      success: true,
      records: [
        {
          billing_id: `${public_id}B`,
          instance_id: public_id,
          vm_name: 'ml-training-server',
          gpu_type: 'H100-SXM5-80GB',
          gpu_count: 4,
          tier: 'advanced',
          start_time: '2026-01-01T00:00:00.000Z',
          end_time: null,
          total_duration_minutes: 7200,
          per_minute_rate: 0.166,
          total_cost: 1195.2,
          currency: 'USD',
          status: 'active',
          description:
            'Deployment billing - 7200 minutes for H100-SXM5-80GB x4 (ml-training-server)',
        },
      ],
      summary: {
        totalMinutes: 7200,
        activeCount: 1,
        completedCount: 0,
        hibernatedCount: 0,
        averageUsage: 7200,
        totalCost: 1195.2,
      },
      total: 1,
      page: 1,
      limit: 20,
      total_pages: 1,
      currency: 'USD',
    })
  })

  it('sums up all that match, whatever page is shown', async () => {
    const rows = [await machine(), await machine(), await machine()]
    await clock.advance(10 * minute)
    await setStatus(api.db, rows[0]?.id ?? '', 'DELETING', clock.now())
    await clock.advance(10 * minute)
    await meter()
    const { body } = await client.get('/api/instances/billing/?page=2&limit=2')
    expect(body.records).toHaveLength(1)
    expect(body).toMatchObject({ total: 3, total_pages: 2 })
    expect(body.summary).toMatchObject({
      totalMinutes: 50,
      activeCount: 2,
      completedCount: 1,
      averageUsage: 16.67,
    })
  })

  it('adds up no currencies: what was billed in another one is listed, and not in the sum', async () => {
    await machine()
    await machine({ currency: 'INR', hourly_rate_micros: 199_000_000 })
    await clock.advance(60 * minute)
    await meter()
    const { body } = await client.get('/api/instances/billing/')
    expect(body).toMatchObject({ total: 2, currency: 'USD', summary: { totalCost: 9.96 } })
  })

  it('is narrowed by instance, status, name and time', async () => {
    const first = await machine({ name: 'alpha' })
    await clock.advance(2 * 24 * 60 * minute)
    await setStatus(api.db, first.id, 'DELETING', clock.now())
    await machine({ name: 'beta' })
    const names = async (query: string) => {
      const { body } = await client.get(`/api/instances/billing/?${query}`)
      return body.records.map((record: { vm_name: string }) => record.vm_name)
    }
    expect(await names(`instance_id=${first.public_id}`)).toEqual(['alpha'])
    expect(await names('status=completed')).toEqual(['alpha'])
    expect(await names('status=active')).toEqual(['beta'])
    expect(await names('search=BET')).toEqual(['beta'])
    expect(await names('end_date=2026-01-02')).toEqual(['alpha'])
    expect(await names('start_date=2026-01-04')).toEqual(['beta'])
    expect(await names('start_date=&end_date=')).toEqual(['beta', 'alpha'])
  })

  it('agrees with the details of the instance', async () => {
    const { public_id } = await machine()
    await clock.advance(60 * minute)
    await meter()
    const { body } = await client.get(`/api/instances/${public_id}/`)
    expect(body.instance.billing).toEqual({
      hourly_rate: 9.96,
      per_minute_rate: 0.166,
      total_cost: 9.96,
      currency: 'USD',
    })
  })

  it("shows nobody else's", async () => {
    const { public_id } = await machine()
    const stranger = await api.client('Stranger')
    const { body } = await stranger.get(`/api/instances/billing/?instance_id=${public_id}`)
    expect(body).toMatchObject({ records: [], total: 0, summary: { averageUsage: 0 } })
  })

  it.each(['start_date=yesterday', 'limit=0', 'limit=101', 'page=0', 'status=paid'])(
    'refuses %s',
    async (query) => {
      const { status, body } = await client.get(`/api/instances/billing/?${query}`)
      expect([status, body.error_code]).toEqual([400, 'VALIDATION_ERROR'])
    },
  )
})

it('bills a snapshot by the size of its disk, as published: 250 GB for 480 minutes are 2', async () => {
  const source = await machine()
  const id = newUuid()
  await api.db
    .insertInto('snapshots')
    .values({
      id,
      public_id: 'BRK-123456S',
      account_id: client.caller.accountId,
      instance_id: source.id,
      instance_public_id: source.public_id,
      vm_name: source.name,
      name: 'before-upgrade',
      description: null,
      status: 'SUCCESS',
      region: 'LOCAL-1',
      tier: 'legacy',
      size_bytes: 1,
      disk_gb: 250,
      consistency: 'crash',
      memory: false,
      flavor: 'cpu-small',
      gpu_model: null,
      gpu_count: 0,
      vcpus: 1,
      memory_mib: 1024,
      os_image: null,
      login_user: 'root',
      ssh_keys: '[]',
      hourly_rate_micros: 250_000,
      currency: 'USD',
      error: null,
      created_at: clock.now(),
      updated_at: clock.now(),
      deleted_at: null,
    })
    .execute()
  await clock.advance(480 * minute)
  await meter()
  const { body } = await client.get('/api/snapshots/billing/?snapshot_id=BRK-123456S')
  expect(body).toMatchObject({
    records: [
      {
        billing_id: 'BRK-123456SB',
        size_gb: 250,
        per_minute_rate: 0.00417,
        total_cost: 2,
        description: 'Snapshot usage - 480 minutes for 250GB snapshot (before-upgrade)',
      },
    ],
    summary: { totalMinutes: 480, activeCount: 1, totalSizeGB: 250, totalCost: 2 },
    tier: 'legacy',
  })
})

it('bills a volume by its size and type, and begins anew when it grows', async () => {
  const volume = { id: newUuid(), public_id: 'BRK-123456V', name: 'data', size_gb: 1000 }
  const set = (change: { status?: VolumeStatus; size_gb?: number }) =>
    api.db
      .updateTable('volumes')
      .set({ ...change, updated_at: clock.now() })
      .where('id', '=', volume.id)
      .execute()
  await api.db
    .insertInto('volumes')
    .values({
      ...volume,
      account_id: client.caller.accountId,
      description: null,
      status: 'creating',
      region: 'LOCAL-1',
      tier: 'legacy',
      host: 'host-1',
      volume_type: 'SSD',
      growing_to_gb: null,
      bootable: false,
      os_image: null,
      login_user: null,
      tb_rate_micros: 100_000,
      currency: 'USD',
      instance_id: null,
      is_boot: false,
      attached_at: null,
      error: null,
      created_at: clock.now(),
      updated_at: clock.now(),
      deleted_at: null,
    })
    .execute()
  await clock.advance(5 * minute)
  await set({ status: 'available' })
  await clock.advance(480 * minute)
  await set({ status: 'resizing' })
  await set({ status: 'available', size_gb: 2000 })
  await clock.advance(60 * minute)
  await meter()
  const { body } = await client.get('/api/volumes/billing/?volume_id=BRK-123456V')
  expect(body).toMatchObject({
    records: [
      { size_gb: 2000, total_cost: 0.2, status: 'available', end_time: null },
      {
        billing_id: expect.stringMatching(/^VBILL_[0-9a-f]{10}$/),
        volume_id: 'BRK-123456V',
        total_duration_minutes: 480,
        per_minute_rate: 0.00167,
        total_cost: 0.8,
        status: 'completed',
        description: 'Volume billing - 480 minutes at 1000GB (data)',
      },
    ],
    summary: { totalMinutes: 540, activeCount: 1, averageUsage: 270, totalSizeGB: 2000 },
    currency: 'USD',
  })
  expect(body.summary.totalCost).toBe(1)
})

it('shows credits as they come and go, usage by the hour', async () => {
  await api.change((tx) =>
    api.services.billing.grant(tx, {
      accountId: client.caller.accountId,
      currency: 'USD',
      micros: 25_000_000,
      description: 'Welcome',
    }),
  )
  await machine()
  for (let minutes = 0; minutes < 90; minutes += 30) {
    await clock.advance(30 * minute)
    await meter()
  }
  const { body } = await client.get('/api/credits/history/')
  const no = { order_id: null, receipt_number: null }
  const usage = { kind: 'usage', description: 'Usage', currency: 'USD', ...no }
  expect(body).toMatchObject({ total: 3, total_pages: 1, currency: 'USD' })
  expect(body.entries).toEqual([
    { ...usage, amount: -9.96, created_at: '2026-01-01T01:00:00.000Z' },
    { ...usage, amount: -4.98, created_at: '2026-01-01T00:00:00.000Z' },
    {
      kind: 'grant',
      description: 'Welcome',
      amount: 25,
      currency: 'USD',
      created_at: '2026-01-01T00:00:00.000Z',
      ...no,
    },
  ])
  const grants = await client.get('/api/credits/history/?kind=grant')
  expect(grants.body.total).toBe(1)
  const stranger = await api.client('Stranger')
  expect((await stranger.get('/api/credits/history/')).body.total).toBe(0)
})

it('tells how many hours the balance lasts at the present rate', async () => {
  await api.close()
  api = await createApi({ clock, config: { billing: { mode: 'prepaid', currency: 'USD' } } })
  client = await api.client()
  await api.change((tx) =>
    api.services.billing.grant(tx, {
      accountId: client.caller.accountId,
      currency: 'USD',
      micros: 99_600_000,
      description: 'A gift',
    }),
  )
  await machine()
  const { body } = await client.get('/api/balance/')
  expect(body.estimated_hours_left).toBe(10)
})

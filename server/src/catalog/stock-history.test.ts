import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../config.ts'
import { type Api, createApi } from '../testing/api.ts'
import { expectRefusal } from '../testing/refusal.ts'
import { type SettableClock, settableClock } from '../testing/settable-clock.ts'
import { testImage, testRegion } from '../testing/world.ts'
import { keptDays, pointsOf } from './stock-history.ts'

const { gpu_models, regions } = loadConfig({ env: {}, dataDir: '/nowhere', demo: true })
const published = regions.find((each) => each.engine === 'simulated')
if (published === undefined) throw new Error('the demo has no simulated region')
const path = '/api/gpu-stocks/history/'

let api: Api
let clock: SettableClock
let me: Awaited<ReturnType<Api['client']>>
let sample: () => Promise<void>

beforeEach(async () => {
  clock = settableClock('2026-01-10T09:00:00Z')
  api = await createApi({
    clock,
    config: {
      gpu_models,
      regions: [
        {
          ...published,
          tier: 'legacy',
          name: testRegion,
          gpu_models: ['A40'],
          flavors: [],
          os_images: [testImage],
        },
      ],
    },
    hosts: [
      {
        name: 'one',
        vcpus: 256,
        memoryMib: 1_048_576,
        diskGb: 100_000,
        diskFreeGb: 50_000,
        gpus: [{ model: 'A40', count: 2 }],
      },
    ],
  })
  api.startRunner()
  me = await api.client()
  sample = api.services.stockHistory.sample
})
afterEach(() => api.close())

async function deploy(vm_name: string): Promise<string> {
  const { public_id } = await api.sshKey(me.caller)
  const { body } = await me.post('/api/deploy/', {
    vm_name,
    region: testRegion,
    gpu_model: 'A40',
    os_image: testImage,
    ssh_key_ids: [public_id],
  })
  await api.settle()
  return body.data.instance_id
}
const rows = () => api.db.selectFrom('stock_samples').selectAll().orderBy('sampled_at').execute()
const told = async () =>
  (
    await api.db.selectFrom('events').selectAll().where('kind', '=', 'stock.available').execute()
  ).map(({ account_id, data }) => ({ account_id, ...data }))

describe('the stock history', () => {
  it('grows where something has changed, and only there', async () => {
    await sample()
    const before = await rows()
    expect(before.map(({ flavor, available }) => `${flavor}: ${available}`).sort()).toEqual([
      'A40-x1: 2',
      'A40-x2: 1',
      'A40-x4: 0',
    ])
    clock.pass(300_000)
    await sample()
    expect(await rows()).toEqual(before)
    await deploy('one')
    clock.pass(300_000)
    await sample()
    expect(
      (await rows())
        .slice(before.length)
        .map(({ flavor }) => flavor)
        .sort(),
    ).toEqual(['A40-x1', 'A40-x2'])
  })

  it('answers what was there at each step', async () => {
    await sample()
    clock.set('2026-01-10T09:10:00Z')
    const instance = await deploy('one')
    await sample()
    clock.set('2026-01-10T09:20:00Z')
    await me.delete(`/api/instances/${instance}/`)
    await api.settle()
    await sample()
    const query = 'from=2026-01-10T08:55:00Z&to=2026-01-10T09:25:00Z&step=600'
    const { body } = await me.get(`${path}?region=${testRegion}&gpu_model=A40&${query}`)
    expect(body).toMatchObject({ step_seconds: 600, count: 1 })
    expect(body.history[0].configurations[0]).toEqual({
      gpu_count: 1,
      points: [
        { at: '2026-01-10T08:55:00.000Z', available: null },
        { at: '2026-01-10T09:05:00.000Z', available: 2 },
        { at: '2026-01-10T09:15:00.000Z', available: 1 },
        { at: '2026-01-10T09:25:00.000Z', available: 2 },
      ],
    })
  })

  it('answers the last day by itself', async () => {
    const { body } = await me.get(path)
    expect(body).toMatchObject({
      from: '2026-01-09T09:00:00.000Z',
      to: '2026-01-10T09:00:00.000Z',
      step_seconds: 300,
    })
    expect(body.history[0].configurations[0].points).toHaveLength(289)
  })

  it('forgets what is older than it says, but not what is still true', async () => {
    await sample()
    clock.pass(24 * 3_600_000)
    await deploy('one')
    await sample()
    clock.pass(keptDays * 24 * 3_600_000 + 1)
    await api.services.stockHistory.forget()
    expect((await rows()).map(({ flavor, available }) => `${flavor}: ${available}`).sort()).toEqual(
      ['A40-x1: 1', 'A40-x2: 0', 'A40-x4: 0'],
    )
  })

  it.each<[string, string, string, RegExp]>([
    ['an unknown region', 'region=MARS-1', 'region', /MARS-1/],
    ['an unknown model', 'gpu_model=ABACUS', 'gpu_model', /ABACUS/],
    ['a step of a minute', 'step=60', 'step', /300/],
    ['half a step', 'step=300.5', 'step', /integer/],
    ['no time', 'from=yesterday', 'from', /./],
    [
      'times the wrong way round',
      'from=2026-01-10T08:00:00Z&to=2026-01-09T08:00:00Z',
      'from',
      /after/,
    ],
    ['a year', 'from=2025-01-10T08:00:00Z', 'from', /100 days/],
    ['too much', 'from=2025-11-10T08:00:00Z&step=300', 'step', /larger step/],
  ])('refuses %s', async (_, query, field, words) => {
    const fields = expectRefusal(await me.get(`${path}?${query}`), 400, 'VALIDATION_ERROR', words)
    expect(Object.keys(fields)).toEqual([field])
  })
})

describe('an event', () => {
  it('tells everybody once that there is something where there was nothing', async () => {
    await sample()
    const instance = await deploy('one')
    clock.pass(300_000)
    await sample()
    await me.delete(`/api/instances/${instance}/`)
    await api.settle()
    expect(await told()).toEqual([])
    clock.pass(300_000)
    await Promise.all([sample(), sample(), sample()])
    clock.pass(300_000)
    await sample()
    expect(await told()).toEqual([
      {
        account_id: null,
        region: testRegion,
        flavor: 'A40-x2',
        gpu_model: 'A40',
        gpu_count: 2,
        available: 1,
      },
    ])
  })
})

describe('the values of a series', () => {
  const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute))

  it('are those of the last sample before', () => {
    const samples = [
      { sampled_at: at(1), available: 3 },
      { sampled_at: at(2), available: 0 },
      { sampled_at: at(5), available: 1 },
    ]
    const values = pointsOf(samples, [at(0), at(1), at(4), at(5), at(9)])
    expect(values.map((each) => each.available)).toEqual([null, 3, 0, 1, 1])
  })
})

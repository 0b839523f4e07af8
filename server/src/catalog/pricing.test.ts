import { afterEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../config.ts'
import { type Api, createApi } from '../testing/api.ts'
import { expectRefusal } from '../testing/refusal.ts'

const { gpu_models } = loadConfig({ env: {}, dataDir: '/nowhere', demo: true })

let api: Api
afterEach(() => api.close())

async function pricing(models: string[] = Object.keys(gpu_models)) {
  api = await createApi({
    config: {
      gpu_models: Object.fromEntries(
        Object.entries(gpu_models).filter(([name]) => models.includes(name)),
      ),
    },
  })
  const me = await api.client()
  return {
    get: async (query: string) => (await me.get(`/api/pricing/?${query}`)).body.pricing_data,
    post: async (body: object, query = '') =>
      (await me.post(`/api/pricing/?${query}`, body)).body.pricing_data,
    raw: me,
  }
}

it('the price list is the published example, key for key', async () => {
  const { raw } = await pricing(['RTX-A6000', 'B300-262GB'])
  expect((await raw.get('/api/pricing/')).body).toEqual({
    success: true,
    message: 'Pricing information retrieved successfully',
    pricing_data: {
      volumes: {
        pricing: {
          legacy: { SSD: { prices: { USD: 0.1, EUR: 0.1, INR: 10 }, unit: 'per TB per hour' } },
          advanced: {
            HDD: { prices: { USD: 0.08, EUR: 0.1, INR: 8 }, unit: 'per TB per hour' },
            NVMe: { prices: { USD: 0.3, EUR: 0.35, INR: 30 }, unit: 'per TB per hour' },
          },
        },
        minimum_size_gb: 100,
        description: expect.any(String),
      },
      snapshots: {
        pricing: {
          legacy: {
            prices: { USD: 0.1, EUR: 0.1, INR: 10 },
            fixed_size_gb: 100,
            unit: 'per hour (fixed 100GB)',
          },
        },
        description: expect.any(String),
      },
      gpus: {
        pricing: {
          legacy: {
            'RTX-A6000': {
              prices: { USD: 0.69, EUR: 0.75, INR: 49 },
              max_count: 4,
              unit: 'per GPU per hour',
            },
          },
          advanced: {
            'B300-262GB': {
              prices: { USD: 5.79, EUR: 5.99, INR: 499 },
              max_count: 8,
              unit: 'per GPU per hour',
            },
          },
        },
        description: expect.any(String),
      },
      metadata: {
        supported_currencies: ['USD', 'EUR', 'INR'],
        supported_tiers: ['legacy', 'advanced'],
        volume_minimum_size_gb: 100,
        authenticated_user: 'test',
        authentication_type: 'api_key',
        timestamp: expect.any(Number),
      },
    },
    request_id: expect.stringMatching(/^[a-z0-9]{8}$/),
  })
})

describe('a filter', () => {
  it('by resource leaves that block only', async () => {
    const { get } = await pricing()
    expect(Object.keys(await get('resource_type=snapshots'))).toEqual(['snapshots', 'metadata'])
  })

  it('by currency leaves that currency only', async () => {
    const { get } = await pricing()
    const data = await get('currency=INR')
    expect(data.gpus.pricing.legacy.A40.prices).toEqual({ INR: 49 })
    expect(data.snapshots.pricing.legacy.prices).toEqual({ INR: 10 })
  })

  it('by tier leaves that tier only, and what it lacks empty', async () => {
    const { get } = await pricing()
    const data = await get('tier=advanced')
    expect(Object.keys(data.gpus.pricing)).toEqual(['advanced'])
    expect(data.snapshots.pricing).toEqual({})
  })

  it('in the body wins over the same in the query', async () => {
    const { post } = await pricing()
    const data = await post({ currency: 'EUR' }, 'currency=USD&resource_type=snapshots')
    expect(data.snapshots.pricing.legacy.prices).toEqual({ EUR: 0.1 })
    expect(data).not.toHaveProperty('gpus')
  })

  it('may be sent as an empty body', async () => {
    const { raw } = await pricing()
    expect((await raw.post('/api/pricing/', '')).status).toBe(200)
    expect((await raw.post('/api/pricing/')).status).toBe(200)
  })
})

describe('an estimate', () => {
  it('for GPUs is the price of one times their number', async () => {
    const { get } = await pricing()
    const { estimate } = await get('gpu_model=H100-PCIe-NVLink-80GB&gpu_count=2')
    expect(estimate).toEqual({ hourly: 4.58, per_minute: 0.0763, monthly: 3343.4, currency: 'USD' })
  })

  it('for a volume goes by its size in thousands of GB', async () => {
    const { post } = await pricing()
    const { estimate } = await post({ volume_type: 'NVMe', volume_size_gb: 500, currency: 'EUR' })
    expect(estimate).toEqual({
      hourly: 0.175,
      per_minute: 0.0029,
      monthly: 127.75,
      currency: 'EUR',
    })
  })

  it('is absent when too little was said', async () => {
    const { get } = await pricing()
    expect(await get('gpu_model=A40')).not.toHaveProperty('estimate')
  })

  it('is of the tier that was asked for, and absent when that has no price', async () => {
    const { get } = await pricing()
    expect(await get('tier=advanced&volume_type=SSD&volume_size_gb=500')).not.toHaveProperty(
      'estimate',
    )
    expect(await get('tier=legacy&volume_type=SSD&volume_size_gb=500')).toHaveProperty('estimate')
    expect(await get('tier=advanced&gpu_model=A40&gpu_count=1')).not.toHaveProperty('estimate')
    expect(await get('tier=legacy&gpu_model=A40&gpu_count=1')).toHaveProperty('estimate')
  })

  it.each([3, 8])('for %i GPUs, which nobody sells, is refused', async (count) => {
    const { raw } = await pricing()
    const reply = await raw.get(`/api/pricing/?gpu_model=RTX-A6000&gpu_count=${count}`)
    expectRefusal(reply, 400, 'VALIDATION_ERROR', `1, 2, 4 GPUs, not ${count}`)
  })
})

it.each([
  ['H100-PCIe-NVLink-80GB', 0.0382],
  ['H100-PCIe-80GB', 0.0375],
  ['A100-SXM4-80GB-NVLink', 0.0265],
  ['A100-PCIe-80GB', 0.0258],
  ['L40', 0.0198],
  ['RTX-A6000', 0.0115],
  ['A40', 0.0115],
])('%s costs %s a minute, as published', async (model, perMinute) => {
  const { get } = await pricing()
  const { estimate } = await get(`gpu_model=${model}&gpu_count=1&currency=USD`)
  expect(estimate.per_minute).toBe(perMinute)
})

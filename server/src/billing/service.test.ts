import { currencies } from '@garrison/contract/common'
import { afterEach, describe, expect, it } from 'vitest'
import { type Api, createApi } from '../testing/api.ts'

let api: Api
afterEach(() => api.close())

async function given(mode: 'off' | 'prepaid', credits: { USD?: number; EUR?: number } = {}) {
  api = await createApi({ config: { billing: { mode, currency: 'USD' } } })
  const me = await api.client()
  for (const currency of currencies) {
    const micros = ({ INR: 0, ...credits }[currency] ?? 0) * 1e6
    if (micros === 0) continue
    await api.change((tx) =>
      api.services.billing.grant(tx, {
        accountId: me.caller.accountId,
        currency,
        micros,
        description: 'A gift',
      }),
    )
  }
  return me
}

const billing = () => api.services.billing

describe('the balance', () => {
  it('is shown in the account currency, beside the three that never mix', async () => {
    const me = await given('prepaid', { USD: 150.25, EUR: 3 })
    expect((await me.get('/api/balance/')).body).toEqual({
      success: true,
      message: 'Balance retrieved successfully',
      request_id: expect.stringMatching(/^[a-z0-9]{8}$/),
      balance: { amount: 150.25, currency: 'USD', formatted: '$150.25' },
      balances: { USD: 150.25, EUR: 3, INR: 0 },
      low_balance: false,
      estimated_hours_left: null,
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
      stage: 'ok',
      burn_per_hour: 0,
      runs_out_at: null,
      depleted_at: null,
      reclaims_at: null,
    })
  })

  it('is never shown as more than there is', async () => {
    const me = await given('prepaid', { USD: 9.996 })
    const { body } = await me.get('/api/balance/')
    expect(body.balance).toMatchObject({ amount: 9.99, formatted: '$9.99' })
    expect(body.balances.USD).toBe(9.99)
  })

  it('is low when storage could not be paid with it, where credits are needed', async () => {
    const low = async (mode: 'off' | 'prepaid', USD: number) => {
      const me = await given(mode, { USD })
      const { body } = await me.get('/api/balance/')
      return body.low_balance
    }
    expect(await low('prepaid', 0.99)).toBe(true)
    await api.close()
    expect(await low('prepaid', 1)).toBe(false)
    await api.close()
    expect(await low('off', 0)).toBe(false)
  })

  it("is nobody else's", async () => {
    await given('prepaid', { USD: 5 })
    const other = await api.client('Other')
    expect((await other.get('/api/balance/')).body.balance.amount).toBe(0)
  })
})

describe('asking for credits', () => {
  it('is no question while nothing is charged', async () => {
    const { caller } = await given('off')
    await billing().requireCredits(api.db, caller, 1e9)
    await billing().requireStorageCredits(api.db, caller)
    await billing().requireProfile(api.db, caller)
  })

  it('refuses what the balance does not cover, and says how much is missing', async () => {
    const { caller } = await given('prepaid', { USD: 2, EUR: 100 })
    await billing().requireCredits(api.db, caller, 2e6)
    await expect(billing().requireCredits(api.db, caller, 2e6 + 1)).rejects.toMatchObject({
      code: 'INSUFFICIENT_CREDITS',
      message: 'This needs $2.01 in credits and $2.00 are left; add at least $0.01 first',
    })
  })

  it('refuses everything once nothing is left, even what is free', async () => {
    const { caller } = await given('prepaid')
    await expect(billing().requireCredits(api.db, caller, 0)).rejects.toMatchObject({
      code: 'INSUFFICIENT_CREDITS',
    })
  })

  it('wants somebody who can be billed', async () => {
    const { caller } = await given('prepaid', { USD: 5 })
    await billing().requireProfile(api.db, caller)
    await api.db.updateTable('accounts').set({ country: null }).execute()
    await expect(billing().requireProfile(api.db, caller)).rejects.toMatchObject({
      code: 'PROFILE_INCOMPLETE',
    })
  })
})

it('answers 403 to a deployment that nobody can pay', async () => {
  const me = await given('prepaid')
  const key = await api.sshKey(me.caller)
  const reply = await me.post('/api/deploy/', {
    vm_name: 'web-1',
    region: 'LOCAL-1',
    flavor: 'cpu-small',
    os_image: 'garrison-small',
    ssh_key_ids: [key.public_id],
  })
  expect(reply).toMatchObject({ status: 403, body: { error_code: 'INSUFFICIENT_CREDITS' } })
})

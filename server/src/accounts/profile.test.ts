import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newUuid } from '../ids.ts'
import { fromDecimal } from '../money.ts'
import { type Api, createApi } from '../testing/api.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>
beforeEach(async () => {
  api = await createApi()
  me = await api.client('Ada')
})
afterEach(() => api.close())

const path = '/api/account/profile/'
const ada = {
  name: 'Ada King-Noël O’Hara',
  phone: '+49 (30) 123-456',
  address_line: 'Hauptstraße 1',
  city: 'St. Gallen',
  state: 'Baden-Württemberg',
  postal_code: 'SW1A 1AA',
  country: 'US',
}
const grant = (micros: number) =>
  api.change((tx) =>
    api.services.billing.grant(tx, {
      ...{ accountId: me.caller.accountId, currency: 'USD', micros },
      description: 'Given',
    }),
  )

describe('a profile', () => {
  it('is kept as it is given, and says which country that is', async () => {
    const { status, body } = await me.put(path, ada)
    expect(status).toBe(200)
    expect(body.profile).toEqual({
      ...ada,
      tax_id: null,
      email: null,
      country_name: 'United States',
      currency: 'USD',
      complete: true,
      missing: [],
    })
    expect((await me.get(path)).body.profile).toEqual(body.profile)
  })

  it('keeps tax numbers without spaces, and knows those of India', async () => {
    const german = await me.put(path, { ...ada, country: 'DE', tax_id: 'de 123 456 789' })
    expect(german.body.profile.tax_id).toBe('DE123456789')
    const indian = await me.put(path, { ...ada, country: 'IN', tax_id: '27AAPFU' })
    expect(indian).toMatchObject({
      status: 400,
      body: { errors: { tax_id: [expect.any(String)] } },
    })
  })

  it('is emptied of what is left out, but keeps its country', async () => {
    await me.put(path, ada)
    const { name, address_line, postal_code } = ada
    const { body } = await me.put(path, { name, address_line, postal_code, state: '' })
    expect(body.profile).toMatchObject({ phone: null, city: null, state: null, country: 'US' })
  })

  it('says what it lacks', async () => {
    await api.db
      .updateTable('accounts')
      .set({ address_line: null, country: null })
      .where('id', '=', me.caller.accountId)
      .execute()
    expect((await me.get(path)).body.profile).toMatchObject({
      complete: false,
      missing: ['address_line', 'country'],
      country: null,
    })
    const { country: _, ...rest } = ada
    expect(await me.put(path, rest)).toMatchObject({
      status: 400,
      body: { errors: { country: {} } },
    })
  })

  it('refuses what the rules forbid, all of it at once', async () => {
    const { body, status } = await me.put(path, {
      name: 'R2-D2',
      phone: 'call me',
      address_line: ' ',
      city: 'X Æ A-12',
      state: 'a.b',
      postal_code: '#1',
      country: 'Atlantis',
    })
    expect(status).toBe(400)
    expect(Object.keys(body.errors).sort()).toEqual(Object.keys(ada).sort())
    expect((await me.put(path, { ...ada, name: 'A' })).status).toBe(400)
    expect((await me.put(path, { ...ada, address_line: 'a'.repeat(256) })).status).toBe(400)
  })

  it('leaves what was there and what is there in the audit log', async () => {
    await me.put(path, ada)
    await me.put(path, { ...ada, city: 'London' })
    const [row] = await api.db
      .selectFrom('audit_log')
      .select(['action', 'before', 'after'])
      .orderBy('id', 'desc')
      .execute()
    expect(row).toEqual({
      action: 'account.update',
      before: { city: 'St. Gallen' },
      after: { city: 'London' },
    })
  })
})

describe('the currency', () => {
  it('follows the country, and with it what is asked of the account', async () => {
    for (const [country, currency] of [
      ['IN', 'INR'],
      ['Germany', 'EUR'],
      ['jp', 'USD'],
    ]) {
      expect((await me.put(path, { ...ada, country })).body.profile).toMatchObject({ currency })
      expect((await me.get('/api/balance/')).body.balance).toMatchObject({ currency })
    }
  })

  it('stays while there is a balance, and it is said how much', async () => {
    await grant(fromDecimal(12.5))
    expect(await me.put(path, { ...ada, country: 'IN' })).toMatchObject({
      status: 409,
      body: { error_code: 'CURRENCY_IN_USE', message: expect.stringContaining('$12.50') },
    })
    expect((await me.put(path, { ...ada, country: 'JP' })).status).toBe(200)
    await grant(fromDecimal(-12.499999))
    expect((await me.put(path, { ...ada, country: 'IN' })).body.message).toContain('0.000001 USD')
    await grant(-1)
    expect((await me.put(path, { ...ada, country: 'IN' })).status).toBe(200)
  })

  it('stays while an order is open, and it is said which', async () => {
    const now = new Date()
    const order = {
      ...{ id: newUuid(), public_id: 'BRK-100200O', account_id: me.caller.accountId },
      ...{ provider: 'razorpay', currency: 'USD' as const, base_micros: 5_000_000, tax_micros: 0 },
      ...{ buyer: '{}', seller: '{}', created_at: now, expires_at: now, updated_at: now },
    }
    await api.db
      .insertInto('credit_orders')
      .values({ ...order, state: 'open' })
      .execute()
    expect(await me.put(path, { ...ada, country: 'IN' })).toMatchObject({
      status: 409,
      body: { message: expect.stringContaining('BRK-100200O') },
    })
    await api.db.updateTable('credit_orders').set({ state: 'expired' }).execute()
    expect((await me.put(path, { ...ada, country: 'IN' })).status).toBe(200)
  })

  it('stays while anything is billed in it, and it is said what', async () => {
    const instance = await api.runningInstance(me.caller, 'web-1')
    expect(await me.put(path, { ...ada, country: 'IN' })).toMatchObject({
      status: 409,
      body: { message: expect.stringContaining(`web-1 (${instance.public_id})`) },
    })
    expect((await me.get(path)).body.profile).toMatchObject({ currency: 'USD', phone: null })
  })

  it('stays while there is anything that may be billed in it later', async () => {
    const { public_id } = await api.runningInstance(me.caller, 'web-1')
    await api.db.updateTable('instances').set({ status: 'ERROR' }).execute()
    await api.charge()
    const refused = {
      status: 409,
      body: { message: expect.stringContaining(`web-1 (${public_id})`) },
    }
    expect(await me.put(path, { ...ada, country: 'IN' })).toMatchObject(refused)
  })

  it('stays while there is a budget in it, of the account or of a key', async () => {
    const prepaid = await createApi({ config: { billing: { mode: 'prepaid', currency: 'USD' } } })
    try {
      const owner = await prepaid.client('Owner')
      await owner.put('/api/account/budget/', { monthly_cap: 100 })
      expect(await owner.put(path, { ...ada, country: 'IN' })).toMatchObject({
        status: 409,
        body: { message: expect.stringContaining('$100.00') },
      })
      await owner.put('/api/account/budget/', { monthly_cap: null })
      expect((await owner.put(path, { ...ada, country: 'IN' })).status).toBe(200)
    } finally {
      await prepaid.close()
    }
  })

  it('may become that of the credits which are there', async () => {
    await api.change((tx) =>
      api.services.billing.grant(tx, {
        ...{ accountId: me.caller.accountId, currency: 'INR', micros: fromDecimal(500) },
        description: 'Given',
      }),
    )
    expect((await me.put(path, { ...ada, country: 'DE' })).status).toBe(409)
    expect((await me.put(path, { ...ada, country: 'IN' })).status).toBe(200)
  })
})

it('a member reads the profile and does not change it', async () => {
  const { text: key } = await api.change((tx) =>
    api.services.accounts.createKey(tx, me.caller.accountId, { name: 'm', role: 'member' }),
  )
  expect(await api.send('GET', path, { key })).toMatchObject({ status: 200 })
  expect(await api.send('PUT', path, { key, body: ada })).toMatchObject({
    status: 403,
    body: { error_code: 'PERMISSION_DENIED' },
  })
})

it('the account says who asks, as what, and what it may have', async () => {
  const { body } = await me.get('/api/account/')
  expect(body.account).toMatchObject({
    id: me.caller.accountPublicId,
    name: 'Ada',
    role: 'owner',
    access: 'full',
    person: null,
    api_key: { name: 'test' },
    limits: { api_keys: 10, firewalls: 25 },
  })
})

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Api, createApi } from '../testing/api.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>
beforeEach(async () => {
  api = await createApi()
  me = await api.client()
})
afterEach(() => api.close())

const get = (headers: Record<string, string>, path = '/api/ssh-keys/') =>
  api.send('GET', path, { headers })
const refused = (error_code: string) => ({ status: 401, body: { success: false, error_code } })

describe('a key', () => {
  it('is taken from each of the three headers', async () => {
    const { key } = me
    for (const headers of [
      { Authorization: `Api-Key ${key}` },
      { Authorization: `api-key  ${key}` },
      { Authorization: `Bearer ${key}` },
      { 'X-API-Key': key },
      { 'X-API-Key': key, Authorization: `Bearer ${key}` },
    ]) {
      expect(await get(headers), JSON.stringify(headers)).toMatchObject({ status: 200 })
    }
  })

  it('is needed', async () => {
    expect(await get({})).toMatchObject(refused('AUTHENTICATION_REQUIRED'))
  })

  it('that nobody has is refused', async () => {
    for (const key of [`brk_${'0'.repeat(40)}`, 'x', me.key.slice(0, -1), me.key.toUpperCase()]) {
      expect(await get({ 'X-API-Key': key }), key).toMatchObject(refused('INVALID_API_KEY'))
    }
  })

  it('that contradicts another header is refused', async () => {
    const other = await api.client('Other')
    const both = { 'X-API-Key': me.key, Authorization: `Api-Key ${other.key}` }
    expect(await get(both)).toMatchObject(refused('INVALID_API_KEY'))
  })

  it('in a form that is none of ours is refused', async () => {
    for (const authorization of [
      me.key,
      'Basic YTpi',
      'Api-Key',
      `Api-Key ${me.key} x`,
      'Bearer',
    ]) {
      expect(await get({ Authorization: authorization }), authorization).toMatchObject(
        refused('INVALID_API_KEY'),
      )
    }
  })

  it('that was revoked is refused at once', async () => {
    await api.change((tx) => api.services.accounts.revokeKey(tx, me.caller.accountId, 'test'))
    expect(await get({ 'X-API-Key': me.key })).toMatchObject(refused('INVALID_API_KEY'))
  })
})

describe('a public route', () => {
  it('answers without a key', async () => {
    for (const path of ['pricing', 'gpu-stocks', 'gpu-specs', 'regions']) {
      expect(await get({}, `/api/${path}/`), path).toMatchObject({ status: 200 })
    }
    expect((await get({}, '/api/pricing/')).body.pricing_data.metadata).toMatchObject({
      authenticated_user: null,
      authentication_type: 'anonymous',
    })
  })

  it('names the key that it was asked with', async () => {
    const { body } = await get({ 'X-API-Key': me.key }, '/api/pricing/')
    expect(body.pricing_data.metadata).toMatchObject({
      authenticated_user: 'test',
      authentication_type: 'api_key',
    })
  })

  it('refuses a key that is no good', async () => {
    expect(await get({ 'X-API-Key': 'x' }, '/api/regions/')).toMatchObject(
      refused('INVALID_API_KEY'),
    )
  })
})

it('stops whoever guesses keys, and nobody else at the same address', async () => {
  const guess = () => get({ 'X-API-Key': `brk_${'0'.repeat(40)}` })
  for (let count = 0; count < 30; count++) expect((await guess()).status).toBe(401)
  const stopped = await guess()
  expect(stopped).toMatchObject({ status: 429, body: { error_code: 'RATE_LIMIT_EXCEEDED' } })
  expect(Number(stopped.headers.get('Retry-After'))).toBeGreaterThan(0)
  expect(await get({ 'X-API-Key': me.key })).toMatchObject({ status: 200 })
})

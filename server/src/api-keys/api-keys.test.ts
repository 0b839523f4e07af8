/** API keys by way of the API. What keys are, and how they open the door, is tested beside the account. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../clock.testing.ts'
import { newUuid } from '../ids.ts'
import { type Api, createApi } from '../testing/api.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>
const clock = new ManualClock()
beforeEach(async () => {
  api = await createApi({ clock })
  me = await api.client()
})
afterEach(() => api.close())

const path = '/api/account/api-keys/'
const with_ = (key: string) => ({
  get: (at: string) => api.send('GET', at, { key }),
  post: (at: string, body: unknown) => api.send('POST', at, { key, body }),
  delete: (at: string) => api.send('DELETE', at, { key }),
})
const make = async (body: object, by = me.key) => (await with_(by).post(path, body)).body
const names = async (key: string) =>
  (await with_(key).get(path)).body.api_keys.map((each: { name: string }) => each.name)
const hour = 3_600_000

describe('a key', () => {
  it('is made with an end and less than its maker may, and its text is shown once', async () => {
    const expires_at = new Date(clock.now().getTime() + hour).toISOString()
    const headers = { 'Idempotency-Key': 'once' }
    const input = { name: 'ci', access: 'read-only', role: 'member', expires_at }
    const { body } = await me.post(path, input, headers)
    expect(body).toMatchObject({
      api_key: { name: 'ci', role: 'member', access: 'read-only', expires_at, current: false },
      key: expect.stringMatching(/^brk_[0-9A-Za-z]{40}$/),
    })
    expect((await me.post(path, input, headers)).body).toEqual({ ...body, key: null })
    const kept = await api.db.selectFrom('audit_log').selectAll().execute()
    expect(JSON.stringify(kept)).not.toContain(body.key)
    expect(await with_(body.key).get('/api/instances/')).toMatchObject({ status: 200 })
    await clock.advance(hour)
    expect(await with_(body.key).get('/api/instances/')).toMatchObject({ status: 401 })
    expect((await me.get(path)).body.api_keys[1]).toMatchObject({ name: 'ci', is_active: false })
  })

  it('that expires, or has a budget, does not make one without', async () => {
    const at = (hours: number) => new Date(clock.now().getTime() + hours * hour).toISOString()
    const { key, api_key } = await make({ name: 'short', role: 'member', expires_at: at(2) })
    const late = await with_(key).post(path, { name: 'late', expires_at: at(3) })
    expect([late.status, Object.keys(late.body.errors)]).toEqual([400, ['expires_at']])
    expect((await make({ name: 'same' }, key)).api_key).toMatchObject({ expires_at: at(2) })
    expect((await make({ name: 'soon', expires_at: at(1) }, key)).api_key).toMatchObject({
      expires_at: at(1),
    })
    await api.db
      .updateTable('api_keys')
      .set({ monthly_budget_micros: 1_000_000 })
      .where('id', '=', api_key.id)
      .execute()
    expect(await with_(key).post(path, { name: 'free' })).toMatchObject({
      status: 403,
      body: { error_code: 'PERMISSION_DENIED', message: expect.stringContaining('budget') },
    })
  })

  it('says when it was last used, and which one asks', async () => {
    await me.get('/api/instances/')
    await api.services.accounts.flushKeyUse(api.db)
    expect((await me.get(path)).body.api_keys).toMatchObject([
      { name: 'test', last_used_at: clock.now().toISOString(), current: true, created_by: null },
    ])
  })

  it('gets another name, which nobody else has', async () => {
    const { api_key } = await make({ name: 'ci' })
    expect(await me.patch(`${path}${api_key.id}/`, { name: 'TEST' })).toMatchObject({
      status: 409,
      body: { error_code: 'NAME_ALREADY_EXISTS' },
    })
    const { body } = await me.patch(`${path}${api_key.id}/`, { name: 'robot' })
    expect(body.api_key).toMatchObject({ id: api_key.id, name: 'robot' })
    const [audited] = await api.db
      .selectFrom('audit_log')
      .select(['before', 'after'])
      .where('action', '=', 'api-key.update')
      .execute()
    expect(audited).toEqual({ before: { name: 'ci' }, after: { name: 'robot' } })
  })

  it('that is revoked is refused at once, also by itself', async () => {
    const { api_key, key } = await make({ name: 'ci' })
    expect(await with_(key).delete(`${path}${api_key.id}/`)).toMatchObject({ status: 200 })
    expect(await with_(key).get(path)).toMatchObject({
      status: 401,
      body: { error_code: 'INVALID_API_KEY' },
    })
    expect(await me.delete(`${path}${api_key.id}/`)).toMatchObject({ status: 404 })
    expect(await names(me.key)).toEqual(['test'])
  })
})

it('there are at most ten, however many are asked for at once', async () => {
  const replies = await Promise.all(
    Array.from({ length: 14 }, (_, n) => me.post(path, { name: `key-${n}` })),
  )
  expect(replies.filter(({ status }) => status === 200)).toHaveLength(9)
  const codes = replies.filter(({ status }) => status !== 200).map(({ body }) => body.error_code)
  expect(new Set(codes)).toEqual(new Set(['LIMIT_EXCEEDED']))
})

describe('nobody', () => {
  it('makes a key that may more than they', async () => {
    expect(await me.post(path, { name: 'a', role: 'operator' })).toMatchObject({
      status: 403,
      body: { error_code: 'PERMISSION_DENIED' },
    })
    const member = await make({ name: 'member', role: 'member' })
    expect((await with_(member.key).post(path, { name: 'b', role: 'owner' })).status).toBe(403)
    expect((await make({ name: 'c' }, member.key)).api_key.role).toBe('member')
  })

  it('revokes the key of somebody who may more', async () => {
    const { key, text } = await api.change((tx) =>
      api.services.accounts.createKey(tx, me.caller.accountId, { name: 'up', role: 'operator' }),
    )
    expect(await me.delete(`${path}${key.id}/`)).toMatchObject({ status: 403 })
    expect(await with_(text).delete(`${path}${key.id}/`)).toMatchObject({ status: 200 })
  })

  it('sees a key of another account', async () => {
    const stranger = await api.client('Stranger')
    const { api_key } = await make({ name: 'ci' })
    const its = `${path}${api_key.id}/`
    expect(await stranger.delete(its)).toMatchObject({ status: 404 })
    expect(await stranger.patch(its, { name: 'mine' })).toMatchObject({ status: 404 })
    expect(await names(stranger.key)).toEqual(['test'])
    for (const id of [newUuid(), 'x', `${api_key.id}0`]) {
      expect(await me.delete(`${path}${id}/`), id).toMatchObject({ status: 404 })
    }
  })
})

it('a member sees and revokes only their own', async () => {
  const member = await make({ name: 'member', role: 'member' })
  expect(await names(member.key)).toEqual(['member'])
  const [mine] = (await me.get(path)).body.api_keys
  expect(await with_(member.key).delete(`${path}${mine.id}/`)).toMatchObject({ status: 404 })
  const its = `${path}${member.api_key.id}/`
  expect(await with_(member.key).delete(its)).toMatchObject({ status: 200 })
})

it('bad input is refused with words', async () => {
  for (const [body, field] of [
    [{}, 'name'],
    [{ name: '' }, 'name'],
    [{ name: 'a/b' }, 'name'],
    [{ name: 'a', role: 'god' }, 'role'],
    [{ name: 'a', access: 'some' }, 'access'],
    [{ name: 'a', expires_at: 'tomorrow' }, 'expires_at'],
    [{ name: 'a', expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
  ] as const) {
    expect(await me.post(path, body), JSON.stringify(body)).toMatchObject({
      status: 400,
      body: { error_code: 'VALIDATION_ERROR', errors: { [field]: [expect.any(String)] } },
    })
  }
})

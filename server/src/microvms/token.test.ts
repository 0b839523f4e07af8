/** The password flow: a bearer token for whoever signs in, limited as signing in is. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { loadConfig } from '../config.ts'
import { createBrowser, password } from '../sign-in/testing.ts'
import { type Api, createApi } from '../testing/api.ts'

const email = 'ada@example.org'
let api: Api
beforeEach(async () => {
  const { auth } = loadConfig({ env: {}, dataDir: '/nowhere' })
  api = await createApi({ config: { auth: { ...auth, sign_up: 'open' } } })
  api.startRunner()
  await createBrowser(api).signUp(email)
})
afterEach(() => api.close())

const ask = (username: string, secret: string) =>
  api.send('POST', '/v1/token', {
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ grant_type: 'password', username, password: secret }).toString(),
  })
const list = (token: string) =>
  api.send('GET', '/v1/snapshots', { headers: { Authorization: `Bearer ${token}` } })

it('opens the account of whoever knows the password, for a while', async () => {
  const { status, body } = await ask(email, password)
  expect(status, JSON.stringify(body)).toBe(200)
  expect(body).toMatchObject({ token_type: 'bearer', expires_in: 1_800 })
  expect(await list(body.access_token)).toMatchObject({ status: 200, body: [] })
  const { expiresAt } = await api.db
    .selectFrom('auth.session')
    .select('expiresAt')
    .orderBy('expiresAt')
    .limit(1)
    .executeTakeFirstOrThrow()
  expect(expiresAt.getTime()).toBeLessThanOrEqual(Date.now() + 1_800_000)
})

it('ends with its session, and is nothing that can be made up', async () => {
  const { body } = await ask(email, password)
  await api.db.deleteFrom('auth.session').execute()
  for (const token of [body.access_token, 'grt_AAAA', 'grt_', `${body.access_token}x`]) {
    expect(await list(token), token).toMatchObject({
      status: 401,
      body: { detail: expect.any(String) },
    })
  }
})

it('is not given for a wrong password, and guessing is slowed down', async () => {
  expect(await ask(email, 'wrong')).toMatchObject({ status: 401 })
  expect(await ask('nobody@example.org', 'wrong')).toMatchObject({ status: 401 })
  const replies = []
  for (let attempt = 0; attempt < 30; attempt++) replies.push(await ask(email, 'wrong'))
  const last = replies.at(-1)
  expect(last).toMatchObject({ status: 429, body: { detail: expect.any(String) } })
  expect(Number(last?.headers.get('retry-after'))).toBeGreaterThan(0)
  expect((await ask(email, password)).status).toBe(429)
})

it('asks for what is missing in the published form', async () => {
  const reply = await api.send('POST', '/v1/token', {
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: 'username=ada%40example.org',
  })
  expect(reply).toMatchObject({
    status: 422,
    body: { detail: [{ loc: ['body', 'password'], type: 'missing', msg: 'Field required' }] },
  })
})

import { once } from 'node:events'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { loadConfig } from '../config.ts'
import { listen } from '../http/listen.ts'
import { newUuid } from '../ids.ts'
import { type Api, createApi } from '../testing/api.ts'
import { codeFor, createBrowser, mailTo, password } from './testing.ts'

const defaults = loadConfig({ env: {}, dataDir: '/nowhere' })

/** Hashing passwords takes its time, so tests share what they can: each has people of its own. */
const opened: Api[] = []
let open: Api
let api: Api
let ada: string
const start = async (auth: Partial<typeof defaults.auth>) => {
  api = await createApi({ config: { auth: { ...defaults.auth, sign_up: 'open', ...auth } } })
  opened.push(api)
}
beforeAll(async () => {
  await start({})
  open = api
})
beforeEach(() => {
  api = open
  ada = `ada-${newUuid()}@example.org`
})
afterAll(() => Promise.all(opened.map((each) => each.close())))

const refused = (status: number, error_code: string) => ({
  status,
  body: { success: false, error_code, message: expect.any(String), request_id: expect.any(String) },
})
const people = () =>
  api.db.selectFrom('people').selectAll().where('email', 'in', [ada, ada.toUpperCase()]).execute()
const audited = async () => {
  await api.services.signIn.settled()
  const [person] = await people()
  const rows = await api.db
    .selectFrom('audit_log')
    .selectAll()
    .where('account_id', '=', person?.account_id ?? '')
    .orderBy('id')
    .execute()
  return rows.filter(({ action }) => action.startsWith('sign-')).map(({ action }) => action)
}

async function invite(email: string, accountId: string) {
  const now = new Date()
  await api.db
    .insertInto('people')
    .values({
      ...{ id: newUuid(), account_id: accountId, email, role: 'member', created_at: now },
      ...{ auth_user_id: null, invited_at: now, joined_at: null, removed_at: null },
      ...{ invitation_hash: null, invitation_expires_at: null },
    })
    .execute()
}

describe('signing up', () => {
  it('gives an account of their own to whoever proves an address', async () => {
    const browser = createBrowser(api)
    await browser.post('/api/auth/sign-up/email', { email: ada, name: 'Ada', password })
    expect(await browser.isSignedIn()).toBe(false)
    expect(await people()).toEqual([])
    const otp = await codeFor(api, ada)
    const verified = await browser.post('/api/auth/email-otp/verify-email', { email: ada, otp })
    expect(verified.status).toBe(200)
    expect(await browser.isSignedIn()).toBe(true)
    const [person] = await people()
    expect(person).toMatchObject({ email: ada, name: 'Ada', role: 'owner' })
    const accounts = await api.services.accounts.list(api.db)
    const mine = accounts.filter(({ email }) => email === ada)
    expect(mine).toMatchObject([{ id: person?.account_id, currency: 'USD' }])
    const profile = { accountId: person?.account_id ?? '' }
    expect(await api.services.accounts.hasCompleteProfile(api.db, profile)).toBe(false)
  })

  it('lets nobody in before the address is proved', async () => {
    const browser = createBrowser(api)
    await browser.post('/api/auth/sign-up/email', { email: ada, name: 'Ada', password })
    expect(await browser.signIn(ada)).toMatchObject(refused(403, 'EMAIL_NOT_VERIFIED'))
    expect(await browser.isSignedIn()).toBe(false)
  })

  it('answers alike whether or not the address is known, and tells its owner', async () => {
    await createBrowser(api).signUp(ada)
    const request = { name: 'Eve', password: 'another password' }
    const known = await createBrowser(api).post('/api/auth/sign-up/email', {
      ...{ email: ada, ...request },
    })
    const unknown = await createBrowser(api).post('/api/auth/sign-up/email', {
      ...{ email: `eve-${ada}`, ...request },
    })
    expect(known.status).toBe(unknown.status)
    expect(Object.keys(known.body.user).sort()).toEqual(Object.keys(unknown.body.user).sort())
    expect((await mailTo(api, ada))?.subject).toBe('You have signed up already')
    expect((await createBrowser(api).signIn(ada, request.password)).status).toBe(401)
  })

  it('needs an address and a password of 8 characters', async () => {
    const post = (body: unknown) => createBrowser(api).post('/api/auth/sign-up/email', body)
    const good = { email: ada, name: 'Ada', password }
    expect(await post({ ...good, password: 'short' })).toMatchObject({
      ...refused(400, 'VALIDATION_ERROR'),
      body: { errors: { password: ['Use at least 8 characters.'] } },
    })
    expect(await post({ ...good, email: 'nobody' })).toMatchObject({
      ...refused(400, 'VALIDATION_ERROR'),
      body: { errors: { email: [expect.any(String)] } },
    })
    expect(await post('{')).toMatchObject(refused(400, 'VALIDATION_ERROR'))
    expect(await post('[]')).toMatchObject(refused(400, 'VALIDATION_ERROR'))
    expect(await post({})).toMatchObject(refused(400, 'VALIDATION_ERROR'))
  })
})

describe('who may sign up', () => {
  it('is whoever was invited, into the account that invited them', async () => {
    await start({ sign_up: 'invited' })
    const { accountId } = await api.account('Team')
    await invite(ada.toUpperCase(), accountId)
    const browser = createBrowser(api)
    expect((await browser.signUp(ada)).status).toBe(200)
    expect(await people()).toMatchObject([{ account_id: accountId, role: 'member', name: 'Ada' }])
    const { body } = await browser.get('/api/pricing/')
    expect(body.pricing_data.metadata.authentication_type).toBe('session')
  })

  it('is nobody else, who is not told so before proving the address', async () => {
    await start({ sign_up: 'invited' })
    const browser = createBrowser(api)
    const request = { email: ada, name: 'Ada', password }
    expect((await browser.post('/api/auth/sign-up/email', request)).status).toBe(200)
    const code = { email: ada, type: 'sign-in' }
    expect((await browser.post('/api/auth/email-otp/send-verification-otp', code)).status).toBe(200)
    expect(await mailTo(api, ada)).toBeUndefined()
    expect(await api.db.selectFrom('auth.user').selectAll().execute()).toEqual([])
  })

  it('is nobody at all where it is closed', async () => {
    await start({ sign_up: 'closed' })
    const { accountId } = await api.account('Team')
    await invite(ada, accountId)
    const request = { email: ada, name: 'Ada', password }
    expect(await createBrowser(api).post('/api/auth/sign-up/email', request)).toMatchObject(
      refused(403, 'PERMISSION_DENIED'),
    )
    await createBrowser(api).post('/api/auth/email-otp/send-verification-otp', {
      ...{ email: ada, type: 'sign-in' },
    })
    expect(await mailTo(api, ada)).toBeUndefined()
  })

  it('is told to pages that ask', async () => {
    await start({ sign_up: 'invited' })
    expect((await api.send('GET', '/api/auth/providers')).body).toEqual({
      sign_up: 'invited',
      providers: [],
      mail: 'files',
    })
  })
})

describe('a session', () => {
  it('is a cookie that pages cannot read, and reaches the account of its person alone', async () => {
    const browser = createBrowser(api)
    const { headers } = await browser.signUp(ada)
    const cookie = headers.getSetCookie().find((line) => line.startsWith('garrison.session_token='))
    expect(cookie).toMatch(/HttpOnly/i)
    expect(cookie).toMatch(/SameSite=Lax/i)
    const mine = await browser.post('/api/scripts/', { name: 'mine', script: '#!/bin/sh\n' })
    expect(mine.status).toBe(200)
    const stranger = createBrowser(api)
    await stranger.signUp(`eve-${ada}`)
    const id = mine.body.script.id
    expect((await browser.get(`/api/scripts/${id}/`)).status).toBe(200)
    expect(await stranger.get(`/api/scripts/${id}/`)).toMatchObject(refused(404, 'NOT_FOUND'))
  })

  it('ends when its person signs out', async () => {
    const browser = createBrowser(api)
    await browser.signUp(ada)
    const stolen = new Map(browser.cookies)
    expect(await browser.isSignedIn()).toBe(true)
    expect((await browser.post('/api/auth/sign-out')).status).toBe(200)
    for (const [name, value] of stolen) browser.cookies.set(name, value)
    expect(await browser.get('/api/ssh-keys/')).toMatchObject({
      ...refused(401, 'AUTHENTICATION_REQUIRED'),
      body: { message: 'Your session has ended; sign in again' },
    })
    expect(await audited()).toEqual(['sign-in', 'sign-out'])
  })

  it('ends everywhere when its person says so', async () => {
    const [one, other] = [createBrowser(api), createBrowser(api)]
    await one.signUp(ada)
    await other.signIn(ada)
    expect(await other.isSignedIn()).toBe(true)
    await one.post('/api/auth/revoke-sessions')
    expect(await one.isSignedIn()).toBe(false)
    expect(await other.isSignedIn()).toBe(false)
  })

  it('ends elsewhere with a new password', async () => {
    const [one, other] = [createBrowser(api), createBrowser(api)]
    await one.signUp(ada)
    await other.signIn(ada)
    expect(await other.isSignedIn()).toBe(true)
    const change = { currentPassword: password, newPassword: 'a better password' }
    expect((await one.post('/api/auth/change-password', change)).status).toBe(200)
    expect(await one.isSignedIn()).toBe(true)
    expect(await other.isSignedIn()).toBe(false)
    expect(await other.signIn(ada)).toMatchObject(refused(401, 'INVALID_CREDENTIALS'))
  })

  it('is over for good only when its person has no other', async () => {
    const [one, other] = [createBrowser(api), createBrowser(api)]
    await one.signUp(ada)
    await other.signIn(ada)
    const [person] = await people()
    const { sessions } = api.services.signIn
    await one.post('/api/auth/sign-out')
    expect(await sessions.goneBy(person?.auth_user_id ?? '')).toBeNull()
    await other.post('/api/auth/sign-out')
    expect(await sessions.goneBy(person?.auth_user_id ?? '')).toBe(person?.id)
  })

  it('opens a websocket only for a page of ours', async () => {
    const browser = createBrowser(api)
    await browser.signUp(ada)
    const server = await listen(api.app, { host: '127.0.0.1', port: 0 })
    const cookie = [...browser.cookies].map((pair) => pair.join('=')).join('; ')
    const status = async (headers: Record<string, string>) => {
      const address = `${server.url.replace('http', 'ws')}/api/instances/BRK-000000D/console/`
      const socket = new WebSocket(address, { headers: { cookie, ...headers } })
      const [request, response] = await once(socket, 'unexpected-response')
      request.destroy()
      return response.statusCode
    }
    try {
      expect(await status({})).toBe(403)
      expect(await status({ origin: 'http://evil.example' })).toBe(403)
      // There is no such machine, but somebody who may ask for it.
      expect(await status({ origin: server.url })).toBe(404)
    } finally {
      await server.close()
    }
  })

  it('ends when its person is removed from the account', async () => {
    const browser = createBrowser(api)
    await browser.signUp(ada)
    const removed_at = new Date()
    await api.db.updateTable('people').set({ removed_at }).where('email', '=', ada).execute()
    const [person] = await people()
    api.services.signIn.sessions.forgetAccount(person?.account_id ?? '')
    expect(await browser.isSignedIn()).toBe(false)
  })

  it('ends after its time, and when its cookie is no longer what we signed', async () => {
    const browser = createBrowser(api)
    await browser.signUp(ada)
    const [name = '', value = ''] =
      [...browser.cookies].find(([each]) => each.endsWith('session_token')) ?? []
    browser.cookies.set(
      name,
      value.replace(/^./, (first) => (first === 'a' ? 'b' : 'a')),
    )
    expect(await browser.isSignedIn()).toBe(false)
    browser.cookies.set(name, value)
    expect(await browser.isSignedIn()).toBe(true)
    await api.db
      .updateTable('auth.session')
      .set({ expiresAt: new Date(Date.now() - 1) })
      .where('userId', '=', ({ selectFrom }) =>
        selectFrom('auth.user').select('id').where('email', '=', ada),
      )
      .execute()
    api.services.signIn.sessions.forgetAll()
    expect(await browser.isSignedIn()).toBe(false)
  })

  it('changes nothing for a page of somebody else', async () => {
    const browser = createBrowser(api)
    await browser.signUp(ada)
    const create = (headers: Record<string, string>) =>
      browser.post('/api/scripts/', { name: newUuid(), script: '#!/bin/sh\n' }, headers)
    expect((await create({})).status).toBe(200)
    for (const origin of ['http://evil.example', 'null', 'http://localhost:81']) {
      expect(await create({ origin }), origin).toMatchObject(refused(403, 'PERMISSION_DENIED'))
    }
    const { cookies } = browser
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ')
    const bare = (headers: Record<string, string>) =>
      api.send('POST', '/api/scripts/', {
        body: { name: newUuid(), script: '#!/bin/sh\n' },
        headers: { cookie, ...headers },
      })
    expect(await bare({})).toMatchObject(refused(403, 'PERMISSION_DENIED'))
    expect(await bare({ 'sec-fetch-site': 'same-site' })).toMatchObject(
      refused(403, 'PERMISSION_DENIED'),
    )
    expect((await bare({ 'sec-fetch-site': 'same-origin' })).status).toBe(200)
    const evil = { origin: 'http://evil.example' }
    expect(await browser.post('/api/auth/sign-out', {}, evil)).toMatchObject(
      refused(403, 'PERMISSION_DENIED'),
    )
    expect(await browser.isSignedIn()).toBe(true)
  })

  it('gives way to a key that is sent beside it', async () => {
    const browser = createBrowser(api)
    await browser.signUp(ada)
    const other = await api.client('Other')
    const { body } = await browser.get('/api/pricing/', { 'X-API-Key': other.key })
    expect(body.pricing_data.metadata.authentication_type).toBe('api_key')
  })
})

describe('a code', () => {
  const askFor = (type = 'sign-in') =>
    createBrowser(api).post('/api/auth/email-otp/send-verification-otp', { email: ada, type })
  const enter = (otp: string) =>
    createBrowser(api).post('/api/auth/sign-in/email-otp', { email: ada, otp })

  it('signs in once', async () => {
    await createBrowser(api).signUp(ada)
    await askFor()
    const otp = await codeFor(api, ada)
    expect((await enter(otp)).status).toBe(200)
    expect(await enter(otp)).toMatchObject(refused(401, 'INVALID_CREDENTIALS'))
    expect(await people()).toHaveLength(1)
  })

  it('may be entered wrong five times', async () => {
    await askFor()
    const otp = await codeFor(api, ada)
    const wrong = otp === '111111' ? '222222' : '111111'
    for (let count = 0; count < 5; count++) expect((await enter(wrong)).status).toBe(401)
    expect(await enter(otp)).toMatchObject(refused(401, 'INVALID_CREDENTIALS'))
  })

  it('takes a password away that was set by whoever did not prove the address', async () => {
    await createBrowser(api).post('/api/auth/sign-up/email', {
      ...{ email: ada, name: 'Eve', password: 'chosen by eve' },
    })
    await codeFor(api, ada)
    await askFor()
    expect((await enter(await codeFor(api, ada))).status).toBe(200)
    expect((await createBrowser(api).signIn(ada, 'chosen by eve')).status).toBe(401)
  })

  it('is for what it was asked for', async () => {
    expect(await askFor('forget-password')).toMatchObject(refused(400, 'VALIDATION_ERROR'))
  })
})

describe('a link for a new password', () => {
  it('works once, ends all sessions, and is nothing for an address that nobody has', async () => {
    const browser = createBrowser(api)
    await browser.signUp(ada)
    const ask = (email: string) =>
      createBrowser(api).post('/api/auth/request-password-reset', { email })
    const [known, unknown] = [await ask(ada), await ask('nobody@example.org')]
    expect(unknown).toMatchObject({ status: known.status, body: known.body })
    expect(await mailTo(api, 'nobody@example.org')).toBeUndefined()
    const mail = await mailTo(api, ada)
    const [, link = '', token = ''] = /(http\S+\?token=(\S+))/.exec(mail?.body ?? '') ?? []
    expect(link).toMatch(/^http:\/\/127\.0\.0\.1:8600\/reset-password\?/)
    const reset = () =>
      createBrowser(api).post('/api/auth/reset-password', { token, newPassword: 'a new password' })
    expect((await reset()).status).toBe(200)
    expect(await reset()).toMatchObject(refused(401, 'INVALID_CREDENTIALS'))
    expect(await browser.isSignedIn()).toBe(false)
    expect((await browser.signIn(ada, 'a new password')).status).toBe(200)
  })
})

describe('guessing', () => {
  const few = { ...defaults.auth.limits, failures_per_email: 3 }

  it('is stopped, for the one who is guessed at, and is in the audit log', async () => {
    await start({ limits: few })
    await createBrowser(api).signUp(ada)
    for (let count = 0; count < 3; count++) {
      expect((await createBrowser(api).signIn(ada, 'wrong password')).status).toBe(401)
      await api.services.signIn.settled()
    }
    const stopped = await createBrowser(api).signIn(ada)
    expect(stopped).toMatchObject(refused(429, 'RATE_LIMIT_EXCEEDED'))
    expect(Number(stopped.headers.get('retry-after'))).toBe(60)
    await createBrowser(api).signIn(ada)
    const failures = ['sign-in.failed', 'sign-in.failed', 'sign-in.failed']
    expect(await audited()).toEqual(['sign-in', ...failures, 'sign-in.blocked'])
    expect((await createBrowser(api).signUp(`eve-${ada}`)).status).toBe(200)
  })

  it('is stopped for whoever has a session and wants to change the password', async () => {
    await start({ limits: few })
    const [me, other] = [createBrowser(api), createBrowser(api)]
    await me.signUp(ada)
    await other.signUp('bob@example.org')
    const change = (browser: typeof me, currentPassword: string) =>
      browser.post('/api/auth/change-password', { currentPassword, newPassword: 'another one 42' })
    for (let count = 0; count < 3; count++) expect((await change(me, 'wrong')).status).not.toBe(429)
    const stopped = await change(me, password)
    expect(stopped).toMatchObject(refused(429, 'RATE_LIMIT_EXCEEDED'))
    expect(stopped.headers.get('ratelimit')).toBe('"guesses-of-email";r=0;t=60')
    expect((await change(other, password)).status).toBe(200)
  })

  it('cannot tell an address that is known from one that is not', async () => {
    await start({ limits: few })
    await createBrowser(api).signUp(ada)
    const { body: known, status } = await createBrowser(api).signIn(ada, 'wrong password')
    const unknown = await createBrowser(api).signIn('nobody@example.org', 'wrong password')
    expect(unknown).toMatchObject({ status, body: { ...known, request_id: expect.any(String) } })
    for (let count = 0; count < 3; count++) {
      await createBrowser(api).signIn('nobody@example.org', 'wrong password')
    }
    expect((await createBrowser(api).signIn('nobody@example.org')).status).toBe(429)
  })

  it('does not count against whoever gets it right', async () => {
    await start({ limits: few })
    const browser = createBrowser(api)
    await browser.signUp(ada)
    for (let count = 0; count < 4; count++) expect((await browser.signIn(ada)).status).toBe(200)
  })

  it('fills nobody’s mailbox', async () => {
    await start({ limits: { ...few, mails_per_email: 2 } })
    const ask = () =>
      createBrowser(api).post('/api/auth/request-password-reset', { email: 'bob@example.org' })
    expect([(await ask()).status, (await ask()).status]).toEqual([200, 200])
    expect(await ask()).toMatchObject(refused(429, 'RATE_LIMIT_EXCEEDED'))
  })
})

it('answers like the rest of the API', async () => {
  const { headers } = await createBrowser(api).signIn(ada, 'wrong password')
  const signedUp = await createBrowser(api).signUp(ada)
  for (const each of [
    headers,
    signedUp.headers,
    (await createBrowser(api).get('/api/auth/get-session')).headers,
  ]) {
    expect(each.get('x-request-id')).toMatch(/^\w{8}$/)
    expect(each.get('cache-control')).toBe('no-store')
    expect(each.get('content-security-policy')).toContain("default-src 'none'")
  }
  expect(signedUp.headers.getSetCookie().join()).toContain('session_token')
})

describe('what is not there', () => {
  it('is no page of the library', async () => {
    expect(await api.send('GET', '/api/auth/error')).toMatchObject(refused(404, 'NOT_FOUND'))
  })

  it('is refused in the envelope of the API', async () => {
    expect(await api.send('GET', '/api/auth/nothing')).toMatchObject(refused(404, 'NOT_FOUND'))
    expect(await api.send('GET', '/api/auth/sign-out')).toMatchObject(
      refused(405, 'METHOD_NOT_ALLOWED'),
    )
    expect(await createBrowser(api).get('/api/auth/list-sessions')).toMatchObject(
      refused(401, 'AUTHENTICATION_REQUIRED'),
    )
  })
})

it('a link of the host signs its operator in, once, and leaves no token in the address', async () => {
  await start({ sign_up: 'closed' })
  const { accountId } = await api.account('Owner')
  const { signIn } = api.services
  const person = await api.change((tx) => signIn.headOf(tx, accountId, 'operator'))
  const link = new URL(await signIn.linkFor(person))
  expect(link.origin).toBe('http://127.0.0.1:8600')
  const browser = createBrowser(api)
  await api.app.request(link.pathname + link.search, { method: 'HEAD' })
  const opened = await browser.get(link.pathname + link.search)
  expect(opened.status).toBe(302)
  expect(opened.headers.get('location')).toBe('/setup')
  expect(await browser.isSignedIn()).toBe(true)
  const again = createBrowser(api)
  const looked = await again.get(link.pathname + link.search, { accept: 'text/html,*/*' })
  expect([looked.status, looked.headers.get('location')]).toEqual([302, '/sign-in?error=link'])
  expect(await again.get(link.pathname + link.search)).toMatchObject(
    refused(401, 'INVALID_CREDENTIALS'),
  )
  expect(await again.isSignedIn()).toBe(false)
  const rows = await api.db.selectFrom('people').selectAll().execute()
  expect(rows).toMatchObject([{ id: person.id, role: 'operator' }])
})

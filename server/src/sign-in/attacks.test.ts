/** What strangers try before, beside and after somebody signs in. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../config.ts'
import { newUuid } from '../ids.ts'
import { type Api, createApi } from '../testing/api.ts'
import { codeFor, createBrowser, mailTo, password } from './testing.ts'

const defaults = loadConfig({ env: {}, dataDir: '/nowhere' })

let api: Api
let ada: string
beforeAll(async () => {
  api = await createApi({ config: { auth: { ...defaults.auth, sign_up: 'open' } } })
})
beforeEach(() => {
  ada = `ada-${newUuid()}@example.org`
})
afterAll(() => api.close())

const personOf = (email: string) =>
  api.db.selectFrom('people').selectAll().where('email', '=', email).executeTakeFirstOrThrow()

describe('a stranger who was first', () => {
  it('has no way in with a password of theirs, once a link of the host vouches for the address', async () => {
    const { signIn, accounts } = api.services
    const account = await api.change((tx) =>
      accounts.create(tx, { name: 'Ada', email: ada, currency: 'USD' }),
    )
    const head = await api.change((tx) => signIn.headOf(tx, account.id, 'operator'))
    await api.db.updateTable('people').set({ email: ada }).where('id', '=', head.id).execute()
    const eve = createBrowser(api)
    await eve.post('/api/auth/sign-up/email', { email: ada, name: 'Eve', password })

    const link = new URL(await signIn.linkFor({ ...head, email: ada }))
    expect((await eve.signIn(ada)).status).toBe(403)
    const browser = createBrowser(api)
    expect((await browser.get(link.pathname + link.search)).status).toBe(302)
    expect(await browser.isSignedIn()).toBe(true)
    expect((await eve.signIn(ada)).status).toBe(401)
    expect(await eve.isSignedIn()).toBe(false)
  })

  it('has no way in with a password of theirs, once somebody proves the address', async () => {
    const eve = createBrowser(api)
    await eve.post('/api/auth/sign-up/email', { email: ada, name: 'Eve', password })
    const browser = createBrowser(api)
    const own = 'a password of my own'
    await browser.post('/api/auth/sign-up/email', { email: ada, name: 'Ada', password: own })
    const type = 'email-verification'
    await browser.post('/api/auth/email-otp/send-verification-otp', { email: ada, type })
    const otp = await codeFor(api, ada)
    expect(
      (await browser.post('/api/auth/email-otp/verify-email', { email: ada, otp })).status,
    ).toBe(200)
    expect(await browser.isSignedIn()).toBe(true)
    expect((await eve.signIn(ada)).status).toBe(401)
    expect(await eve.isSignedIn()).toBe(false)
  })

  it('does not take in whoever signs up for themselves, by an invitation nobody accepted', async () => {
    const eve = await api.account('Eve')
    const now = new Date()
    await api.db
      .insertInto('people')
      .values({
        ...{ id: newUuid(), account_id: eve.accountId, email: ada, role: 'member' },
        ...{ created_at: now, invited_at: now, auth_user_id: null, joined_at: null },
        ...{ removed_at: null, invitation_hash: null, invitation_expires_at: null },
      })
      .execute()
    const browser = createBrowser(api)
    expect((await browser.signUp(ada)).status).toBe(200)
    const mine = await browser.get('/api/account/')
    expect(mine.body.account).toMatchObject({ email: ada, role: 'owner' })
    expect(mine.body.account.id).not.toBe(eve.accountPublicId)
  })
})

it('a new password is in the audit log, by whichever way it came', async () => {
  const browser = createBrowser(api)
  await browser.signUp(ada)
  const change = { currentPassword: password, newPassword: 'a better password' }
  const wrong = { ...change, currentPassword: 'not the password' }
  expect((await browser.post('/api/auth/change-password', wrong)).status).toBe(401)
  expect((await browser.post('/api/auth/change-password', change)).status).toBe(200)
  await browser.post('/api/auth/request-password-reset', { email: ada })
  const [, token] = /\?token=(\S+)/.exec((await mailTo(api, ada))?.body ?? '') ?? []
  const reset = { token, newPassword: 'the best password' }
  expect((await browser.post('/api/auth/reset-password', reset)).status).toBe(200)
  const person = await personOf(ada)
  const rows = await api.db
    .selectFrom('audit_log')
    .selectAll()
    .where('account_id', '=', person.account_id)
    .where('action', '=', 'password.change')
    .execute()
  const entry = { person_id: person.id, subject_id: person.id, request_id: expect.any(String) }
  expect(rows).toMatchObject([entry, entry])
})

it('a cookie of a time without https does not stand in the way', async () => {
  const site = await createApi({
    config: {
      auth: { ...defaults.auth, sign_up: 'open' },
      server: { ...defaults.server, public_url: 'https://cloud.example.org' },
    },
  })
  try {
    const browser = createBrowser(site, { origin: 'https://cloud.example.org' })
    browser.cookies.set('garrison.session_token', 'old.old')
    await browser.signUp(ada)
    expect([...browser.cookies.keys()]).toContain('__Secure-garrison.session_token')
    expect(await browser.isSignedIn()).toBe(true)
  } finally {
    await site.close()
  }
})

describe('bad input', () => {
  it.each([
    ['/sign-up/email', { name: 'a\nb', email: 'x@example.org', password }, 'name'],
    ['/sign-up/email', { name: 'x'.repeat(101), email: 'x@example.org', password }, 'name'],
    ['/reset-password', { token: '\0', newPassword: password }, 'token'],
    ['/revoke-session', { token: '\0' }, 'token'],
    ['/sign-in/email-otp', { email: 'x@example.org', otp: '1'.repeat(10_000) }, 'otp'],
  ])('at %s is told, and nothing of it stays', async (path, body, field) => {
    const browser = createBrowser(api)
    await browser.signUp(ada)
    const reply = await browser.post(`/api/auth${path}`, body)
    expect([reply.status, Object.keys(reply.body.errors ?? {})]).toEqual([400, [field]])
  })

  it('in the address of a link is told', async () => {
    expect((await api.send('GET', '/api/auth/link?token=%00')).status).toBe(400)
  })

  it('is not a password that has anything in it', async () => {
    const strange = 'tab\there, and 💥'
    const browser = createBrowser(api)
    await browser.send('POST', '/api/auth/sign-up/email', {
      ...{ email: ada, name: 'Ada', password: strange },
    })
    const otp = await codeFor(api, ada)
    await browser.post('/api/auth/email-otp/verify-email', { email: ada, otp })
    expect((await createBrowser(api).signIn(ada, strange)).status).toBe(200)
  })
})

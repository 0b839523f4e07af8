import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newUuid } from '../ids.ts'
import { type Api, createApi } from '../testing/api.ts'
import { codeFor, createBrowser, mailTo, password } from './testing.ts'

let api: Api
beforeAll(async () => {
  api = await createApi()
})
afterAll(() => api.close())

/** Whoever set the host up, in front of a browser, by the link of `up`. */
async function operator() {
  const { accountId } = await api.account('Owner')
  const { signIn } = api.services
  const person = await api.change((tx) => signIn.headOf(tx, accountId, 'operator'))
  const link = new URL(await signIn.linkFor(person))
  const browser = createBrowser(api)
  await browser.get(link.pathname + link.search)
  return { browser, person, accountId }
}
const freshAddress = () => `grace-${newUuid()}@example.org`
const hasPassword = async (browser: ReturnType<typeof createBrowser>) =>
  (await browser.get('/api/auth/has-password')).body.has_password

describe('the first operator', () => {
  it('chooses an address, which a code proves, and a password, and signs in with both', async () => {
    const { browser, person, accountId } = await operator()
    const newEmail = freshAddress()
    const asked = await browser.post('/api/auth/email-otp/request-email-change', { newEmail })
    expect(asked.status).toBe(200)
    const otp = await codeFor(api, newEmail)
    const wrong = otp === '111111' ? '222222' : '111111'
    const take = (code: string) =>
      browser.post('/api/auth/email-otp/change-email', { newEmail, otp: code })
    expect((await take(wrong)).status).toBe(401)
    expect((await take(otp)).status).toBe(200)
    expect(await hasPassword(browser)).toBe(false)
    const set = () => browser.post('/api/auth/set-password', { newPassword: password })
    expect((await set()).status).toBe(200)
    expect(await hasPassword(browser)).toBe(true)
    expect((await set()).status).toBe(403)

    expect((await createBrowser(api).signIn(newEmail)).status).toBe(200)
    const { account } = (await browser.get('/api/account/')).body
    expect(account).toMatchObject({ email: newEmail, person: { id: person.id, email: newEmail } })
    const rows = await api.db
      .selectFrom('audit_log')
      .selectAll()
      .where('account_id', '=', accountId)
      .where('action', 'in', ['person.update', 'password.change'])
      .orderBy('id')
      .execute()
    expect(rows).toMatchObject([
      { action: 'person.update', person_id: person.id, after: { email: newEmail } },
      { action: 'password.change', person_id: person.id },
    ])
  })

  it('takes no address of somebody else', async () => {
    const taken = await operator()
    const newEmail = freshAddress()
    await taken.browser.post('/api/auth/email-otp/request-email-change', { newEmail })
    const { browser, person } = await operator()
    await browser.post('/api/auth/email-otp/request-email-change', { newEmail })
    const mine = await codeFor(api, newEmail)
    // The code of each is for them alone.
    const others = await taken.browser.post('/api/auth/email-otp/change-email', {
      ...{ newEmail, otp: mine },
    })
    expect(others.status).toBe(401)
    await api.db
      .updateTable('people')
      .set({ email: newEmail })
      .where('id', '=', taken.person.id)
      .execute()
    const refused = await browser.post('/api/auth/email-otp/change-email', { newEmail, otp: mine })
    expect(refused).toMatchObject({
      status: 400,
      body: { errors: { newEmail: [expect.any(String)] } },
    })
    const row = await api.db
      .selectFrom('people')
      .select('email')
      .where('id', '=', person.id)
      .executeTakeFirstOrThrow()
    expect(row.email).toBeNull()
  })
})

it('an address that somebody has stays', async () => {
  const { browser } = await operator()
  const newEmail = freshAddress()
  await browser.post('/api/auth/email-otp/request-email-change', { newEmail })
  const otp = await codeFor(api, newEmail)
  await browser.post('/api/auth/email-otp/change-email', { newEmail, otp })
  const other = freshAddress()
  const again = await browser.post('/api/auth/email-otp/request-email-change', { newEmail: other })
  expect(again).toMatchObject({ status: 403, body: { error_code: 'PERMISSION_DENIED' } })
  expect(await mailTo(api, other)).toBeUndefined()
})

it.each([
  ['GET', '/api/auth/has-password'],
  ['POST', '/api/auth/set-password'],
  ['POST', '/api/auth/email-otp/request-email-change'],
])('%s %s is for whoever is signed in', async (method, path) => {
  const body = method === 'GET' ? undefined : { newPassword: password, newEmail: freshAddress() }
  expect((await createBrowser(api).send(method, path, body)).status).toBe(401)
})

it('a first password has 8 to 128 characters', async () => {
  const { browser } = await operator()
  for (const newPassword of ['1234567', 'x'.repeat(129)]) {
    const answer = await browser.post('/api/auth/set-password', { newPassword })
    expect(answer).toMatchObject({ status: 400, body: { errors: { password: expect.anything() } } })
  }
})

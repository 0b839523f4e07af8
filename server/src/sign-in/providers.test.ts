import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../config.ts'
import { newUuid } from '../ids.ts'
import { type Api, createApi } from '../testing/api.ts'
import { clientId, clientSecret, startProvider } from './provider.testing.ts'
import { createBrowser } from './testing.ts'

const defaults = loadConfig({ env: {}, dataDir: '/nowhere' })

let api: Api
let provider: Awaited<ReturnType<typeof startProvider>>
let email: string
let browser: ReturnType<typeof createBrowser>
const honest = { claims: {}, signingKey: undefined as never }

beforeAll(async () => {
  provider = await startProvider({ sub: '', email: '', email_verified: true, name: '' })
  honest.signingKey = provider.signingKey as never
  const company = {
    ...{ id: 'company', name: 'Our company', issuer: provider.issuer },
    ...{ client_id: clientId, client_secret: clientSecret },
  }
  api = await createApi({
    config: { auth: { ...defaults.auth, sign_up: 'open', providers: [company] } },
  })
})
beforeEach(() => {
  email = `bob-${newUuid()}@example.org`
  Object.assign(provider, honest)
  provider.someone = { sub: newUuid(), email, email_verified: true, name: 'Bob' }
  browser = createBrowser(api)
})
afterAll(async () => {
  await api.close()
  await provider.close()
})

const begin = async () => {
  const { body } = await browser.post('/api/auth/sign-in/social', {
    ...{ provider: 'company', callbackURL: '/instances', disableRedirect: true },
  })
  return provider.authorize(body.url)
}
const comeBack = (address: string, by = browser) => {
  const { pathname, search } = new URL(address)
  return by.get(pathname + search)
}
const person = () =>
  api.db.selectFrom('people').selectAll().where('email', '=', email).executeTakeFirst()

it('pages can ask which providers there are', async () => {
  expect((await browser.get('/api/auth/providers')).body.providers).toEqual([
    { id: 'company', name: 'Our company' },
  ])
})

describe('whoever comes from a provider', () => {
  it('is signed in, with an account of their own the first time', async () => {
    const back = await comeBack(await begin())
    expect(back.status).toBe(302)
    expect(back.headers.get('location')).toMatch(/\/instances$/)
    expect(await browser.isSignedIn()).toBe(true)
    const first = await person()
    expect(first).toMatchObject({ name: 'Bob', role: 'owner' })
    await comeBack(await begin())
    expect(await person()).toEqual(first)
  })

  it('is who they were with a password, when the address is proved on both sides', async () => {
    await browser.signUp(email)
    const first = await person()
    browser = createBrowser(api)
    await comeBack(await begin())
    expect(await browser.isSignedIn()).toBe(true)
    expect(await person()).toEqual(first)
  })

  it('is nobody when the provider does not vouch for the address', async () => {
    await createBrowser(api).signUp(email)
    provider.someone.email_verified = false
    const back = await comeBack(await begin())
    expect(back.headers.get('location')).toMatch(/error=/)
    expect(await browser.isSignedIn()).toBe(false)
  })
})

describe('is not believed', () => {
  const refused = async (address: string) => {
    const back = await comeBack(address)
    expect(back.status).toBe(302)
    expect(back.headers.get('location')).toMatch(/error=/)
    expect(await browser.isSignedIn()).toBe(false)
    expect(await person()).toBeUndefined()
  }

  it('a state that this browser did not begin with', async () => {
    const address = new URL(await begin())
    address.searchParams.set('state', 'forged')
    await refused(address.href)
  })

  it('an answer that another browser began', async () => {
    const address = await begin()
    browser = createBrowser(api)
    await refused(address)
  })

  it('a token with another signature', async () => {
    provider.signingKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    await refused(await begin())
  })

  it('a token for somebody else’s client, or for another sign-in', async () => {
    provider.claims = { aud: 'another' }
    await refused(await begin())
    provider.claims = { nonce: 'another' }
    await refused(await begin())
  })

  it('an answer that was used before', async () => {
    const address = await begin()
    await comeBack(address)
    browser.cookies.delete('garrison.session_token')
    const again = await comeBack(address)
    expect(again.headers.get('location')).toMatch(/error=/)
    expect(await browser.isSignedIn()).toBe(false)
  })
})

it('an address of somebody else’s to go on to is refused', async () => {
  const asked = { provider: 'company', callbackURL: 'https://evil.example/' }
  expect(await browser.post('/api/auth/sign-in/social', asked)).toMatchObject({ status: 403 })
})

it('a provider that is not there is told as bad input', async () => {
  const asked = { provider: 'other', callbackURL: '/' }
  expect(await browser.post('/api/auth/sign-in/social', asked)).toMatchObject({
    status: 400,
    body: { error_code: 'VALIDATION_ERROR', errors: { provider: [expect.any(String)] } },
  })
})

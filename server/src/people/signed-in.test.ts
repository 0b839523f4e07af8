/** People who signed in, where a key would not do. */
import { afterEach, describe, expect, it } from 'vitest'
import { loadConfig } from '../config.ts'
import { createBrowser } from '../sign-in/testing.ts'
import { type Api, createApi } from '../testing/api.ts'

const defaults = loadConfig({ env: {}, dataDir: '/nowhere' })

let api: Api
let ada: Awaited<ReturnType<Api['person']>>
async function start(sign_up: 'open' | 'invited') {
  api = await createApi({ config: { auth: { ...defaults.auth, sign_up } } })
  ada = await api.person({ email: 'ada@example.org' })
}
afterEach(() => api.close())

const path = '/api/account/people/'
const invite = (email: string) =>
  api.send('POST', path, { key: ada.key, body: { email, role: 'member' } })

async function signedUp(email: string) {
  const browser = createBrowser(api)
  await browser.signUp(email)
  expect((await browser.signIn(email)).status).toBe(200)
  return browser
}

describe('somebody who is invited', () => {
  it('and has an account already, accepts with the link and is in the other one at once', async () => {
    await start('open')
    const grace = await signedUp('grace@example.org')
    const before = (await grace.get('/api/account/')).body.account
    expect(before).toMatchObject({ role: 'owner', api_key: null })
    await invite('grace@example.org')
    const { status, body } = await grace.post(`${path}accept/`, { token: await api.mailedToken() })
    expect(status, JSON.stringify(body)).toBe(200)
    expect(body.account.id).toBe(ada.caller.accountPublicId)
    // What a session was for is remembered for a moment, as the server hears of changes.
    api.services.signIn.sessions.forgetAccount(before.id)
    api.services.signIn.sessions.forgetAll()
    expect((await grace.get('/api/account/')).body.account).toMatchObject({
      id: ada.caller.accountPublicId,
      role: 'member',
      person: { email: 'grace@example.org' },
    })
  })

  it('and signs up where only the invited may, has accepted by that', async () => {
    await start('invited')
    await invite('grace@example.org')
    const grace = await signedUp('grace@example.org')
    expect((await grace.get('/api/account/')).body.account).toMatchObject({
      id: ada.caller.accountPublicId,
      role: 'member',
    })
  })
})

it('somebody who is removed is signed out', async () => {
  await start('invited')
  await invite('grace@example.org')
  const grace = await signedUp('grace@example.org')
  const { id } = (await grace.get('/api/account/')).body.account.person
  expect((await api.send('DELETE', `${path}${id}/`, { key: ada.key })).status).toBe(200)
  api.services.signIn.sessions.forgetAll()
  expect((await grace.get('/api/account/')).status).toBe(401)
  const left = await api.db.selectFrom('auth.session').select('id').execute()
  expect(left).toEqual([])
})

it('a key of somebody who signed in is theirs, and goes with them', async () => {
  await start('invited')
  await invite('grace@example.org')
  const grace = await signedUp('grace@example.org')
  const { body } = await grace.post('/api/account/api-keys/', { name: 'laptop' })
  expect(body.api_key).toMatchObject({
    role: 'member',
    created_by: { email: 'grace@example.org' },
  })
  const own = await grace.get('/api/account/api-keys/')
  expect(own.body.api_keys.map(({ name }: { name: string }) => name)).toEqual(['laptop'])
  const person = body.api_key.created_by.id
  await api.send('DELETE', `${path}${person}/`, { key: ada.key })
  expect((await api.send('GET', '/api/account/', { key: body.key })).status).toBe(401)
})

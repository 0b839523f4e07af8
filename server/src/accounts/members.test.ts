/** A member of an account uses it, and decides nothing about it. */
import { actions, may } from '@garrison/contract/accounts/roles'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Api, createApi } from '../testing/api.ts'

let api: Api
let owner: Awaited<ReturnType<Api['client']>>
let member: string
beforeAll(async () => {
  api = await createApi()
  owner = await api.client()
  member = (
    await api.change((tx) =>
      api.services.accounts.createKey(tx, owner.caller.accountId, { name: 'm', role: 'member' }),
    )
  ).text
})
afterAll(() => api.close())

const profile = { name: 'Ada', address_line: 'A', postal_code: '1', country: 'US' }

/** One request for each thing that only owners decide; where it is not here, it is tested beside it. */
const decisions: Record<string, [method: string, path: string, body?: object][]> = {
  'profile.change': [['PUT', '/api/account/profile/', profile]],
  'people.manage': [
    ['POST', '/api/account/people/', { email: 'x@example.org' }],
    ['POST', '/api/account/people/ID/invitation/'],
  ],
  'audit.export': [['GET', '/api/audit/?format=csv']],
  'budget.change': [['PUT', '/api/account/budget/', { monthly_cap: 5 }]],
  'webhooks.manage': [
    ['POST', '/api/webhooks/', { url: 'https://93.184.215.14/', event_patterns: ['*'] }],
  ],
  'installation.operate': [['GET', '/api/operator/hosts/']],
}

it('is refused with words whatever owners decide', async () => {
  for (const [action, requests] of Object.entries(decisions)) {
    expect(actions).toContain(action)
    for (const [method, path, body] of requests) {
      const reply = await api.send(method, path, { key: member, ...(body && { body }) })
      expect(reply, `${method} ${path}`).toMatchObject({
        status: 403,
        body: { error_code: 'PERMISSION_DENIED', message: expect.stringContaining('Only') },
      })
    }
  }
})

it('uses machines, disks and rules as everybody does', async () => {
  expect(may('member', 'people.manage')).toBe(false)
  const send = (method: string, path: string, body?: object) =>
    api.send(method, path, { key: member, ...(body && { body }) })
  const { body } = await send('POST', '/api/ssh-keys/', { name: 'mine' })
  expect((await send('DELETE', `/api/ssh-keys/${body.ssh_key.id}/`)).status).toBe(200)
  for (const path of ['instances', 'volumes', 'account', 'account/people', 'audit', 'balance'])
    expect((await send('GET', `/api/${path}/`)).status, path).toBe(200)
})

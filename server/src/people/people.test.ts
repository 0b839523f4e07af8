import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../clock.testing.ts'
import { fromDecimal } from '../money.ts'
import { type Api, createApi } from '../testing/api.ts'

let api: Api
let ada: Awaited<ReturnType<Api['person']>>
const clock = new ManualClock()
beforeEach(async () => {
  api = await createApi({ clock })
  ada = await api.person({ email: 'ada@example.org' })
})
afterEach(() => api.close())

const path = '/api/account/people/'
const day = 86_400_000

type Somebody = { key: string }
const ask =
  (method: string) =>
  ({ key }: Somebody, at: string, body?: object) =>
    api.send(method, at, { key, ...(body && { body }) })
const [get, post, patch, remove] = ['GET', 'POST', 'PATCH', 'DELETE'].map(ask) as [
  ReturnType<typeof ask>,
  ReturnType<typeof ask>,
  ReturnType<typeof ask>,
  ReturnType<typeof ask>,
]
const invite = (by: Somebody, email: string, more: object = {}) =>
  post(by, path, { email, ...more })
const accept = (by: Somebody, token: string) => post(by, `${path}accept/`, { token })
const refused = (status: number, error_code: string, words = '') => ({
  status,
  body: { error_code, message: expect.stringContaining(words) },
})
const mails = () =>
  api.db.selectFrom('mails').select(['recipient', 'subject', 'body']).orderBy('id').execute()

describe('an invitation', () => {
  it('is a mail with a link, whose token only the mail knows', async () => {
    const { body } = await invite(ada, 'grace@example.org', { name: 'Grace' })
    expect(body.person).toMatchObject({ status: 'invited', role: 'member', name: 'Grace' })
    expect(await mails()).toMatchObject([
      {
        recipient: 'grace@example.org',
        body: expect.stringMatching(/\/accept\?token=[\w-]{43}\n/),
      },
    ])
    const token = await api.mailedToken()
    const tables = await Promise.all(
      (['people', 'audit_log', 'events'] as const).map((table) =>
        api.db.selectFrom(table).selectAll().execute(),
      ),
    )
    expect(JSON.stringify([body, tables])).not.toContain(token)
  })

  it('brings somebody who has an account of their own, and nothing in it', async () => {
    const grace = await api.person({ email: 'Grace@example.org' })
    const { text: other } = await api.change((tx) =>
      api.services.accounts.createKey(tx, grace.caller.accountId, { name: 'other' }),
    )
    await invite(ada, 'grace@example.org')
    const token = await api.mailedToken()
    const { status, body } = await accept(grace, token)
    expect(status).toBe(200)
    expect(body).toMatchObject({
      account: { id: ada.caller.accountPublicId },
      person: { status: 'active', role: 'member' },
    })
    expect((await get(ada, path)).body.people).toMatchObject([
      { email: 'ada@example.org', role: 'owner', current: true },
      { email: 'grace@example.org', role: 'member', status: 'active', current: false },
    ])
    // What opened the old account opens nothing any more, and the token nothing twice.
    for (const key of [grace.key, other]) expect((await get({ key }, path)).status).toBe(401)
    expect((await accept(await api.person({ email: 'x@example.org' }), token)).status).toBe(404)
  })

  it('is refused to whoever would leave something or somebody behind, in words', async () => {
    const grace = await api.person({ email: 'grace@example.org' })
    await invite(ada, 'grace@example.org')
    const token = await api.mailedToken()
    await api.sshKey(grace.caller)
    await api.change((tx) =>
      api.services.billing.grant(tx, {
        ...{ accountId: grace.caller.accountId, currency: 'USD', micros: fromDecimal(3) },
        description: 'Given',
      }),
    )
    expect(await accept(grace, token)).toMatchObject(
      refused(409, 'ACCOUNT_NOT_EMPTY', '1 SSH key, a balance of $3.00. Delete first'),
    )
    await api.person({ of: grace.caller, email: 'bob@example.org' })
    expect(await accept(grace, token)).toMatchObject(
      refused(409, 'ACCOUNT_NOT_EMPTY', '1 other person'),
    )
    expect((await get(grace, path)).status).toBe(200)
  })

  it('is for one person, for a week, and not for a key of nobody', async () => {
    await invite(ada, 'grace@example.org')
    const token = await api.mailedToken()
    const eve = await api.person({ email: 'eve@example.org' })
    expect(await accept(eve, token)).toMatchObject(refused(403, 'PERMISSION_DENIED', 'grace@'))
    const robot = await api.client('Robot')
    expect(await accept(robot, token)).toMatchObject(refused(403, 'PERMISSION_DENIED', 'sign in'))
    const grace = await api.person({ email: 'grace@example.org' })
    await clock.advance(7 * day)
    expect(await accept(grace, token)).toMatchObject(refused(404, 'NOT_FOUND', 'too old'))
    expect((await get(ada, path)).body.people[1]).toMatchObject({ status: 'expired' })
  })

  it('is sent again with another link, and the former one is good for nothing', async () => {
    const { body } = await invite(ada, 'grace@example.org')
    const again = `${path}${body.person.id}/invitation/`
    const former = await api.mailedToken()
    expect(await post(ada, again)).toMatchObject(refused(403, 'LIMIT_EXCEEDED', 'a minute'))
    await clock.advance(60_000)
    expect((await post(ada, again)).status).toBe(200)
    const grace = await api.person({ email: 'grace@example.org' })
    expect((await accept(grace, former)).status).toBe(404)
    expect((await accept(grace, await api.mailedToken())).status).toBe(200)
    await clock.advance(60_000)
    expect((await post(ada, again)).status).toBe(400)
  })

  it('that is taken back is good for nothing', async () => {
    const { body } = await invite(ada, 'grace@example.org')
    const token = await api.mailedToken()
    expect((await remove(ada, `${path}${body.person.id}/`)).status).toBe(200)
    expect((await accept(await api.person({ email: 'grace@example.org' }), token)).status).toBe(404)
    expect((await invite(ada, 'grace@example.org')).status).toBe(200)
  })

  it('has one winner among many at once', async () => {
    const grace = await api.person({ email: 'grace@example.org' })
    await invite(ada, 'grace@example.org')
    const token = await api.mailedToken()
    const replies = await Promise.all(Array.from({ length: 5 }, () => accept(grace, token)))
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const { status } of replies) expect([200, 401, 404]).toContain(status)
  })
})

describe('the last owner', () => {
  it('neither goes nor becomes a member', async () => {
    const its = `${path}${ada.id}/`
    expect(await remove(ada, its)).toMatchObject(refused(409, 'LAST_OWNER'))
    expect(await patch(ada, its, { role: 'member' })).toMatchObject(refused(409, 'LAST_OWNER'))
    // Whoever is only invited decides about nothing.
    await invite(ada, 'grace@example.org', { role: 'owner' })
    expect(await remove(ada, its)).toMatchObject(refused(409, 'LAST_OWNER'))
  })

  it('is left, however many owners go at once', async () => {
    const owners = [ada]
    for (const name of ['bob', 'cyd', 'dan'])
      owners.push(await api.person({ of: ada.caller, email: `${name}@example.org` }))
    const replies = await Promise.all(
      owners.map((owner, n) =>
        n % 2 === 0
          ? remove(owner, `${path}${owner.id}/`)
          : patch(owner, `${path}${owner.id}/`, { role: 'member' }),
      ),
    )
    expect(replies.filter(({ status }) => status === 409)).toHaveLength(1)
    const left = await api.services.people.list(api.db, ada.caller)
    expect(left.filter(({ role }) => role === 'owner')).toHaveLength(1)
  })
})

describe('whoever is removed', () => {
  it('is out at once with all keys, and what they deployed stays', async () => {
    const bob = await api.person({ of: ada.caller, email: 'bob@example.org', role: 'member' })
    const key = await api.sshKey(bob.caller)
    expect((await remove(ada, `${path}${bob.id}/`)).body.message).toContain('bob@example.org')
    expect((await get(bob, path)).status).toBe(401)
    expect((await get(ada, `/api/ssh-keys/${key.public_id}/`)).status).toBe(200)
    expect((await get(ada, path)).body.count).toBe(1)
    expect(await remove(ada, `${path}${bob.id}/`)).toMatchObject({ status: 404 })
  })

  it('was not removed or renamed by a key of theirs that may do less than they', async () => {
    await api.person({ of: ada.caller, email: 'bob@example.org' })
    const { body } = await post(ada, '/api/account/api-keys/', { name: 'ci', role: 'member' })
    const refusal = refused(403, 'PERMISSION_DENIED', 'Only owners may')
    expect(await remove(body, `${path}${ada.id}/`)).toMatchObject(refusal)
    expect(await patch(body, `${path}${ada.id}/`, { name: 'Eve' })).toMatchObject(refusal)
  })

  it('may have gone by themselves', async () => {
    const bob = await api.person({ of: ada.caller, email: 'bob@example.org', role: 'member' })
    expect((await remove(bob, `${path}${bob.id}/`)).status).toBe(200)
    const actions = await api.db
      .selectFrom('audit_log')
      .select(['action', 'person_id'])
      .where('subject_id', '=', bob.id)
      .execute()
    expect(actions).toEqual([{ action: 'person.leave', person_id: bob.id }])
  })
})

describe('a role', () => {
  it('that shrinks shrinks the keys of the person with it, at once', async () => {
    const bob = await api.person({ of: ada.caller, email: 'bob@example.org' })
    expect((await invite(bob, 'cyd@example.org')).status).toBe(200)
    const { body } = await patch(ada, `${path}${bob.id}/`, { role: 'member' })
    expect(body.person.role).toBe('member')
    expect(await invite(bob, 'dan@example.org')).toMatchObject(refused(403, 'PERMISSION_DENIED'))
    const [row] = await api.db
      .selectFrom('audit_log')
      .select(['before', 'after'])
      .where('action', '=', 'person.update')
      .execute()
    expect(row).toEqual({ before: { role: 'owner' }, after: { role: 'member' } })
  })

  it('is not given away, nor taken from, by whoever has less', async () => {
    const root = await api.person({ of: ada.caller, email: 'root@example.org', role: 'operator' })
    expect((await invite(ada, 'x@example.org', { role: 'operator' })).status).toBe(403)
    expect((await patch(ada, `${path}${ada.id}/`, { role: 'operator' })).status).toBe(403)
    expect((await patch(ada, `${path}${root.id}/`, { role: 'member' })).status).toBe(403)
    expect((await remove(ada, `${path}${root.id}/`)).status).toBe(403)
    expect((await patch(root, `${path}${ada.id}/`, { role: 'operator' })).status).toBe(200)
  })

  it('of a member sees the people and manages none, but their own name', async () => {
    const bob = await api.person({ of: ada.caller, email: 'bob@example.org', role: 'member' })
    expect((await get(bob, path)).body.count).toBe(2)
    expect((await invite(bob, 'x@example.org')).status).toBe(403)
    for (const id of [ada.id, bob.id])
      expect((await patch(bob, `${path}${id}/`, { role: 'member' })).status).toBe(403)
    expect((await patch(bob, `${path}${ada.id}/`, { name: 'Eve' })).status).toBe(403)
    expect((await remove(bob, `${path}${ada.id}/`)).status).toBe(403)
    expect((await patch(bob, `${path}${bob.id}/`, { name: 'Bob' })).body.person.name).toBe('Bob')
  })
})

it('strangers see nobody', async () => {
  const eve = await api.person({ email: 'eve@example.org' })
  expect((await get(eve, path)).body.count).toBe(1)
  expect(await patch(eve, `${path}${ada.id}/`, { name: 'Eve' })).toMatchObject({ status: 404 })
  expect(await remove(eve, `${path}${ada.id}/`)).toMatchObject({ status: 404 })
  expect(await post(eve, `${path}${ada.id}/invitation/`)).toMatchObject({ status: 404 })
})

it('bad input is refused with words', async () => {
  for (const body of [
    {},
    { email: 'nobody' },
    { email: 'a@example.org', role: 'god' },
    { email: 'a@example.org', name: 'Two\nlines' },
    { email: 'a@example.org\r\nBcc: eve@example.org' },
  ]) {
    expect((await post(ada, path, body)).status, JSON.stringify(body)).toBe(400)
  }
  await invite(ada, 'grace@example.org')
  expect(await invite(ada, 'GRACE@example.org')).toMatchObject(refused(409, 'NAME_ALREADY_EXISTS'))
  expect(await invite(ada, 'ada@example.org')).toMatchObject(refused(409, 'NAME_ALREADY_EXISTS'))
  expect((await patch(ada, `${path}${ada.id}/`, {})).status).toBe(400)
  expect(await mails()).toHaveLength(1)
})

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ManualClock } from '../clock.testing.ts'
import { type Api, createApi } from '../testing/api.ts'

let api: Api
let ada: Awaited<ReturnType<Api['person']>>
let bob: Awaited<ReturnType<Api['person']>>
let robot: string
const clock = new ManualClock()
const path = '/api/audit/'
const minute = 60_000
const times: string[] = []

const ask = (key: string, query = '') => api.send('GET', `${path}${query}`, { key })
const write = async (key: string, method: string, at: string, body?: object) => {
  const reply = await api.send(method, at, { key, ...(body && { body }) })
  expect(reply.status, JSON.stringify(reply.body)).toBe(200)
  times.push(clock.now().toISOString())
  await clock.advance(minute)
  return reply.body
}
const actions = (reply: Awaited<ReturnType<typeof ask>>) =>
  reply.body.entries.map((entry: { action: string }) => entry.action)

beforeAll(async () => {
  api = await createApi({ clock })
  ada = await api.person({ email: 'ada@example.org' })
  bob = await api.person({ of: ada.caller, email: 'bob@example.org', role: 'member' })
  robot = (
    await api.change((tx) =>
      api.services.accounts.createKey(tx, ada.caller.accountId, { name: 'Robot' }),
    )
  ).text
  await clock.advance(minute)
  const script = { name: 'hello', script: '#!/bin/sh\necho secret\n' }
  const { script: made } = await write(ada.key, 'POST', '/api/scripts/', script)
  const at = `/api/scripts/${made.id}/`
  await write(bob.key, 'PATCH', at, { name: 'hi', script: '#!/bin/sh\necho other\n' })
  await write(robot, 'DELETE', at)
})
afterAll(() => api.close())

describe('the audit log', () => {
  it('says who did what, from where and to what, newest first', async () => {
    const { body } = await ask(ada.key, '?action=script.')
    expect(body.entries).toMatchObject([
      { action: 'script.delete', actor: { person: null, api_key: { name: 'Robot' } } },
      {
        action: 'script.update',
        actor: { person: { email: 'bob@example.org' } },
        subject: { kind: 'script', name: 'hi' },
        before: { name: 'hello', script_sha256: expect.any(String) },
        after: { name: 'hi', script_sha256: expect.any(String) },
        at: times[1],
        request_id: expect.stringMatching(/^[a-z0-9]{8}$/),
      },
      { action: 'script.create', actor: { person: { id: ada.id } }, before: null },
    ])
    expect(body.pagination).toMatchObject({ total_count: 3 })
    expect(JSON.stringify(body)).not.toContain('secret')
  })

  it('comes in pages', async () => {
    const first = await ask(ada.key, '?action=script.&page_size=2')
    const second = await ask(ada.key, '?action=script.&page_size=2&page=2')
    expect([actions(first), actions(second)]).toEqual([
      ['script.delete', 'script.update'],
      ['script.create'],
    ])
    expect(second.body.pagination).toMatchObject({ total_count: 3, total_pages: 2 })
  })

  it('is narrowed to somebody, a thing, an action, a time', async () => {
    const { entries } = (await ask(ada.key, '?action=script.delete')).body
    const { subject, actor } = entries[0]
    const narrowed: [query: string, found: string[]][] = [
      ['actor=BOB@example.org&action=script.', ['script.update']],
      [`actor=${bob.id}&action=script.`, ['script.update']],
      ['actor=robot&action=script.', ['script.delete']],
      [`actor=${actor.api_key.id}&action=script.`, ['script.delete']],
      ['actor=nobody', []],
      [`subject=${subject.id}`, ['script.delete', 'script.update', 'script.create']],
      [`subject=${subject.id}&from=${times[1]}`, ['script.delete', 'script.update']],
      [`subject=${subject.id}&from=${times[1]}&to=${times[2]}`, ['script.update']],
      ['action=script_', []],
      ['action=cript.', []],
    ]
    for (const [query, found] of narrowed)
      expect(actions(await ask(ada.key, `?${query}`)), query).toEqual(found)
  })

  it('is read by members and by read-only keys, and by no stranger', async () => {
    expect(actions(await ask(bob.key, '?action=script.'))).toHaveLength(3)
    const reader = await api.client('Reader', { access: 'read-only' })
    expect(actions(await ask(reader.key, '?action=script.'))).toEqual([])
    expect(actions(await ask(reader.key, '?actor=ada@example.org'))).toEqual([])
  })

  it('refuses what makes no sense', async () => {
    for (const query of ['from=yesterday', 'format=xml', `from=${times[1]}&to=${times[0]}`])
      expect((await ask(ada.key, `?${query}`)).status, query).toBe(400)
  })
})

describe('as a file', () => {
  it('it is all that fits, oldest first, without formulas, for owners', async () => {
    const reply = await ask(ada.key, '?action=script.&format=csv&page_size=1')
    expect(reply.headers.get('content-type')).toContain('text/csv')
    expect(reply.headers.get('content-disposition')).toContain('audit.csv')
    const lines = reply.body.trimEnd().split('\r\n')
    expect(lines).toHaveLength(4)
    expect(lines[0]).toMatch(/^at,action,subject_kind/)
    expect(lines[2]).toContain(`${times[1]},script.update,script,`)
    expect(lines[2]).toContain('bob@example.org')
    expect(await ask(bob.key, '?format=csv')).toMatchObject({
      status: 403,
      body: { error_code: 'PERMISSION_DENIED' },
    })
  })
})

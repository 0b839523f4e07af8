/** Startup scripts over HTTP: what they keep, what is wrong with them, and who sees them. */
import { maximumScriptBytes, scriptsPerAccount } from '@garrison/contract/scripts/routes'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Api, createApi } from '../testing/api.ts'
import { footprint } from '../testing/footprint.ts'
import { expectRefusal } from '../testing/refusal.ts'

const SCRIPT = '#!/bin/sh\necho hello\n'

let api: Api
let me: Awaited<ReturnType<Api['client']>>
beforeEach(async () => {
  api = await createApi()
  me = await api.client()
})
afterEach(() => api.close())

const create = (change: object = {}) =>
  me.post('/api/scripts/', { name: 'web', script: SCRIPT, ...change })
const made = async (name: string) => (await create({ name })).body.script
const pathOf = ({ id }: { id: string }) => `/api/scripts/${id}/`
const audited = async () =>
  (await api.db.selectFrom('audit_log').selectAll().orderBy('id').execute()).filter(
    (row) => row.subject_kind === 'script',
  )

describe('a script', () => {
  it('is kept as it was sent, under an id of its kind', async () => {
    const script = '#!/bin/sh\r\necho "ünïcode"\t\n\n'
    const { body } = await create({ script })
    expect(body.script).toMatchObject({ id: expect.stringMatching(/^BRK-\d{6,9}C$/), script })
    expect((await me.get(pathOf(body.script))).body.script).toEqual(body.script)
  })

  it('may be as long as the limit in bytes, and no longer', async () => {
    const ofBytes = (bytes: number) => `#!é${'x'.repeat(bytes - 4)}`
    expect((await create({ script: ofBytes(maximumScriptBytes) })).status).toBe(200)
    const longer = await create({ name: 'longer', script: ofBytes(maximumScriptBytes + 1) })
    const fields = expectRefusal(longer, 400, 'VALIDATION_ERROR')
    expect(fields).toEqual({ script: [expect.stringContaining(`${maximumScriptBytes} bytes`)] })
  })

  it.each<[string, object, string]>([
    ['no name', { name: undefined }, 'name'],
    ['a name of 51 characters', { name: 'x'.repeat(51) }, 'name'],
    ['a slash in its name', { name: 'a/b' }, 'name'],
    ['no text', { script: undefined }, 'script'],
    ['a text that is none', { script: 7 }, 'script'],
    ['an empty text', { script: '' }, 'script'],
    ['a text of no known kind', { script: 'echo hello' }, 'script'],
    ['a null character', { script: '#!/bin/sh\n\0' }, 'script'],
  ])('with %s is a 400, and nothing comes of it', async (_, change, field) => {
    const before = await footprint(api)
    const fields = expectRefusal(await create(change), 400, 'VALIDATION_ERROR')
    expect(Object.keys(fields)).toEqual([field])
    expect(await footprint(api)).toEqual(before)
  })

  it('of a name that is taken, whatever the case, is a 409', async () => {
    await made('web')
    expectRefusal(await create({ name: 'WEB' }), 409, 'NAME_ALREADY_EXISTS', /choose another/)
  })

  it('is one too many after the limit', async () => {
    const { accountId } = me.caller
    await made('first')
    await api.db
      .updateTable('counters')
      .set({ value: scriptsPerAccount })
      .where('account_id', '=', accountId)
      .where('kind', '=', 'scripts')
      .execute()
    expectRefusal(await create(), 403, 'LIMIT_EXCEEDED', String(scriptsPerAccount))
  })

  it.each(['put', 'patch'] as const)(
    'is changed by %s, in the part that is given',
    async (verb) => {
      const script = await made('web')
      const renamed = await me[verb](pathOf(script), { name: 'renamed' })
      expect(renamed.body.script).toMatchObject({ name: 'renamed', script: SCRIPT })
      const rewritten = await me[verb](pathOf(script), { script: '#cloud-config\n' })
      expect(rewritten.body.script).toMatchObject({ name: 'renamed', script: '#cloud-config\n' })
      expect(rewritten.body.script.updated_at >= script.updated_at).toBe(true)
    },
  )

  it('may be given its own name in another case, but not that of another', async () => {
    const script = await made('web')
    await made('other')
    expect((await me.put(pathOf(script), { name: 'WEB' })).status).toBe(200)
    const reply = await me.put(pathOf(script), { name: 'Other' })
    expectRefusal(reply, 409, 'NAME_ALREADY_EXISTS')
  })

  it('is not changed by nothing', async () => {
    const script = await made('web')
    expectRefusal(await me.put(pathOf(script), {}), 400, 'VALIDATION_ERROR', /name, a script, or/)
  })

  it('is gone when it is deleted, and its name is free', async () => {
    const script = await made('web')
    expect((await me.delete(pathOf(script))).body.script_id).toBe(script.id)
    expectRefusal(await me.get(pathOf(script)), 404, 'NOT_FOUND', script.id)
    expectRefusal(await me.delete(pathOf(script)), 404, 'NOT_FOUND', script.id)
    expect((await create()).status).toBe(200)
  })

  it('of one name among many at once is made once', async () => {
    const replies = await Promise.all(['a', 'A', 'a', 'A'].map((name) => create({ name })))
    expect(replies.map((reply) => reply.status).sort()).toEqual([200, 409, 409, 409])
  })
})

describe('the list', () => {
  it('is by age and name, with or without the texts', async () => {
    for (const name of ['one', 'two', 'three']) await made(name)
    const all = (await me.get('/api/scripts/?page_size=2')).body
    expect(all.scripts.map((each: { name: string }) => each.name)).toEqual(['three', 'two'])
    expect(all).toMatchObject({ count: 2, pagination: { total_count: 3, has_next: true } })
    expect(all.scripts[0].script).toBe(SCRIPT)
    const found = (await me.get('/api/scripts/?search=TWO&fields=summary')).body
    expect(found).toMatchObject({ count: 1, scripts: [{ name: 'two' }] })
    expect(found.scripts[0]).not.toHaveProperty('script')
    const wrong = await me.get('/api/scripts/?fields=everything')
    expect(Object.keys(expectRefusal(wrong, 400, 'VALIDATION_ERROR'))).toEqual(['fields'])
  })
})

describe('deleting several', () => {
  it('takes those that there are, and names those that there are not', async () => {
    const [one, two] = [await made('one'), await made('two')]
    const scripts = [one.id, 'BRK-000000C', two.id]
    const { body } = await me.delete('/api/scripts/', { scripts })
    expect(body).toMatchObject({ deleted: [one.id, two.id], not_found: ['BRK-000000C'] })
    expect((await me.get('/api/scripts/')).body.pagination.total_count).toBe(0)
  })

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['an empty list', []],
    ['an id twice', ['BRK-000000C', 'BRK-000000C']],
    ['51 ids', Array.from({ length: 51 }, (_, n) => `BRK-${100_000 + n}C`)],
    ['no list', 'BRK-000000C'],
  ])('of %s is a 400', async (_, scripts) => {
    const fields = expectRefusal(
      await me.delete('/api/scripts/', { scripts }),
      400,
      'VALIDATION_ERROR',
    )
    expect(Object.keys(fields)).toEqual(['scripts'])
  })

  it("leaves a stranger's where they are", async () => {
    const script = await made('web')
    const stranger = await api.client('Stranger')
    const { body } = await stranger.delete('/api/scripts/', { scripts: [script.id] })
    expect(body).toMatchObject({ deleted: [], not_found: [script.id] })
    expect((await stranger.get('/api/scripts/')).body.scripts).toEqual([])
    expect((await me.get(pathOf(script))).status).toBe(200)
  })
})

it('every change is in the audit log, without the text', async () => {
  const script = await made('web')
  await me.patch(pathOf(script), { script: '#!/bin/sh\necho secret\n' })
  await me.delete('/api/scripts/', { scripts: [script.id] })
  const rows = await audited()
  expect(rows.map((row) => row.action)).toEqual(['script.create', 'script.update', 'script.delete'])
  const events = (await api.db.selectFrom('events').selectAll().orderBy('id').execute()).filter(
    ({ subject_kind }) => subject_kind === 'script',
  )
  expect(events.map((event) => event.kind)).toEqual([
    'script.created',
    'script.updated',
    'script.deleted',
  ])
  expect(JSON.stringify([rows, events])).not.toMatch(/echo/)
})

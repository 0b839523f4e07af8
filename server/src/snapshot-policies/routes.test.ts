/** Snapshot policies as people make and change them, and what the API says when something is wrong. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Api, createApi } from '../testing/api.ts'
import { footprint } from '../testing/footprint.ts'
import { expectRefusal } from '../testing/refusal.ts'
import { type SettableClock, settableClock } from '../testing/settable-clock.ts'
import { createSnapshotScheduler } from './scheduler.ts'

const path = '/api/snapshot-policies/'
let api: Api
let clock: SettableClock
let me: Awaited<ReturnType<Api['client']>>
let instance: string
let other: string

beforeAll(async () => {
  clock = settableClock('2026-01-10T09:30:00Z')
  api = await createApi({ clock })
  me = await api.client()
  instance = (await api.runningInstance(me.caller, 'web-1')).public_id
  other = (await api.runningInstance(me.caller, 'web-2')).public_id
})
afterAll(() => api.close())

let made = 0
const create = async (input: object) => {
  const reply = await me.post(path, { name: `policy-${made++}`, daily: 1, ...input })
  expect(reply.status, JSON.stringify(reply.body)).toBe(200)
  return reply.body.policy
}
const change = (id: string, body: object, headers?: Record<string, string>) =>
  api.send('PATCH', `${path}${id}/`, { key: me.key, body, ...(headers && { headers }) })

describe('a policy', () => {
  it('keeps what it was made with, and what is left out is 0', async () => {
    const policy = await create({
      name: 'nightly',
      description: 'At night',
      hourly: 3,
      offset_minutes: 210,
      instance_ids: [instance],
    })
    expect(policy).toMatchObject({
      id: expect.stringMatching(/^BRK-\d{6}P$/),
      name: 'nightly',
      description: 'At night',
      hourly: 3,
      daily: 1,
      weekly: 0,
      monthly: 0,
      offset_minutes: 210,
      instances: [
        {
          instance_id: instance,
          vm_name: 'web-1',
          last_success_at: null,
          last_error: null,
          skip_reason: null,
          next_run_at: '2026-01-10T10:30:00.000Z',
        },
      ],
    })
    expect((await me.get(`${path}${policy.id}/`)).body.policy).toEqual(policy)
    const found = (await me.get(`${path}?search=NIGHT`)).body
    expect(found).toMatchObject({ policies: [policy], pagination: { total_count: 1 }, limit: 25 })
  })

  it('is changed where something is said, and is due anew when its times change', async () => {
    const { id, ...before } = await create({ hourly: 1, instance_ids: [instance] })
    const renamed = (await change(id, { name: 'renamed' })).body.policy
    expect(renamed).toMatchObject({ ...before, name: 'renamed' })
    const changed = (await change(id, { hourly: 0, offset_minutes: 60 })).body.policy
    expect(changed).toMatchObject({ hourly: 0, daily: 1, offset_minutes: 60 })
    expect(changed.instances[0].next_run_at).toBe('2026-01-11T01:00:00.000Z')
  })

  it('covers what the last change says, and what stays keeps what it knew', async () => {
    const { id } = await create({ instance_ids: [instance] })
    const covered = async (instance_ids: string[]) =>
      (await change(id, { instance_ids })).body.policy.instances.map(
        (each: { instance_id: string }) => each.instance_id,
      )
    await api.db
      .updateTable('snapshot_policy_instances')
      .set({ last_error: 'once' })
      .where('policy_id', 'in', (policies) =>
        policies.selectFrom('snapshot_policies').select('id').where('public_id', '=', id),
      )
      .execute()
    expect(await covered([other, instance])).toEqual([instance, other])
    const { instances } = (await me.get(`${path}${id}/`)).body.policy
    expect(instances).toMatchObject([{ last_error: 'once' }, { last_error: null }])
    expect(await covered([other])).toEqual([other])
    expect(await covered([])).toEqual([])
  })

  it('is gone when it is deleted', async () => {
    const { id } = await create({ instance_ids: [instance] })
    expect((await me.delete(`${path}${id}/`)).body).toMatchObject({ policy_id: id })
    expectRefusal(await me.get(`${path}${id}/`), 404, 'NOT_FOUND', id)
  })

  it('is changed once by an Idempotency-Key, whoever asks again', async () => {
    const { id } = await create({})
    const again = () => change(id, { daily: 5 }, { 'Idempotency-Key': 'five' })
    const first = await again()
    await change(id, { daily: 6 })
    const second = await again()
    expect(second.headers.get('idempotency-replayed')).toBe('true')
    expect(second.body).toEqual(first.body)
    expect((await me.get(`${path}${id}/`)).body.policy.daily).toBe(6)
  })
})

describe('the preview', () => {
  it('tells what comes, what goes then, and why; also for other counts', async () => {
    const mine = await api.client('Preview')
    const { public_id } = await api.runningInstance(mine.caller, 'db-1')
    const { policy } = (await mine.post(path, { name: 'p', hourly: 2, instance_ids: [public_id] }))
      .body
    const { db, regions, services, log } = api
    const scheduler = createSnapshotScheduler({ db, clock, regions, log, ...services })
    for (const time of ['10:00', '11:00']) {
      clock.set(`2026-01-10T${time}:00Z`)
      await scheduler.run()
      await api.settle()
    }
    const before = await footprint(api)
    const preview = async (query = '') =>
      (await mine.get(`${path}${policy.id}/preview/${query}`)).body.instances[0]
    const told = async (query?: string) =>
      (await preview(query)).snapshots.map(
        (each: { name: string; keep: boolean; reasons: string[] }) =>
          `${each.name} ${each.keep ? 'stays' : 'goes'}: ${each.reasons.join(', ')}`,
      )
    expect((await preview()).next).toEqual({
      at: '2026-01-10T12:00:00.000Z',
      frequency: 'hourly',
      name: 'db-1-hourly-2026-01-10T12-00Z',
      obstacle: null,
    })
    expect(await told()).toEqual([
      'db-1-hourly-2026-01-10T12-00Z stays: hourly: 1 of 2, it is the newest good one',
      'db-1-hourly-2026-01-10T11-00Z stays: hourly: 2 of 2',
      'db-1-hourly-2026-01-10T10-00Z goes: it is not among the 2 newest hourly ones',
    ])
    expect((await told('?hourly=3&daily=1')).at(-1)).toBe(
      'db-1-hourly-2026-01-10T10-00Z stays: hourly: 3 of 3, daily: 1 of 1',
    )
    expect(await footprint(api)).toEqual(before)
    const none = await mine.get(`${path}${policy.id}/preview/?hourly=0`)
    expectRefusal(none, 400, 'VALIDATION_ERROR', /at least one/)
  })
})

describe('what is wrong', () => {
  const wanted = (more: object) => ({ name: 'wrong', daily: 1, ...more })

  it.each<[string, object, string, RegExp]>([
    ['no name', { name: undefined }, 'name', /required/],
    ['a slash in its name', { name: 'a/b' }, 'name', /letters, digits/],
    ['no count', { daily: undefined }, 'hourly', /at least one/],
    ['only zeros', { daily: 0, weekly: 0 }, 'hourly', /at least one/],
    ['a negative count', { hourly: -1 }, 'hourly', /greater than or equal to 0/],
    ['a gigantic count', { monthly: 1e9 }, 'monthly', /less than or equal to 120/],
    ['half a count', { weekly: 0.5 }, 'weekly', /integer/],
    ['a text for a count', { weekly: '4' }, 'weekly', /integer/],
    ['a minute of tomorrow', { offset_minutes: 1440 }, 'offset_minutes', /1439/],
    ['an instance twice', { instance_ids: ['BRK-1D', 'BRK-1D'] }, 'instance_ids', /only once/],
    ['no list of instances', { instance_ids: 'BRK-1D' }, 'instance_ids', /list/],
  ])('%s is a 400, and nothing is there', async (_, more, field, words) => {
    const before = await footprint(api)
    const fields = expectRefusal(await me.post(path, wanted(more)), 400, 'VALIDATION_ERROR', words)
    expect(Object.keys(fields)).toContain(field)
    expect(await footprint(api)).toEqual(before)
  })

  it('is a name that is taken', async () => {
    const { name } = await create({})
    const { id } = await create({})
    const before = await footprint(api)
    const taken = /already have a snapshot policy/
    const posted = await me.post(path, wanted({ name: name.toUpperCase() }))
    expectRefusal(posted, 409, 'NAME_ALREADY_EXISTS', taken)
    expectRefusal(await change(id, { name }), 409, 'NAME_ALREADY_EXISTS', taken)
    expect(await footprint(api)).toEqual(before)
  })

  it('is a change that leaves nothing to keep', async () => {
    const { id } = await create({})
    expectRefusal(await change(id, { daily: 0 }), 400, 'VALIDATION_ERROR', /at least one/)
  })

  it('is an instance that is not there, or going', async () => {
    const gone = (await api.runningInstance(me.caller, 'gone')).public_id
    await me.delete(`/api/instances/${gone}/`)
    await api.settle()
    const { id } = await create({ instance_ids: [instance] })
    const before = await footprint(api)
    for (const send of [
      (ids: string[]) => me.post(path, wanted({ instance_ids: ids })),
      (ids: string[]) => change(id, { instance_ids: ids }),
    ]) {
      expectRefusal(await send([instance, 'BRK-000000D']), 404, 'NOT_FOUND', /BRK-000000D/)
      expectRefusal(await send([gone]), 400, 'VALIDATION_ERROR', /DELETED/)
    }
    expect(await footprint(api)).toEqual(before)
  })

  it('is the 26th policy', async () => {
    const { post } = await api.client('Many')
    const make = (n: number) => post(path, { name: `p${n}`, daily: 1 })
    for (let n = 0; n < 25; n++) await make(n)
    expectRefusal(await make(25), 403, 'LIMIT_EXCEEDED', /at most 25/)
  })

  it("is a stranger's instance", async () => {
    const stranger = await api.client('Stranger')
    const before = await footprint(api)
    const reply = await stranger.post(path, wanted({ instance_ids: [instance] }))
    expectRefusal(reply, 404, 'NOT_FOUND', instance)
    expect(await footprint(api)).toEqual(before)
  })
})

describe('a region without snapshots', () => {
  it('is refused early', async () => {
    const without = await createApi({ capabilities: { snapshot: false } })
    try {
      const mine = await without.client()
      const { public_id } = await without.runningInstance(mine.caller)
      const reply = await mine.post(path, { name: 'p', daily: 1, instance_ids: [public_id] })
      expectRefusal(reply, 400, 'TIER_NOT_SUPPORTED', /cannot take snapshots/)
    } finally {
      await without.close()
    }
  })
})

/** Policies at work: the snapshots they take, when they do not, and what they remove. */

import { EngineError } from '@garrison/engines/engine'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Api, createApi } from '../testing/api.ts'
import { expectRefusal } from '../testing/refusal.ts'
import { type SettableClock, settableClock } from '../testing/settable-clock.ts'
import { mostAttempts } from './rules.ts'
import { createSnapshotScheduler, type SnapshotScheduler } from './scheduler.ts'

let api: Api
let me: Awaited<ReturnType<Api['client']>>
let clock: SettableClock
let scheduler: SnapshotScheduler
let snapshotsFail: boolean
/** New disks wait for it. */
let disks: Promise<void>

beforeEach(async () => {
  // A Saturday.
  clock = settableClock('2026-01-10T09:30:00Z')
  snapshotsFail = false
  disks = Promise.resolve()
  api = await createApi({
    clock,
    async onEffect(effect) {
      if (effect === 'disk.create') await disks
      if (snapshotsFail && effect === 'snapshot.create') throw new EngineError('no snapshots today')
    },
  })
  api.startRunner()
  me = await api.client()
  const { db, regions, services, log } = api
  scheduler = createSnapshotScheduler({ db, clock, regions, log, ...services })
})
afterEach(() => api.close())

/** The scheduler looks at that time, and what it begins is done. */
async function at(time: string) {
  clock.set(time)
  await scheduler.run()
  await api.settle()
  // What is too many is known once the new one is good.
  await scheduler.run()
  await api.settle()
}

const policy = async (input: object) =>
  (await me.post('/api/snapshot-policies/', { name: 'policy', ...input })).body.policy
const status = async (id: string) =>
  (await me.get(`/api/snapshot-policies/${id}/`)).body.policy.instances[0]
const snapshots = async () => (await me.get('/api/snapshots/')).body.snapshots
const names = async () => (await snapshots()).map((each: { name: string }) => each.name).sort()
const web = () => api.runningInstance(me.caller, 'web-1')
const events = async (kind: string) =>
  (await api.db.selectFrom('events').selectAll().where('kind', '=', kind).execute()).map(
    ({ data }) => data,
  )

describe('a policy', () => {
  it('takes a snapshot of its instance when it is due, and not before', async () => {
    const { public_id } = await web()
    const { id } = await policy({ hourly: 2, instance_ids: [public_id] })
    await at('2026-01-10T09:59:59Z')
    expect(await names()).toEqual([])
    await at('2026-01-10T10:00:00Z')
    expect(await snapshots()).toMatchObject([
      {
        name: 'web-1-hourly-2026-01-10T10-00Z',
        status: 'SUCCESS',
        policy_id: id,
        instance_id: public_id,
        pinned: false,
      },
    ])
    expect(await status(id)).toMatchObject({
      last_success_at: '2026-01-10T10:00:00.000Z',
      last_error: null,
      next_run_at: '2026-01-10T11:00:00.000Z',
    })
  })

  it('fills its frequencies and thins them out', async () => {
    const { public_id } = await web()
    await policy({ hourly: 2, daily: 2, offset_minutes: 30, instance_ids: [public_id] })
    for (const hour of ['10T22', '10T23', '11T00', '11T01', '11T02', '12T00', '12T01', '13T00']) {
      await at(`2026-01-${hour}:31:00Z`)
    }
    // The 12th began with the 00:30 one, and the 13th too.
    expect(await names()).toEqual([
      'web-1-daily-2026-01-12T00-30Z',
      'web-1-daily-2026-01-13T00-30Z',
      'web-1-hourly-2026-01-12T01-30Z',
    ])
  })

  it('takes one snapshot for all that were missed while nothing ran', async () => {
    const { public_id } = await web()
    await policy({ hourly: 9, daily: 9, instance_ids: [public_id] })
    await at('2026-01-13T07:20:00Z')
    await scheduler.run()
    expect(await names()).toEqual(['web-1-daily-2026-01-13T07-00Z'])
  })

  it('takes a slot once, however many schedulers look at the same time', async () => {
    const { public_id } = await web()
    await policy({ hourly: 9, instance_ids: [public_id] })
    clock.set('2026-01-10T10:00:00Z')
    const { db, regions, services, log } = api
    const others = Array.from({ length: 5 }, () =>
      createSnapshotScheduler({ db, clock, regions, log, ...services }),
    )
    await Promise.all(others.map((other) => other.run()))
    await api.settle()
    expect(await names()).toEqual(['web-1-hourly-2026-01-10T10-00Z'])
  })

  it('that died in the middle takes the slot once when it is back', async () => {
    const { public_id } = await web()
    await policy({ hourly: 9, instance_ids: [public_id] })
    clock.set('2026-01-10T10:00:00Z')
    const { db, regions, services, log } = api
    let begun = 0
    const dying = createSnapshotScheduler({
      db,
      clock,
      regions,
      log,
      ...services,
      snapshots: {
        ...services.snapshots,
        async create(...args) {
          await services.snapshots.create(...args)
          begun++
          throw Object.assign(new Error('Connection terminated'), {})
        },
      },
    })
    await expect(dying.run()).rejects.toThrow('Connection terminated')
    expect(begun).toBe(1)
    expect(await names()).toEqual([])
    await at('2026-01-10T10:00:05Z')
    expect(await names()).toEqual(['web-1-hourly-2026-01-10T10-00Z'])
  })

  it('passes over an instance that does not run, and says why', async () => {
    const { public_id } = await web()
    const { id } = await policy({ hourly: 2, instance_ids: [public_id] })
    await me.post(`/api/instances/${public_id}/stop/`)
    await api.settle()
    await at('2026-01-10T10:00:00Z')
    expect(await names()).toEqual([])
    expect(await status(id)).toMatchObject({
      skip_reason: expect.stringMatching(/must be ACTIVE.*SHUTOFF/),
      skipped_at: '2026-01-10T10:00:00.000Z',
      last_error: null,
      next_run_at: '2026-01-10T11:00:00.000Z',
    })
    expect(await events('snapshot-policy.skipped')).toMatchObject([{ instance: public_id }])
  })

  it('waits a little for an instance that is busy', async () => {
    const { public_id } = await web()
    await policy({ hourly: 2, instance_ids: [public_id] })
    await api.stopRunners()
    clock.set('2026-01-10T10:00:00Z')
    await me.post(`/api/snapshots/`, { instance_id: public_id, name: 'mine' })
    await scheduler.run()
    expect(await names()).toEqual(['mine'])
    api.startRunner()
    await api.settle()
    await at('2026-01-10T10:02:00Z')
    expect(await names()).toEqual(['mine', 'web-1-hourly-2026-01-10T10-00Z'])
  })

  it('that fails says why, keeps the last good one, and removes what failed after the next good one', async () => {
    const { public_id } = await web()
    const { id } = await policy({ hourly: 1, instance_ids: [public_id] })
    await at('2026-01-10T10:00:00Z')
    snapshotsFail = true
    await at('2026-01-10T11:00:00Z')
    snapshotsFail = false
    expect((await snapshots())[0]).toMatchObject({ status: 'ERROR' })
    expect(await status(id)).toMatchObject({
      last_success_at: '2026-01-10T10:00:00.000Z',
      last_error: expect.stringMatching(/no snapshots today/),
      last_error_at: '2026-01-10T11:00:00.000Z',
    })
    expect(await names()).toEqual([
      'web-1-hourly-2026-01-10T10-00Z',
      'web-1-hourly-2026-01-10T11-00Z',
    ])
    await at('2026-01-10T12:00:00Z')
    expect(await names()).toEqual(['web-1-hourly-2026-01-10T12-00Z'])
    expect(await status(id)).toMatchObject({ last_error: null, last_error_at: null })
  })

  it('that fails is tried again in its slot, later each time, until one is good', async () => {
    const { public_id } = await web()
    const { id } = await policy({ daily: 1, offset_minutes: 600, instance_ids: [public_id] })
    snapshotsFail = true
    await at('2026-01-10T10:00:00Z')
    expect((await status(id)).next_run_at).toBe('2026-01-10T10:02:00.000Z')
    await at('2026-01-10T10:02:00Z')
    expect((await status(id)).next_run_at).toBe('2026-01-10T10:06:00.000Z')
    snapshotsFail = false
    await at('2026-01-10T10:06:00Z')
    expect(await snapshots()).toMatchObject([{ status: 'SUCCESS' }])
    expect(await status(id)).toMatchObject({
      last_success_at: '2026-01-10T10:06:00.000Z',
      last_error: null,
      next_run_at: '2026-01-11T10:00:00.000Z',
    })
  })

  it('that fails again and again gives up its slot', async () => {
    const { public_id } = await web()
    const { id } = await policy({ daily: 1, offset_minutes: 600, instance_ids: [public_id] })
    snapshotsFail = true
    await at('2026-01-10T10:00:00Z')
    for (let tries = 1; tries < mostAttempts; tries++) await at((await status(id)).next_run_at)
    expect(await snapshots()).toHaveLength(mostAttempts)
    expect((await status(id)).next_run_at).toBe('2026-01-11T10:00:00.000Z')
  })

  it('goes on beside a snapshot that has its name', async () => {
    const { public_id } = await web()
    await me.post('/api/snapshots/', {
      instance_id: public_id,
      name: 'web-1-hourly-2026-01-10T10-00Z',
    })
    await api.settle()
    await policy({ hourly: 1, instance_ids: [public_id] })
    await at('2026-01-10T10:00:00Z')
    expect(await names()).toEqual([
      'web-1-hourly-2026-01-10T10-00Z',
      'web-1-hourly-2026-01-10T10-00Z.2',
    ])
  })

  it('removes neither what somebody took by hand, nor what is pinned, nor what is being restored', async () => {
    const { public_id } = await web()
    await policy({ hourly: 1, instance_ids: [public_id] })
    await me.post('/api/snapshots/', { instance_id: public_id, name: 'mine' })
    await api.settle()
    await at('2026-01-10T10:00:00Z')
    const pinned = (await snapshots())[0].id
    await me.post(`/api/snapshots/${pinned}/pin/`, { pinned: true })
    await at('2026-01-10T11:00:00Z')
    const restoring = (await snapshots())[0].id
    const gate = Promise.withResolvers<void>()
    disks = gate.promise
    await api.change((tx) => api.services.snapshots.restore(tx, me.caller, restoring, 'again'))
    clock.set('2026-01-10T12:00:00Z')
    await scheduler.run()
    await finished('create-snapshot')
    await scheduler.run()
    expect(await names()).toEqual([
      'mine',
      'web-1-hourly-2026-01-10T10-00Z',
      'web-1-hourly-2026-01-10T11-00Z',
      'web-1-hourly-2026-01-10T12-00Z',
    ])
    gate.resolve()
    await api.settle()
    await at('2026-01-10T12:30:00Z')
    expect(await names()).toEqual([
      'mine',
      'web-1-hourly-2026-01-10T10-00Z',
      'web-1-hourly-2026-01-10T12-00Z',
    ])
  })

  it('lets go of an instance that is deleted, and keeps its snapshots', async () => {
    const { public_id } = await web()
    const { id } = await policy({ hourly: 1, instance_ids: [public_id] })
    await at('2026-01-10T10:00:00Z')
    await me.delete(`/api/instances/${public_id}/`)
    await api.settle()
    await at('2026-01-10T11:00:00Z')
    expect(await status(id)).toBeUndefined()
    expect(await names()).toEqual(['web-1-hourly-2026-01-10T10-00Z'])
    expect(await api.db.selectFrom('snapshot_policy_instances').selectAll().execute()).toEqual([])
  })

  it('leaves an audit row for what it took and removed, without a key', async () => {
    const { public_id } = await web()
    const { id } = await policy({ hourly: 1, instance_ids: [public_id] })
    await at('2026-01-10T10:00:00Z')
    await at('2026-01-10T11:00:00Z')
    const rows = await api.db
      .selectFrom('audit_log')
      .selectAll()
      .where('action', 'in', ['snapshot.create', 'snapshot.delete'])
      .orderBy('id')
      .execute()
    expect(rows).toMatchObject([
      { action: 'snapshot.create', api_key_id: null, detail: { policy: id } },
      { action: 'snapshot.create', api_key_id: null, detail: { policy: id } },
      {
        action: 'snapshot.delete',
        api_key_id: null,
        detail: { policy: id, reason: 'it is not among the 1 newest hourly ones' },
      },
    ])
  })

  it('tells the operator how old the oldest last success is, and who is late', async () => {
    const { public_id } = await web()
    const operator = await api.client('Operator', { role: 'operator' })
    const number = async (name: string) => {
      const { body } = await operator.get('/metrics')
      return Number(new RegExp(`^garrison_snapshot_${name} (.+)$`, 'm').exec(body)?.[1])
    }
    await policy({ hourly: 1, instance_ids: [public_id] })
    await at('2026-01-10T10:00:00Z')
    clock.set('2026-01-10T10:30:00Z')
    expect(await number('policy_age_seconds')).toBe(1800)
    expect(await number('policies_overdue')).toBe(0)
    clock.set('2026-01-10T12:30:00Z')
    expect(await number('policy_age_seconds')).toBe(9000)
    expect(await number('policies_overdue')).toBe(1)
  })
})

describe('a pinned snapshot', () => {
  it('is not deleted by hand either, until it is unpinned', async () => {
    const snapshot = await api.readySnapshot(me.caller, await web())
    const path = `/api/snapshots/${snapshot.public_id}/`
    for (const _ of ['once', 'twice']) {
      expect((await me.post(`${path}pin/`, { pinned: true })).body.snapshot.pinned).toBe(true)
    }
    expectRefusal(await me.delete(path), 409, 'SNAPSHOT_PINNED', /unpin it first/)
    await me.post(`${path}pin/`, { pinned: false })
    await api.stopRunners()
    expect((await me.delete(path)).status).toBe(200)
    expectRefusal(
      await me.post(`${path}pin/`, { pinned: true }),
      400,
      'INVALID_SNAPSHOT_STATE',
      /being deleted/,
    )
    expect(await events('snapshot.pinned')).toHaveLength(1)
  })
})

async function finished(kind: string) {
  const open = await api.db
    .selectFrom('operations')
    .select('id')
    .where('kind', '=', kind)
    .where('finished_at', 'is', null)
    .execute()
  for (const { id } of open) await api.services.operations.wait(id, 5_000)
}

/** Each change of a state is told, in the transaction that makes it, whoever makes it. */
import { eventKinds } from '@garrison/contract/events/kinds'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Api, createApi } from '../testing/api.ts'
import { allowSsh } from '../testing/world.ts'

/** Columns of this name that hold no state that the world follows, and why. */
const untold: Readonly<Record<string, string>> = {
  'accounts.state': 'the part of a country',
  'ai_transactions.status':
    'what came of one answer of the assistant, which whoever asked has heard',
  'credit_orders.state': 'told with its amounts, by what books it',
  'credit_refunds.state': 'told with its amounts, of its order',
  'idempotency_keys.status': 'of an HTTP answer',
  'microvm_executions.status': 'of code that ran, which whoever sent it asks for',
  'webhook_deliveries.status': 'events about the delivery of events would never end',
}

let api: Api
let me: Awaited<ReturnType<Api['client']>>
beforeEach(async () => {
  api = await createApi()
  me = await api.client()
})
afterEach(() => api.close())

const events = (subject: string) =>
  api.db
    .selectFrom('events')
    .selectAll()
    .where('account_id', '=', me.caller.accountId)
    .where((where) =>
      where.or([where('subject_id', '=', subject), where(sql`data ->> 'subject'`, '=', subject)]),
    )
    .orderBy('id')
    .execute()
const kindsOf = async (subject: string) =>
  (await events(subject)).map(({ kind }) => kind).filter((kind) => !kind.startsWith('operation.'))

describe('a column that holds a state', () => {
  it('has a trigger that tells of its changes, or stands in the list of those that need none', async () => {
    const { rows } = await sql<{ name: string; told: boolean }>`
      select c.table_name || '.' || c.column_name as name, exists (
        select from pg_trigger t join pg_proc p on p.oid = t.tgfoid
        where t.tgrelid = c.table_name::regclass and p.proname = 'tell_of_state'
          -- After insert, and after update of this column.
          and t.tgtype & 4 > 0 and t.tgtype & 16 > 0
          and c.ordinal_position = any (t.tgattr::int2[])
      ) as told
      from information_schema.columns c join information_schema.tables using (table_schema, table_name)
      where table_schema = 'public' and table_type = 'BASE TABLE' and column_name in ('status', 'state')
    `.execute(api.db)
    const forgotten = rows.filter(({ name, told }) => told === name in untold)
    expect(forgotten, 'add a trigger (see migration 0020-events), or a line to `untold`').toEqual(
      [],
    )
  })
})

describe('a machine', () => {
  it('is told of from its beginning to its end', async () => {
    const { public_id } = await api.runningInstance(me.caller, 'web-1')
    const path = `/api/instances/${public_id}/`
    for (const verb of ['stop', 'start', 'hibernate']) {
      expect((await me.post(`${path}${verb}/`)).status).toBe(200)
      await api.settle()
    }
    await me.delete(path)
    await api.settle()
    expect(await kindsOf(public_id)).toEqual([
      'instance.creating',
      'instance.build',
      'instance.active',
      'instance.stopping',
      'instance.shutoff',
      'instance.starting',
      'instance.active',
      'instance.hibernating',
      'instance.hibernated',
      'instance.deleting',
      'instance.deleted',
    ])
    const [created, , active] = (await events(public_id)).filter(
      ({ subject_kind }) => subject_kind === 'instance',
    )
    expect(created?.data).toEqual({ status: 'CREATING', name: 'web-1', region: 'LOCAL-1' })
    expect(active?.data).toMatchObject({ status: 'ACTIVE', previous: 'BUILD' })
    const work = (await events(public_id)).filter(({ kind }) => kind.startsWith('operation.'))
    const deployed = work.filter(({ data }) => data.operation === 'deploy-instance')
    expect(deployed.map(({ kind, data }) => [kind, data.step])).toEqual([
      ['operation.pending', undefined],
      ['operation.running', undefined],
      ['operation.progress', 'address'],
      ['operation.progress', 'public-address'],
      ['operation.progress', 'start'],
      ['operation.done', 'start'],
    ])
  })

  it('is not told of when its transaction is taken back', async () => {
    const instance = await api.runningInstance(me.caller)
    const before = await events(instance.public_id)
    await expect(
      api.change(async (tx) => {
        await tx.updateTable('instances').set({ status: 'ERROR' }).execute()
        throw new Error('no')
      }),
    ).rejects.toThrow('no')
    expect(await events(instance.public_id)).toEqual(before)
  })

  it('that failed says why', async () => {
    const { public_id } = await api.runningInstance(me.caller)
    await api.change((tx) =>
      tx.updateTable('instances').set({ status: 'ERROR', error: 'its disk is full' }).execute(),
    )
    const last = (await events(public_id)).at(-1)
    expect(last).toMatchObject({ kind: 'instance.error', data: { reason: 'its disk is full' } })
  })
})

describe('what an account has', () => {
  it('is told of as its kinds say: disks, rules, keys, scripts, people', async () => {
    const { caller } = me
    const instance = await api.runningInstance(caller)
    const snapshot = await api.readySnapshot(caller, instance)
    const image = { snapshot_id: snapshot.public_id, name: 'image' }
    const { id } = (await me.post('/api/custom-images/', image)).body.image
    await api.settle()
    const volume = await api.volume(caller)
    const plug = { instance_id: instance.public_id, volume_ids: [volume.public_id] }
    expect((await me.post('/api/volumes/attach/', plug)).status).toBe(200)
    await api.settle()
    await api.exported(caller, snapshot)
    const firewall = await api.firewall(caller, allowSsh)
    const attach = { instance_ids: [instance.public_id] }
    await me.post(`/api/firewalls/${firewall.public_id}/attach/`, attach)
    await api.settle()
    const policy = (await me.post('/api/snapshot-policies/', { name: 'daily', daily: 1 })).body
    await me.delete(`/api/snapshot-policies/${policy.policy.id}/`)
    const script = await api.startupScript(caller)
    await me.delete(`/api/scripts/${script.public_id}/`)
    await me.delete(`/api/custom-images/${id}/`)
    await api.settle()

    const all = await api.db.selectFrom('events').selectAll().orderBy('id').execute()
    const told = new Set(all.map(({ kind }) => kind))
    for (const kind of [
      ...['snapshot.creating', 'snapshot.success', 'image.creating', 'image.available'],
      ...['image.deleting', 'image.deleted', 'volume.creating', 'volume.available'],
      ...['volume.attaching', 'volume.in-use', 'instance.volumes-attached'],
      ...['snapshot-export.creating', 'snapshot-export.success'],
      ...['firewall.success', 'security-rule.success', 'firewall-attachment.attaching'],
      ...['firewall-attachment.success', 'instance.rules-applied', 'api-key.created'],
      ...['ssh-key.created', 'script.created', 'script.deleted'],
      ...['snapshot-policy.created', 'snapshot-policy.deleted'],
    ])
      expect(told, kind).toContain(kind)
    // The database tells, so nobody else does.
    expect(all.filter(({ kind }) => kind === 'api-key.created')).toHaveLength(1)
    const kinds: Readonly<Record<string, (typeof eventKinds)[keyof typeof eventKinds]>> = eventKinds
    for (const { kind, data, subject_id } of all) {
      expect(kinds, kind).toHaveProperty([kind])
      expect(kinds[kind]?.data.safeParse(data).error?.issues, kind).toBeUndefined()
      expect(subject_id, kind).not.toBe('')
    }
  })
})

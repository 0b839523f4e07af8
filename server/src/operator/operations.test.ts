import { operationRules } from '@garrison/contract/operator/retries'
import { EngineError } from '@garrison/engines/engine'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { operationKinds } from '../operations/kinds.ts'
import { type Api, createApi } from '../testing/api.ts'

const path = '/api/operator/operations/'

let api: Api
let operator: Awaited<ReturnType<Api['client']>>
let client: Awaited<ReturnType<Api['client']>>
/** What the engine does instead of its work; null: its work. */
let instead: ((effect: string) => void | Promise<void>) | null
beforeEach(async () => {
  instead = null
  api = await createApi({ onEffect: async (effect) => instead?.(JSON.stringify(effect)) })
  operator = await api.client('Operator', { role: 'operator' })
  client = await api.client('Owner')
})
afterEach(() => api.close())

const fail = () => {
  throw new EngineError('The disk is full')
}
const list = async (query = '') => (await operator.get(path + query)).body.operations
const look = async (id: string) => (await operator.get(`${path}${id}/`)).body.operation

async function failedDeployment() {
  instead = fail
  const instance = await api.deploy(client.caller)
  await api.settle()
  instead = null
  const [operation] = await list('?state=failed')
  return { instance, operation }
}

it('lists what is under way and what failed, of everybody', async () => {
  const { operation } = await failedDeployment()
  await api.stopRunners()
  const waits = await api.deploy(client.caller)
  const done = await list('?state=done')
  expect(done).toEqual([])
  const all = await list()
  expect(all).toMatchObject([
    {
      state: 'pending',
      subject: { id: waits.public_id },
      account_id: client.caller.accountPublicId,
      region: 'LOCAL-1',
      lease: null,
      why_not_retry: expect.stringContaining('pending'),
      why_not_cancel: null,
    },
    { id: operation.id, state: 'failed', error: 'The disk is full', why_not_retry: null },
  ])
  expect(await list(`?subject=${waits.public_id}&state=open`)).toHaveLength(1)
  expect(await list(`?account=${operator.caller.accountPublicId}`)).toEqual([])
  expect(await list('?kind=stop-instance')).toEqual([])
})

it('shows the journal, and who waits for whom', async () => {
  const instance = await api.runningInstance(client.caller)
  await api.stopRunners()
  const { operation: stop } = await api.change((tx) =>
    api.services.instances.stop(tx, client.caller, instance.public_id),
  )
  const { operation: gone } = (await api.change((tx) =>
    api.services.instances.delete(tx, client.caller, instance.public_id),
  )) as { operation: string }
  expect(await look(stop)).toMatchObject({
    blocks: [{ id: gone, kind: 'delete-instance', account_id: client.caller.accountPublicId }],
    waits_for: [],
    holds: [{ resource: instance.id, exclusive: true }],
  })
  expect(await look(gone)).toMatchObject({ waits_for: [{ id: stop }], blocks: [] })
  expect((await list('?kind=delete-instance'))[0].waits_for).toMatchObject([{ id: stop }])
  const [deployed] = await list('?state=done')
  expect(await look(deployed.id)).toMatchObject({
    steps: [
      { state: 'done', attempts: 1 },
      { state: 'done', attempts: 1 },
      { state: 'done', attempts: 1 },
    ],
  })
})

describe('retry', () => {
  it('makes a machine that could not be made, in its owner’s name', async () => {
    const { instance, operation } = await failedDeployment()
    const { body } = await operator.post(`${path}${operation.id}/retry/`)
    expect(body.begun, JSON.stringify(body)).toMatchObject({ kind: 'reboot-instance' })
    await api.settle()
    expect((await api.instance(client.caller, instance)).status).toBe('ACTIVE')
    const audit = await api.db
      .selectFrom('audit_log')
      .select(['account_id', 'action', 'detail'])
      .where('action', 'in', ['operation.retry', 'instance.reboot'])
      .orderBy('action')
      .execute()
    expect(audit).toMatchObject([
      { account_id: client.caller.accountId },
      {
        account_id: operator.caller.accountId,
        detail: { account: client.caller.accountPublicId, subject: instance.public_id },
      },
    ])
    const again = await operator.post(`${path}${operation.id}/retry/`)
    expect([again.status, again.body.message]).toEqual([400, expect.stringContaining('since')])
  })

  it('deletes what could not be deleted', async () => {
    const instance = await api.runningInstance(client.caller)
    instead = fail
    await api.change((tx) => api.services.instances.delete(tx, client.caller, instance.public_id))
    await api.settle()
    instead = null
    const [operation] = await list('?state=failed')
    expect((await operator.post(`${path}${operation.id}/retry/`)).status).toBe(200)
    await api.settle()
    expect((await api.instance(client.caller, instance)).status).toBe('DELETED')
  })

  it('says when it is not safe, and why', async () => {
    const instance = await api.runningInstance(client.caller)
    instead = fail
    await api.change((tx) =>
      api.services.snapshots.create(tx, client.caller, {
        instance_id: instance.public_id,
        name: 'lost',
      }),
    )
    await api.settle()
    const [operation] = await list('?state=failed')
    expect(operation.why_not_retry).toContain('moment')
    const reply = await operator.post(`${path}${operation.id}/retry/`)
    expect([reply.status, reply.body.message]).toEqual([400, operation.why_not_retry])
    const [done] = await list('?state=done')
    expect((await operator.post(`${path}${done.id}/retry/`)).status).toBe(400)
  })

  it('has a rule for every kind of operation, and a way for each that it allows', () => {
    expect(Object.keys(operationRules).sort()).toEqual([...operationKinds.keys()].sort())
    const allowed = Object.keys(operationRules).filter(
      (kind) => operationRules[kind]?.whyNotRetry === null,
    )
    expect([...api.services.retrying.kinds].sort()).toEqual(allowed.sort())
  })
})

describe('cancel', () => {
  it('undoes what runs, and leaves what it was about in ERROR with the reason', async () => {
    const begun = Promise.withResolvers<void>()
    const never = Promise.withResolvers<void>()
    instead = () => {
      begun.resolve()
      return never.promise
    }
    const instance = await api.deploy(client.caller)
    api.startRunner()
    await begun.promise
    const [operation] = await list('?state=open')
    expect(operation).toMatchObject({ state: 'running', lease: { expired: false } })
    const reply = await operator.post(`${path}${operation.id}/cancel/`, { reason: 'Repairs' })
    expect(reply.body.operation).toMatchObject({ cancel_requested: true })
    instead = null
    never.resolve()
    await api.settle()
    expect(await look(operation.id)).toMatchObject({
      state: 'cancelled',
      why_not_cancel: expect.stringContaining('cancelled'),
    })
    expect(await api.instance(client.caller, instance)).toMatchObject({
      status: 'ERROR',
      error: 'Cancelled by the operator: Repairs',
    })
  })

  it('ends what has not begun, and frees what waited for it', async () => {
    const instance = await api.runningInstance(client.caller)
    await api.stopRunners()
    const { operation } = await api.change((tx) =>
      api.services.instances.stop(tx, client.caller, instance.public_id),
    )
    await operator.post(`${path}${operation}/cancel/`, {})
    await api.settle()
    expect(await look(operation)).toMatchObject({ state: 'cancelled', holds: [] })
    expect((await api.instance(client.caller, instance)).status).toBe('ERROR')
  })

  it('gives way to a deletion, which says what is to become of the machine', async () => {
    const instance = await api.runningInstance(client.caller)
    await api.stopRunners()
    const { operation } = await api.change((tx) =>
      api.services.instances.stop(tx, client.caller, instance.public_id),
    )
    await operator.post(`${path}${operation}/cancel/`, {})
    await api.change((tx) => api.services.instances.delete(tx, client.caller, instance.public_id))
    await api.settle()
    expect((await api.instance(client.caller, instance)).status).toBe('DELETED')
    expect(
      await api.db.selectFrom('events').selectAll().where('kind', '=', 'instance.error').execute(),
    ).toEqual([])
  })

  it('refuses a deletion, what has ended, and what is not there', async () => {
    const instance = await api.runningInstance(client.caller)
    await api.stopRunners()
    await api.change((tx) => api.services.instances.delete(tx, client.caller, instance.public_id))
    const [gone] = await list('?state=open')
    const [done] = await list('?state=done')
    for (const { id } of [gone, done]) {
      expect((await operator.post(`${path}${id}/cancel/`, {})).status).toBe(400)
    }
    expect((await operator.post(`${path}nothing/cancel/`, {})).status).toBe(404)
  })
})

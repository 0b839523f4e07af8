/** What happens to microVMs by themselves: their time is over, they die, nothing pays for them. */
import { sql } from 'kysely'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { ManualClock } from '../clock.testing.ts'
import { loadConfig } from '../config.ts'
import { newUuid } from '../ids.ts'
import { nextFence } from '../operations/store.ts'
import { type Api, createApi } from '../testing/api.ts'
import { testRegion } from '../testing/world.ts'
import { createMicrovmOrders } from './standing-orders.ts'

let clock: ManualClock
let api: Api
let me: Awaited<ReturnType<Api['client']>>
let orders: ReturnType<typeof createMicrovmOrders>

async function open(config: Parameters<typeof createApi>[0] = {}) {
  clock = new ManualClock()
  api = await createApi({ clock, ...config })
  api.startRunner()
  me = await api.client()
  orders = createMicrovmOrders(api)
}
beforeEach(() => open())
afterEach(() => api.close())

const engine = () => {
  const { microvms } = api.regions.engine(testRegion)
  if (microvms === undefined) throw new Error('no microVMs')
  return microvms
}
const vm = async (id: string) => (await me.get(`/v1/vms/${id}`)).body
const order = async () => ({ operation: newUuid(), fence: await nextFence(api.db) })

it('one whose time is over ends, also when the server was away then, and not before', async () => {
  const { body: short } = await me.post('/v1/vms', { vm_lifetime_seconds: 20 })
  const { body: long } = await me.post('/v1/vms', { vm_lifetime_seconds: 20 })
  await me.patch(`/v1/vms/${long.vm_id}`, { vm_lifetime_seconds: 604_800 })
  await clock.advance(19_000)
  await orders.endOverdue()
  expect((await vm(short.vm_id)).status).toBe('running')
  await clock.advance(3_600_000)
  await orders.endOverdue()
  await api.settle()
  expect(await vm(short.vm_id)).toMatchObject({
    status: 'terminated',
    message: 'Its lifetime is over',
  })
  expect(await vm(long.vm_id)).toMatchObject({ status: 'running' })
  expect((await engine().microvmHoldings()).microvms).toHaveLength(1)
})

it('one leaves a snapshot behind where that was asked for, and a session goes on with a new machine', async () => {
  const { body } = await me.post('/v1/vms', {
    ...{ vm_lifetime_seconds: 20, snapshot_on_terminate: true, snapshot_name: 'last' },
  })
  await clock.advance(20_000)
  await orders.endOverdue()
  await api.settle()
  const { body: snapshots } = await me.get('/v1/snapshots?type=user')
  expect(snapshots).toMatchObject([
    { name: 'last', status: 'ready', source_vm_id: body.vm_id, snapshot_type: 'vm' },
  ])
  const { session_id } = body
  const again = await me.post('/execute', { session_id, command: 'echo x', language: 'bash' })
  expect(again).toMatchObject({ status: 200, body: { stdout: 'x\n' } })
  expect(again.body.vm_id).not.toBe(body.vm_id)
})

it('one ends without its snapshot where the account may have no more of them, and says so', async () => {
  await api.close()
  const { microvms: usual } = loadConfig({ env: {}, dataDir: '/nowhere' })
  await open({ config: { microvms: { ...usual, snapshots_per_account: 1 } } })
  const ended = async () => {
    const { body } = await me.post('/v1/vms', { snapshot_on_terminate: true })
    expect((await me.delete(`/v1/vms/${body.vm_id}`)).status).toBe(200)
    return vm(body.vm_id)
  }
  expect(await ended()).toMatchObject({ status: 'terminated', message: 'It was deleted' })
  expect(await ended()).toMatchObject({
    status: 'terminated',
    message: expect.stringMatching(
      /^It was deleted; no snapshot was taken: .* at most 1 snapshots/,
    ),
  })
  expect((await me.get('/v1/snapshots?type=user')).body).toHaveLength(1)
})

it('those that cannot be ended keep nobody else from ending', async () => {
  await me.post('/v1/vms', { vm_lifetime_seconds: 20 })
  const { id, ...row } = await api.db.selectFrom('microvms').selectAll().executeTakeFirstOrThrow()
  const broken = await api.client('Broken')
  const ends_at = new Date(clock.now().getTime() - 1_000)
  const many = Array.from({ length: 150 }, (_, n) => ({
    ...{ ...row, id: newUuid(), public_id: `vm_broken${n}`, account_id: broken.caller.accountId },
    ...{ ends_at, metadata: JSON.stringify({}), egress: null, env: null },
  }))
  await api.db.insertInto('microvms').values(many).execute()
  const { accounts } = api.services
  const real = accounts.onBehalfOf
  const asked = vi.spyOn(accounts, 'onBehalfOf').mockImplementation((tx, accountId) => {
    if (accountId === broken.caller.accountId) throw new Error('broken')
    return real(tx, accountId)
  })
  await clock.advance(20_000)
  await orders.endOverdue()
  expect(asked).toHaveBeenCalledTimes(151)
  asked.mockRestore()
  const ended = await api.db.selectFrom('microvms').select('status').where('id', '=', id).execute()
  expect(ended[0]?.status).not.toBe('running')
})

it('one that is gone from its host is found, and its reason told', async () => {
  const { body } = await me.post('/v1/vms', {})
  const [held] = (await engine().microvmHoldings()).microvms
  await engine().ensureMicrovmGone(String(held?.id), await order())
  await orders.reconcile()
  await api.settle()
  expect(await vm(body.vm_id)).toMatchObject({
    status: 'terminated',
    message: 'It is gone from its host',
  })
})

it('what belongs to nobody is removed, once it is certain', async () => {
  const { body } = await me.post('/v1/vms', {})
  await api.db
    .updateTable('microvms')
    .set({ status: 'terminated', ended_at: clock.now() })
    .execute()
  await orders.reconcile()
  expect((await engine().microvmHoldings()).microvms).toHaveLength(1)
  await clock.advance(10 * 60_000)
  await orders.reconcile()
  expect((await engine().microvmHoldings()).microvms).toHaveLength(0)
  expect(body.vm_id).toMatch(/^vm_/)
})

it('the base is made anew when it is gone', async () => {
  await me.post('/v1/vms', {})
  const [base] = (await engine().microvmHoldings()).snapshots
  await engine().ensureMicrovmSnapshotGone(String(base), await order())
  await orders.reconcile()
  expect((await me.get('/v1/snapshots')).body).toEqual([])
  expect((await me.post('/v1/vms', {})).body.status).toBe('running')
})

it('what ran when the server died is lost, and says so', async () => {
  const { body } = await me.post('/execute_async', { command: 'echo x', language: 'bash' })
  await api.services.executions.idle()
  await api.db
    .updateTable('microvm_executions')
    .set({ status: 'running', finished_at: null, stdout: null, exit_code: null })
    .execute()
  await api.services.executions.giveUpRunning([testRegion])
  const lost = await me.get(`/v1/executions/${body.task_id}`)
  expect(lost.body).toMatchObject({ status: 'lost', is_complete: true, error: expect.any(String) })
})

it('of what was printed, the newest is kept of each account, and the rest says that it was cut', async () => {
  const { body: one } = await me.post('/execute_async', { command: 'echo x', language: 'bash' })
  await api.services.executions.idle()
  const row = await api.db.selectFrom('microvm_executions').selectAll().executeTakeFirstOrThrow()
  const stdout = sql<Buffer>`convert_to(repeat('x', 67108864), 'utf8')`
  const copies = [1, 2, 3, 4].map((minute) => ({
    ...{ ...row, id: newUuid(), public_id: `task_copy${minute}`, stdout },
    finished_at: new Date(clock.now().getTime() + minute * 60_000),
  }))
  for (const copy of copies) await api.db.insertInto('microvm_executions').values(copy).execute()
  await orders.tidy()
  const read = async (id: string) => (await me.get(`/v1/executions/${id}`)).body
  expect(await read(one.task_id)).toMatchObject({ truncated: true, serialized_stdout: null })
  const kept = await api.db
    .selectFrom('microvm_executions')
    .select('public_id')
    .where('stdout', 'is not', null)
    .orderBy('finished_at')
    .execute()
  expect(kept.map(({ public_id }) => public_id)).toEqual(copies.map((copy) => copy.public_id))
})

it('a second costs what the configuration says, and what nothing pays for is suspended', async () => {
  await api.close()
  await open({ config: { billing: { mode: 'prepaid', currency: 'USD' } } })
  const { accountId, currency } = me.caller
  expect((await me.post('/v1/vms', {})).status).toBe(402)
  await api.change((tx) =>
    api.services.billing.grant(tx, {
      accountId,
      currency,
      micros: 50_000,
      description: 'Five cents',
    }),
  )
  const wanted = { vcpu_count: 2, memory_mb: 1024, vm_lifetime_seconds: 604_800 }
  const { body } = await me.post('/v1/vms', wanted)
  await clock.advance(90_000)
  await api.charge()
  const { body: usage } = await me.get(`/v1/sessions/usage/${body.session_id}`)
  // 2 vCPUs at 0.000014 and 1 GB at 0.0000045, each second.
  expect(usage).toMatchObject({ vm_seconds: 90, vcpu_seconds: 180, gb_seconds: 90, cost: 0.002925 })
  const left = async () => (await api.services.billing.balances(api.db, me.caller)).USD
  expect(await left()).toBe(50_000 - 2_925)
  await clock.advance(3_600_000)
  await api.charge()
  await api.settle()
  expect(await vm(body.vm_id)).toMatchObject({ status: 'suspended' })
  expect(await me.post(`/v1/vms/${body.vm_id}/resume`)).toMatchObject({ status: 402 })
})

it('one of an account that is suspended with its machines stopped is suspended, with its memory kept', async () => {
  const { body } = await me.post('/v1/vms', {})
  const operator = await api.client('Operator', { role: 'operator' })
  const reply = await operator.patch(`/api/operator/accounts/${me.caller.accountPublicId}/`, {
    ...{ suspended: true, reason: 'Abuse', stop: true },
  })
  expect(reply.status, JSON.stringify(reply.body)).toBe(200)
  await api.settle()
  const [row] = await api.db.selectFrom('microvms').select('status').execute()
  expect(row?.status).toBe('suspended')
  expect(body.status).toBe('running')
})

it('an account has no more at once than the configuration says, however many are asked for', async () => {
  await api.close()
  const { microvms: usual } = loadConfig({ env: {}, dataDir: '/nowhere' })
  const microvms = { ...usual, vms_per_account: 3 }
  await open({ config: { microvms } })
  const asked = Array.from({ length: 10 }, () => me.post('/v1/vms', { memory_mb: 128 }))
  const statuses = (await Promise.all(asked)).map(({ status }) => status)
  expect(statuses.toSorted()).toEqual([...Array(3).fill(200), ...Array(7).fill(429)])
})

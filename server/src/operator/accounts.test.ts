import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Api, createApi } from '../testing/api.ts'
import { testImage, testRegion } from '../testing/world.ts'

let api: Api
let operator: Awaited<ReturnType<Api['client']>>
let client: Awaited<ReturnType<Api['client']>>
let path: string
beforeEach(async () => {
  api = await createApi()
  operator = await api.client('Operator', { role: 'operator' })
  client = await api.client('Acme')
  path = `/api/operator/accounts/${client.caller.accountPublicId}/`
})
afterEach(() => api.close())

const change = async (body: object) => {
  const reply = await operator.patch(path, body)
  expect(reply.status, JSON.stringify(reply.body)).toBe(200)
  return reply.body
}
const audited = (action: string) =>
  api.db
    .selectFrom('audit_log')
    .selectAll()
    .where('action', '=', action)
    .where('account_id', '=', operator.caller.accountId)
    .execute()

it('shows what an account has, spends and may have', async () => {
  await api.runningInstance(client.caller)
  await operator.post(`${path}credits/`, { amount: 2, reference: 'r' })
  await api.services.accounts.flushKeyUse(api.db)
  const { body } = await operator.get(path)
  expect(body.account).toMatchObject({
    id: client.caller.accountPublicId,
    name: 'Acme',
    balance: 2,
    burn_rate: 0.01,
    hours_left: null,
    billing_mode: 'off',
    stage: 'ok',
    suspended: null,
    limits: { max_instances: null },
    counts: { instances: 1, running: 1, vcpus: 1, memory_gb: 1, snapshots: 0, api_keys: 1 },
    people: [],
  })
  expect(body.account.last_activity_at).not.toBe(null)
})

it('finds accounts by name and id, by pages, the youngest first', async () => {
  const names = async (query: string) => {
    const { body } = await operator.get(`/api/operator/accounts/${query}`)
    return [
      body.pagination.total_count,
      ...body.accounts.map((each: { name: string }) => each.name),
    ]
  }
  expect(await names('')).toEqual([2, 'Acme', 'Operator'])
  expect(await names('?page_size=1&page=2')).toEqual([2, 'Operator'])
  expect(await names('?search=aCM')).toEqual([1, 'Acme'])
  expect(await names(`?search=${client.caller.accountPublicId}`)).toEqual([1, 'Acme'])
  await change({ suspended: true, reason: 'Unpaid' })
  expect(await names('?suspended=true')).toEqual([1, 'Acme'])
  expect(await names('?suspended=false')).toEqual([1, 'Operator'])
})

describe('limits', () => {
  const deploy = async (more: object = {}) => {
    const key = await api.sshKey(client.caller)
    return client.post('/api/deploy/', {
      vm_name: `vm-${Math.random().toString(36).slice(2)}`,
      region: testRegion,
      flavor: 'cpu-small',
      os_image: testImage,
      ssh_key_ids: [key.public_id],
      ...more,
    })
  }
  const refused = async (reply: ReturnType<typeof deploy>) => {
    const { status, body } = await reply
    expect([status, body.error_code], body.message).toEqual([403, 'LIMIT_EXCEEDED'])
    return body.message as string
  }

  it.each([
    ['max_instances', 1, 'cpu-small'],
    ['max_vcpus', 3, 'cpu-medium'],
    ['max_memory_gb', 5, 'cpu-medium'],
  ])('of %s hold before anything happens', async (limit, most, flavor) => {
    await change({ limits: { [limit]: most } })
    expect((await deploy({ flavor })).status).toBe(200)
    const before = await api.db.selectFrom('instances').select('id').execute()
    expect(await refused(deploy({ flavor }))).toContain(`may have ${most} `)
    expect(await api.db.selectFrom('instances').select('id').execute()).toEqual(before)
    await change({ limits: { [limit]: null } })
    expect((await deploy({ flavor })).status).toBe(200)
  })

  it('of snapshots and of volumes, also when one grows', async () => {
    const { public_id } = await api.runningInstance(client.caller)
    await change({ limits: { max_snapshots: 1, max_volume_gb: 15 } })
    await api.readySnapshot(client.caller, { public_id })
    await refused(client.post('/api/snapshots/', { instance_id: public_id, name: 'second' }))
    const volume = await api.volume(client.caller, { sizeGb: 10 })
    await refused(client.post('/api/volumes/', { name: 'v', region: testRegion, size_gb: 6 }))
    const resize = `/api/volumes/${volume.public_id}/resize/`
    await refused(client.post(resize, { size_gb: 16 }))
    expect((await client.post(resize, { size_gb: 15 })).status).toBe(200)
  })

  it('are of one account, and no two requests pass together', async () => {
    await change({ limits: { max_instances: 2 } })
    const replies = await Promise.all(Array.from({ length: 5 }, () => deploy()))
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(2)
    expect(await api.deploy(operator.caller)).toBeDefined()
    expect(await audited('account.limit')).toMatchObject([
      {
        subject_id: client.caller.accountPublicId,
        before: { max_instances: null },
        after: { max_instances: 2 },
      },
    ])
  })
})

describe('a suspended account', () => {
  it('is refused with the reason, from the next request on, until it goes on', async () => {
    const instance = await api.runningInstance(client.caller)
    await change({ suspended: true, reason: 'Unpaid bills.' })
    for (const send of [client.get, client.post]) {
      const { status, body } = await send('/api/instances/')
      expect([status, body.error_code]).toEqual([403, 'ACCOUNT_SUSPENDED'])
      expect(body.message).toContain('suspended: Unpaid bills.')
    }
    await api.settle()
    expect((await api.instance(client.caller, instance)).status).toBe('ACTIVE')
    // What was arranged before comes due: nothing new is made for it.
    await expect(api.deploy(client.caller)).rejects.toMatchObject({ code: 'ACCOUNT_SUSPENDED' })
    expect((await operator.get('/api/instances/')).status).toBe(200)
    expect((await change({ suspended: false })).account.suspended).toBe(null)
    expect((await client.get('/api/instances/')).status).toBe(200)
    const kinds = await api.db
      .selectFrom('events')
      .select('kind')
      .where('subject_kind', '=', 'account')
      .where('account_id', '=', client.caller.accountId)
      .orderBy('id')
      .execute()
    expect(kinds.map(({ kind }) => kind)).toEqual(['account.suspended', 'account.resumed'])
    expect(await audited('account.suspend')).toMatchObject([
      { detail: { account: client.caller.accountPublicId, reason: 'Unpaid bills.' } },
    ])
    expect(await audited('account.resume')).toHaveLength(1)
  })

  it('has its machines stopped only when that is asked for', async () => {
    const runs = await api.runningInstance(client.caller)
    const body = await change({ suspended: true, reason: 'Abuse', stop: true })
    expect(body).toMatchObject({ stopped: [runs.public_id], not_stopped: [] })
    await api.settle()
    expect((await api.instance(client.caller, runs)).status).toBe('SHUTOFF')
  })

  it('is known to a process that did not hear of it', async () => {
    await change({ suspended: true, reason: 'Unpaid' })
    const { createAccountService } = await import('../accounts/service.ts')
    const other = createAccountService({ clock: api.clock })
    await other.suspensions.refresh(api.db)
    expect(() => other.suspensions.requireActive(client.caller)).toThrow('Unpaid')
    expect(() => other.suspensions.requireActive(operator.caller)).not.toThrow()
  })
})

describe('credits', () => {
  const grant = (body: object) => operator.post(`${path}credits/`, body)

  it('are given once for a reference', async () => {
    const wanted = { amount: 12.5, reference: 'welcome' }
    expect((await grant(wanted)).body).toMatchObject({ granted: true, balance: 12.5 })
    expect((await grant(wanted)).body).toMatchObject({ granted: false, balance: 12.5 })
    const other = await grant({ ...wanted, amount: 13 })
    expect([other.status, other.body.error_code]).toEqual([422, 'IDEMPOTENCY_KEY_REUSED'])
    expect((await client.get('/api/balance/')).body.balance.amount).toBe(12.5)
    expect(await audited('credits.grant')).toMatchObject([
      {
        detail: { amount: 12.5, currency: 'USD', reference: 'welcome' },
        ...{ before: { balance: 0 }, after: { balance: 12.5 } },
      },
    ])
  })
})

describe('is refused', () => {
  it.each([
    [{ suspended: true }, 'reason'],
    [{ suspended: false, stop: true }, 'stop'],
    [{ limits: { max_instances: -1 } }, 'limits.max_instances'],
    [{ limits: { max_things: 1 } }, 'limits'],
    [{}, 'non_field_errors'],
  ])('%j', async (body, field) => {
    const reply = await operator.patch(path, body)
    expect([reply.status, Object.keys(reply.body.errors)]).toEqual([400, [field]])
  })

  it('to suspend oneself, to take credits back, and an account that is not there', async () => {
    const own = `/api/operator/accounts/${operator.caller.accountPublicId}/`
    const reply = await operator.patch(own, { suspended: true, reason: 'Holidays' })
    expect(reply.status).toBe(400)
    expect((await operator.get(own)).status).toBe(200)
    const less = await operator.post(`${path}credits/`, { amount: -1, reference: 'back' })
    expect(less.status).toBe(400)
    expect((await operator.get('/api/operator/accounts/BRK-000000U/')).status).toBe(404)
  })
})

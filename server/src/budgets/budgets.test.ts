import { afterEach, describe, expect, it } from 'vitest'
import type { Caller } from '../caller.ts'
import { type PrepaidWorld, prepaidWorld } from '../depletion/testing.ts'
import { type Api, createApi } from '../testing/api.ts'

let site: PrepaidWorld
let me: Awaited<ReturnType<PrepaidWorld['world']['account']>>
let api: Api | undefined
afterEach(async () => {
  await site?.world.close()
  await api?.close()
  api = undefined
})

/** cpu-small costs 0.01 an hour. */
async function begin(start = '2026-01-10T00:00:00Z') {
  site = await prepaidWorld({ start })
  me = await site.world.account()
  await site.setEmail(me, 'me@example.org')
  await site.give(me, 100)
}

const cap = (caller: Caller, amount: number | null) =>
  site.world.change((tx) =>
    site.world.services.budgets.setOfAccount(tx, caller, amount && Math.round(amount * 1e6)),
  )
const hour = 60

/** Somebody who asks with a key of theirs. */
async function withKey(caller: Caller, name: string) {
  const { services, change } = site.world
  const { key } = await change((tx) =>
    services.accounts.createKey(tx, caller.accountId, { name }, caller),
  )
  return { ...me, keyId: key.id, keyName: name }
}

describe('the budget of an account', () => {
  it('is told of at 50, 80 and 100 percent, each once, and then hibernates what runs', async () => {
    await begin()
    const { world } = site
    await world.runningInstance(me)
    await cap(me, 0.1)
    for (const hours of [4, 1, 1, 2, 1]) await site.pass(hours * hour)
    expect(await site.statuses(me)).toEqual(['ACTIVE'])
    await site.pass(hour)
    await world.settle()
    expect(await site.statuses(me)).toEqual(['HIBERNATED'])
    expect(await site.events(me)).toEqual([
      ...['budget.changed', 'budget.warning', 'budget.warning', 'budget.reached'],
    ])
    const subjects = (await site.mails(me)).map(({ subject }) => subject)
    expect(subjects).toEqual([
      '50 % of your monthly budget are used',
      '80 % of your monthly budget are used',
      'All of your monthly budget is used; instances are being hibernated',
    ])
  })

  it('refuses what is new once it is reached, and says cap, used and the end of the month', async () => {
    await begin()
    const { world } = site
    const machine = await world.runningInstance(me)
    await cap(me, 0.1)
    await site.pass(11 * hour)
    await world.settle()
    const refused = {
      code: 'BUDGET_REACHED',
      message:
        'The monthly budget of $0.10 is used up: $0.11 were used; raise it, or wait until the month ends at 2026-02-01T00:00:00.000Z',
    }
    await expect(world.deploy(me)).rejects.toMatchObject(refused)
    const restore = () =>
      world.change((tx) => world.services.hibernation.restore(tx, me, machine.public_id, {}))
    await expect(restore()).rejects.toMatchObject(refused)
    await cap(me, 5)
    await restore()
    await world.settle()
    await site.pass(1)
    expect(await site.statuses(me)).toEqual(['ACTIVE'])
  })

  it('begins anew with the month, and starts nothing', async () => {
    await begin('2026-01-31T12:00:00Z')
    const { world } = site
    await world.runningInstance(me)
    await cap(me, 0.05)
    await site.pass(6 * hour)
    await world.settle()
    await site.pass(7 * hour)
    expect(await site.statuses(me)).toEqual(['HIBERNATED'])
    const status = await world.services.budgets.ofAccount(world.db, me)
    expect(status).toMatchObject({ month: { first: '2026-02-01' }, reachedAt: null })
    await world.deploy(me)
  })

  it('is not reached by what others use', async () => {
    await begin()
    const other = await site.world.account('Other')
    await site.give(other, 100)
    await site.world.runningInstance(other)
    await site.world.runningInstance(me)
    await cap(me, 0.1)
    await site.pass(9 * hour)
    await site.world.settle()
    expect(await site.statuses(me)).toEqual(['ACTIVE'])
    const status = await site.world.services.budgets.ofAccount(site.world.db, me)
    expect(status).toMatchObject({ usedMicros: 90_000, burnMicros: 10_000 })
  })

  it('counts day by day what the ledger has', async () => {
    await begin('2026-01-10T22:00:00Z')
    await site.world.runningInstance(me)
    for (let hours = 0; hours < 30; hours++) await site.pass(hour)
    const { days, usedMicros } = await site.world.services.budgets.ofAccount(site.world.db, me)
    expect(days).toEqual([
      { day: '2026-01-10', micros: 10_000 },
      { day: '2026-01-11', micros: 240_000 },
      { day: '2026-01-12', micros: 50_000 },
    ])
    expect(usedMicros).toBe(100e6 - (await site.balance(me)))
  })
})

describe('the budget of an API key', () => {
  it('hibernates what the key made, and nothing else', async () => {
    await begin()
    const { world } = site
    const [script, other] = [await withKey(me, 'script'), await withKey(me, 'other')]
    const bounded = await world.runningInstance(script, 'bounded')
    await world.runningInstance(other, 'free')
    await world.change((tx) => world.services.budgets.setOfKey(tx, me, script.keyId, 50_000))
    await site.pass(6 * hour)
    await world.settle()
    expect(await site.statuses(me)).toEqual(['HIBERNATED', 'ACTIVE'])
    const refused = {
      code: 'BUDGET_REACHED',
      message: expect.stringContaining('The monthly budget of the API key "script" of $0.05'),
    }
    await expect(world.deploy(script)).rejects.toMatchObject(refused)
    // Nobody starts it in its stead.
    await expect(
      world.change((tx) => world.services.hibernation.restore(tx, other, bounded.public_id, {})),
    ).rejects.toMatchObject(refused)
    await world.deploy(other)
    const { status } = await world.services.budgets.ofKey(world.db, me, script.keyId)
    expect(status).toMatchObject({ usedMicros: 60_000, reachedAt: expect.any(Date) })
  })

  it('bears snapshots and volumes of the key too', async () => {
    await begin()
    const { world } = site
    const script = await withKey(me, 'script')
    const machine = await world.runningInstance(me)
    await world.readySnapshot(script, machine)
    await world.volume(script)
    await site.pass(10 * hour)
    const { status } = await world.services.budgets.ofKey(world.db, me, script.keyId)
    // 10 GB of a snapshot at 0.1 for 100 GB, and of a volume at 0.1 for 1000 GB.
    expect(status.usedMicros).toBe(10 * (10_000 + 1_000))
  })

  it('goes with the key when that is revoked', async () => {
    await begin()
    const { world } = site
    const script = await withKey(me, 'script')
    await world.runningInstance(script)
    await world.change((tx) => world.services.budgets.setOfKey(tx, me, script.keyId, 10_000))
    await world.change((tx) =>
      world.services.accounts.revokeKey(tx, me.accountId, { id: script.keyId }, me),
    )
    await site.pass(5 * hour)
    await world.settle()
    expect(await site.statuses(me)).toEqual(['ACTIVE'])
  })
})

describe('over the API', () => {
  const prepaid = { billing: { mode: 'prepaid', currency: 'USD' } } as const

  it('is set by owners, shown to all, and audited with what was there before', async () => {
    api = await createApi({ config: prepaid })
    const owner = await api.client()
    expect((await owner.get('/api/account/budget/')).body.budget).toMatchObject({
      ...{ monthly_cap: null, remaining: null, used_percent: null, used: 0, reached: false },
      warning_thresholds: [50, 80, 100],
    })
    const put = (amount: unknown) => owner.put('/api/account/budget/', { monthly_cap: amount })
    expect((await put(200)).body.budget).toMatchObject({ monthly_cap: 200, remaining: 200 })
    for (const wrong of [0, -1, 0.001, 1e12, '200', undefined]) {
      expect(await put(wrong), String(wrong)).toMatchObject({
        status: 400,
        body: { error_code: 'VALIDATION_ERROR' },
      })
    }
    const audit = await api.db
      .selectFrom('audit_log')
      .select(['before', 'after'])
      .where('action', '=', 'budget.change')
      .execute()
    expect(audit).toEqual([
      {
        before: { monthly_cap: null, currency: 'USD' },
        after: { monthly_cap: 200, currency: 'USD' },
      },
    ])
    const { caller } = owner
    const { budgets } = api.services
    await expect(
      api.change((tx) => budgets.setOfAccount(tx, { ...caller, role: 'member' }, null)),
    ).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  })

  it('is refused in words where nothing is charged', async () => {
    api = await createApi({})
    const owner = await api.client()
    const refused = await owner.put('/api/account/budget/', { monthly_cap: 5 })
    expect(refused).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('Nothing is charged') },
    })
  })

  it("does not show a stranger's key", async () => {
    api = await createApi({ config: prepaid })
    const [owner, stranger] = [await api.client('Owner'), await api.client('Stranger')]
    const { api_keys } = (await owner.get('/api/account/api-keys/')).body
    const path = `/api/account/api-keys/${api_keys[0].id}/budget/`
    expect((await owner.get(path)).status).toBe(200)
    expect((await stranger.get(path)).status).toBe(404)
    expect((await stranger.put(path, { monthly_cap: 1 })).status).toBe(404)
  })
})

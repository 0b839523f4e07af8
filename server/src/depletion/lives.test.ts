/**
 * Random lives of machines with credits that end and come, budgets, a clock that jumps, and rounds that
 * come late: what records, ledger and days say is what states and prices say, whatever happens.
 */
import fc from 'fast-check'
import { sql } from 'kysely'
import { afterEach, expect, it } from 'vitest'
import { insertInstance, instanceRow, setStatus } from '../billing/testing.ts'
import type { Caller } from '../caller.ts'
import { type PrepaidWorld, prepaidWorld } from './testing.ts'

let site: PrepaidWorld
afterEach(() => site.world.close())

const minuteMs = 60_000
const hibernationMicros = 10_000

type Stretch = {
  rate: number
  since: number
  end: number | null
  minutes: number
  settled: boolean
}

/** What one machine should cost, worked out from nothing but its states and when they changed. */
class Life {
  readonly stretches: Stretch[] = []
  status = 'CREATING'
  readonly id: string
  readonly #rate: number
  constructor(id: string, rate: number) {
    this.id = id
    this.#rate = rate
  }

  enter(status: string, now: number) {
    if (status === this.status) return
    this.status = status
    const open = this.stretches.find((each) => each.end === null)
    if (open !== undefined) open.end = Math.max(open.since, now)
    const rate =
      status === 'ACTIVE' || status === 'SHUTOFF'
        ? this.#rate
        : status === 'HIBERNATED'
          ? Math.min(hibernationMicros, Math.round(this.#rate * 0.05))
          : null
    if (rate !== null)
      this.stretches.push({ rate, since: now, end: null, minutes: 0, settled: false })
  }

  meter(now: number) {
    for (const each of this.stretches.filter(({ settled }) => !settled)) {
      const whole = Math.floor(((each.end ?? now) - each.since) / minuteMs)
      each.minutes = Math.max(each.minutes, whole)
      each.settled = each.end !== null
    }
  }

  get cost() {
    return this.stretches.reduce(
      (sum, { rate, minutes }) => sum + Math.round((rate * minutes) / 60),
      0,
    )
  }
}

const machines = 3
const event = fc.oneof(
  fc.record({
    what: fc.constant('status' as const),
    machine: fc.nat(machines - 1),
    status: fc.constantFrom('ACTIVE' as const, 'SHUTOFF' as const, 'STOPPING' as const),
  }),
  fc.record({ what: fc.constant('round' as const) }),
  fc.record({
    what: fc.constant('credits' as const),
    micros: fc.integer({ min: 1, max: 40_000_000 }),
  }),
  fc.record({
    what: fc.constant('cap' as const),
    micros: fc.option(fc.integer({ min: 1, max: 20_000_000 })),
  }),
  fc.record({ what: fc.constant('back' as const), seconds: fc.integer({ min: 1, max: 4_000 }) }),
)
const life = fc.array(fc.record({ seconds: fc.integer({ min: 0, max: 9_000 }), event }), {
  minLength: 4,
  maxLength: 14,
})

it('adds up to the micro-unit over any life, and ends within a round of its credits', async () => {
  site = await prepaidWorld()
  const { world, clock } = site
  const rates = fc.array(fc.integer({ min: 0, max: 30_000_000 }), {
    minLength: machines,
    maxLength: machines,
  })
  const credits = fc.integer({ min: 1, max: 30_000_000 })
  await fc.assert(
    fc.asyncProperty(life, rates, credits, async (steps, hourly, first) => {
      const me = await world.account()
      const lives = await Promise.all(
        hourly.map(async (rate) => {
          const row = instanceRow(me.accountId, clock.now(), { hourly_rate_micros: rate })
          return new Life((await insertInstance(world.db, row)).id, rate)
        }),
      )
      let given = 0
      const give = async (micros: number) => {
        given += micros
        await site.give(me, micros / 1e6)
      }
      await give(first)
      for (const step of [...steps, { seconds: 600, event: { what: 'round' as const } }]) {
        clock.pass(step.seconds * 1_000)
        const now = clock.now().getTime()
        const { event } = step
        if (event.what === 'status') {
          const target = lives[event.machine]
          if (target === undefined || target.status.startsWith('HIBERNAT')) continue
          await setStatus(world.db, target.id, event.status, clock.now())
          target.enter(event.status, now)
        }
        if (event.what === 'credits') await give(event.micros)
        if (event.what === 'cap')
          await world.change((tx) => world.services.budgets.setOfAccount(tx, me, event.micros))
        if (event.what === 'back') clock.pass(-event.seconds * 1_000)
        if (event.what === 'round') await round(me, lives, given)
      }
    }),
    { numRuns: 12 },
  )
}, 60_000)

async function round(me: Caller, lives: readonly Life[], given: number) {
  const { world, clock } = site
  const before = await site.balance(me)
  const floor = await floorOf(me)
  await world.charge()
  for (const each of lives) each.meter(clock.now().getTime())
  const sums = await sumsOf(me)
  const balance = await site.balance(me)
  expect(sums.cost).toBe(lives.reduce((sum, each) => sum + each.cost, 0))
  expect(sums.charged).toBe(given - balance)
  expect(sums.ledger).toBe(0 - sums.charged)
  expect(sums.days).toBe(sums.charged)
  // Nothing is let off but what is below the floor of a depleted account.
  if (floor === null) expect(before - balance).toBe(sums.cost - sums.costBefore)
  else expect(balance).toBeGreaterThanOrEqual(Math.min(before, floor))
  costs.set(me.accountId, sums.cost)

  const { capMicros, usedMicros } = await world.services.budgets.ofAccount(world.db, me)
  const ended = balance <= 0 || (capMicros !== null && usedMicros >= capMicros)
  const rows = await world.db
    .selectFrom('instances')
    .select(['id', 'status'])
    .where('account_id', '=', me.accountId)
    .execute()
  for (const { id, status } of rows) {
    if (ended) expect(['ACTIVE', 'SHUTOFF']).not.toContain(status)
    lives.find((each) => each.id === id)?.enter(status, clock.now().getTime())
  }
  await finishHibernating(me, lives)
}

/** In place of a runner: a minute later all that is begun is done. */
async function finishHibernating(me: Caller, lives: readonly Life[]) {
  const { world, clock } = site
  const begun = lives.filter(({ status }) => status === 'HIBERNATING')
  if (begun.length === 0) return
  clock.pass(minuteMs)
  await world.db.deleteFrom('operation_holds').execute()
  await world.db
    .updateTable('operations')
    .set({ state: 'done' })
    .where('account_id', '=', me.accountId)
    .execute()
  for (const each of begun) {
    await setStatus(world.db, each.id, 'HIBERNATED', clock.now())
    each.enter('HIBERNATED', clock.now().getTime())
  }
}

const costs = new Map<string, number>()

async function floorOf({ accountId }: Caller) {
  const row = await site.world.db
    .selectFrom('depletions')
    .select('floor_micros')
    .where('account_id', '=', accountId)
    .executeTakeFirst()
  return row?.floor_micros ?? null
}

async function sumsOf({ accountId }: Caller) {
  const { rows } = await sql<{ cost: number; charged: number; ledger: number; days: number }>`
    select
      (select coalesce(sum(cost_micros), 0) from billing_records
        where account_id = ${accountId})::bigint as cost,
      (select coalesce(sum(charged_micros), 0) from billing_records
        where account_id = ${accountId})::bigint as charged,
      (select coalesce(sum(amount_micros), 0) from ledger_entries
        join ledger_transactions booked on booked.id = transaction_id and booked.kind = 'usage'
        join ledger_accounts mine on mine.id = ledger_account_id
        where mine.account_id = ${accountId})::bigint as ledger,
      (select coalesce(sum(micros), 0) from usage_days
        where account_id = ${accountId})::bigint as days
  `.execute(site.world.db)
  const [sums] = rows
  if (sums === undefined) throw new Error('A query without from answers a row')
  return { ...sums, costBefore: costs.get(accountId) ?? 0 }
}

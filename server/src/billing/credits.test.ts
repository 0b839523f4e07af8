import fc from 'fast-check'
import { type Kysely, sql } from 'kysely'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createAccountService } from '../accounts/service.ts'
import { ManualClock } from '../clock.testing.ts'
import { type Tx, transaction } from '../database/database.ts'
import { up as migration } from '../database/migrations/0018-payments.ts'
import { createTestDatabase, type TestDatabase } from '../database/testing.ts'
import { pageOfMovements } from './credits.ts'
import { balances, postTransaction, postUsage } from './ledger.ts'

let database: TestDatabase
const clock = new ManualClock()
const accounts = createAccountService({ clock })
beforeEach(async () => {
  database = await createTestDatabase()
})
afterEach(() => database.drop())

const change = <T>(fn: (tx: Tx) => Promise<T>) => transaction(database.db, fn)
const account = async () =>
  (await change((tx) => accounts.create(tx, { name: 'Test', currency: 'USD' }))).id
const currency = 'USD' as const
const start = new Date('2026-01-10T08:55:00Z')
const at = (minutes: number) => new Date(start.getTime() + minutes * 60_000)

const use = (of: readonly (readonly [accountId: string, micros: number])[], minutes: number) =>
  change((tx) =>
    postUsage(
      tx,
      of.map(([accountId, micros]) => ({
        ...{ accountId, currency, micros, description: 'Machines' },
        apiKeyId: null,
      })),
      at(minutes),
    ),
  )
const give = (accountId: string, micros: number, minutes: number) =>
  change((tx) =>
    postTransaction(
      tx,
      {
        kind: 'grant',
        description: `Gift ${minutes}`,
        entries: [
          { accountId, kind: 'credits', currency, micros },
          { accountId: null, kind: 'grants', currency, micros: -micros },
        ],
      },
      at(minutes),
    ),
  )
const history = async (accountId: string, limit = 100, offset = 0) =>
  pageOfMovements(database.db, { accountId, currency }, undefined, { limit, offset })
const fillAgain = async () => {
  await sql`
    drop table credit_refunds, credit_orders, credit_payments, receipt_numbers, credit_movements cascade;
    drop trigger keep_movements on ledger_entries;
    drop function keep_movements;
  `.execute(database.db)
  await transaction(database.db, (tx) => migration(tx as unknown as Kysely<unknown>))
}

it('is the balance, taken apart: gifts one by one, usage by the hour, to the micro-unit', async () => {
  const people = [await account(), await account()]
  const amount = fc.integer({ min: 1, max: 1e9 })
  const posting = fc.record({
    kind: fc.constantFrom('gift', 'usage'),
    who: fc.subarray(people, { minLength: 1 }),
    micros: amount,
    minutes: fc.integer({ min: 0, max: 240 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(posting, { minLength: 1, maxLength: 6 }), async (postings) => {
      // At the same time, and not in the order of their times.
      await Promise.all(
        postings.map(async ({ kind, who, micros, minutes }) => {
          if (kind === 'usage') {
            const used = who.map((accountId) => [accountId, micros] as const)
            return use(used, minutes)
          }
          for (const each of who) await give(each, micros, minutes)
        }),
      )
      for (const each of people) {
        const { rows } = await history(each, 1000)
        const sum = rows.reduce((total, { micros }) => total + micros, 0)
        expect(sum).toBe((await balances(database.db, each)).USD)
        const hours = rows.filter(({ kind }) => kind === 'usage').map((row) => row.at.getTime())
        expect(new Set(hours).size).toBe(hours.length)
        expect(hours.every((hour) => hour % 3_600_000 === 0)).toBe(true)
      }
    }),
    { numRuns: 6 },
  )
})

it('comes in pages, newest first, and is the same when it is worked out from the ledger', async () => {
  const [id, other] = [await account(), await account()]
  await give(id, 5_000_000, 0)
  for (const minutes of [1, 2, 10, 70])
    await use(
      [
        [id, minutes],
        [other, 7],
      ],
      minutes,
    )
  await give(id, 1, 90)
  const all = await history(id)
  expect(all.rows).toMatchObject([
    { kind: 'grant', description: 'Gift 90', micros: 1, at: at(90) },
    { kind: 'usage', micros: -70, at: new Date('2026-01-10T10:00:00Z') },
    { kind: 'usage', micros: -10, at: new Date('2026-01-10T09:00:00Z') },
    { kind: 'grant', description: 'Gift 0', micros: 5_000_000, at: start },
    { kind: 'usage', description: 'Usage', micros: -3, at: new Date('2026-01-10T08:00:00Z') },
  ])
  const page = await history(id, 2, 2)
  expect(page).toEqual({ rows: all.rows.slice(2, 4), total: 5 })
  await fillAgain()
  expect(await history(id)).toEqual(all)
  await use([[id, 5]], 10)
  expect((await history(id)).rows[2]).toMatchObject({ micros: -15 })
})

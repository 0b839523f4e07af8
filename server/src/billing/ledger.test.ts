import { type Currency, currencies } from '@garrison/contract/common'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createAccountService } from '../accounts/service.ts'
import { systemClock } from '../clock.ts'
import { type Tx, transaction } from '../database/database.ts'
import { createTestDatabase, type TestDatabase } from '../database/testing.ts'
import { newUuid } from '../ids.ts'
import { balances, type Entry, type LedgerTransaction, postTransaction } from './ledger.ts'

let database: TestDatabase
beforeEach(async () => {
  database = await createTestDatabase()
})
afterEach(() => database.drop())

const now = new Date('2026-01-10T09:00:00Z')
const change = <T>(fn: (tx: Tx) => Promise<T>) => transaction(database.db, fn)
const accounts = createAccountService({ clock: systemClock })
const account = async () =>
  (await change((tx) => accounts.create(tx, { name: 'Test', currency: 'USD' }))).id
const post = (posting: LedgerTransaction) => change((tx) => postTransaction(tx, posting, now))

const gift = (accountId: string, micros: number, currency: Currency = 'USD'): Entry[] => [
  { accountId, kind: 'credits', currency, micros },
  { accountId: null, kind: 'grants', currency, micros: -micros },
]
const posting = (entries: Entry[], reference?: string): LedgerTransaction => ({
  kind: 'grant',
  description: 'A gift',
  entries,
  ...(reference !== undefined && { reference }),
})

it('keeps every balance equal to the sum of its entries, and all of them to zero', async () => {
  const people = [await account(), await account(), await account()]
  const amount = fc.integer({ min: -1e12, max: 1e12 }).filter((micros) => micros !== 0)
  const transfer = fc.record({
    from: fc.constantFrom(...people),
    to: fc.constantFrom(...people),
    currency: fc.constantFrom(...currencies),
    micros: amount,
  })
  const expected = new Map(people.map((id) => [id, { USD: 0, EUR: 0, INR: 0 }]))
  await fc.assert(
    fc.asyncProperty(fc.array(transfer, { minLength: 1, maxLength: 4 }), async (transfers) => {
      await post(
        posting(
          transfers.flatMap(({ from, to, currency, micros }) => [
            { accountId: from, kind: 'credits', currency, micros: -micros },
            { accountId: to, kind: 'credits', currency, micros },
          ]),
        ),
      )
      for (const { from, to, currency, micros } of transfers) {
        const [giver, taker] = [expected.get(from), expected.get(to)]
        if (giver !== undefined) giver[currency] -= micros
        if (taker !== undefined) taker[currency] += micros
      }
      for (const id of people) {
        expect(await balances(database.db, id)).toEqual(expected.get(id))
      }
    }),
    { numRuns: 30 },
  )
  const { total } = await database.db
    .selectFrom('ledger_entries')
    .select((select) => select.fn.sum<string>('amount_micros').as('total'))
    .executeTakeFirstOrThrow()
  expect(Number(total)).toBe(0)
})

it('refuses what does not balance, in each currency by itself', async () => {
  const id = await account()
  const crossed = [...gift(id, 5, 'USD').slice(0, 1), ...gift(id, 5, 'EUR').slice(1)]
  await expect(post(posting(crossed))).rejects.toThrow('does not balance in USD')
  await expect(post(posting(gift(id, 5).slice(0, 1)))).rejects.toThrow('does not balance')
  expect(await balances(database.db, id)).toEqual({ USD: 0, EUR: 0, INR: 0 })
})

it('refuses amounts that are no whole number of millionths, and transactions of nothing', async () => {
  const id = await account()
  for (const micros of [0.5, 2 ** 53, Number.NaN]) {
    await expect(post(posting(gift(id, micros))), String(micros)).rejects.toThrow()
  }
  await expect(post(posting([]))).rejects.toThrow()
})

it('has a database that refuses what does not balance, whoever writes it', async () => {
  const id = await account()
  await post(posting(gift(id, 5)))
  const { id: ledger_account_id } = await database.db
    .selectFrom('ledger_accounts')
    .select('id')
    .where('account_id', '=', id)
    .executeTakeFirstOrThrow()
  const byHand = change(async (tx) => {
    const transaction_id = newUuid()
    await tx
      .insertInto('ledger_transactions')
      .values({ id: transaction_id, kind: 'x', description: 'x', reference: null, created_at: now })
      .execute()
    await tx
      .insertInto('ledger_entries')
      .values({ transaction_id, ledger_account_id, amount_micros: 1 })
      .execute()
  })
  await expect(byHand).rejects.toThrow(/does not balance/)
  await expect(
    change((tx) => tx.updateTable('ledger_entries').set({ amount_micros: 7 }).execute()),
  ).rejects.toThrow(/never changed/)
  expect((await balances(database.db, id)).USD).toBe(5)
})

it('books a reference once, also when many try at once', async () => {
  const id = await account()
  const results = await Promise.all(
    Array.from({ length: 8 }, () => post(posting(gift(id, 7), 'order-1'))),
  )
  expect(results.filter(Boolean)).toHaveLength(1)
  await post(posting(gift(id, 7), 'order-2'))
  expect((await balances(database.db, id)).USD).toBe(14)
})

it('lets many post to one account at once, of whom none has to give way', async () => {
  const id = await account()
  await post(posting(gift(id, 1)))
  await Promise.all(
    Array.from({ length: 16 }, () =>
      database.db.transaction().execute((tx) => postTransaction(tx, posting(gift(id, 7)), now)),
    ),
  )
  expect((await balances(database.db, id)).USD).toBe(1 + 16 * 7)
})

it("shows nobody else's credits", async () => {
  const [mine, other] = [await account(), await account()]
  await post(posting(gift(mine, 5)))
  expect(await balances(database.db, other)).toEqual({ USD: 0, EUR: 0, INR: 0 })
})

import { instanceStatuses } from '@garrison/contract/instances/states'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createAccountService } from '../accounts/service.ts'
import { ManualClock } from '../clock.testing.ts'
import { transaction } from '../database/database.ts'
import { createTestDatabase, type TestDatabase } from '../database/testing.ts'
import { balances } from './ledger.ts'
import { createMeter } from './meter.ts'
import { insertInstance, instanceRow, setStatus } from './testing.ts'

let database: TestDatabase
let clock: ManualClock
beforeEach(async () => {
  database = await createTestDatabase()
  clock = new ManualClock()
})
afterEach(() => database.drop())

const minute = 60_000
const prepaid = () => createMeter({ clock, mode: 'prepaid' })
const account = async () => {
  const accounts = createAccountService({ clock })
  return (
    await transaction(database.db, (tx) => accounts.create(tx, { name: 'Test', currency: 'USD' }))
  ).id
}
const machine = async (accountId: string, hourly_rate_micros = 9_960_000) => {
  const row = instanceRow(accountId, clock.now(), { hourly_rate_micros })
  const { id } = await insertInstance(database.db, row)
  return id
}
const records = (accountId: string) =>
  database.db
    .selectFrom('billing_records')
    .selectAll()
    .where('account_id', '=', accountId)
    .orderBy('id')
    .execute()
const spent = async (accountId: string) => 0 - (await balances(database.db, accountId)).USD
const set = (id: string, status: Parameters<typeof setStatus>[2]) =>
  setStatus(database.db, id, status, clock.now())

it('charges what the published example says: an hour of four GPUs at 2.49 is 9.96', async () => {
  const id = await account()
  await set(await machine(id), 'ACTIVE')
  await clock.advance(60 * minute)
  await prepaid().tick(database.db)
  expect(await records(id)).toMatchObject([
    { billing_id: expect.stringMatching(/^BRK-\d{6}DB$/), minutes: 60, cost_micros: 9_960_000 },
  ])
  expect(await spent(id)).toBe(9_960_000)
})

it('charges each minute once, however often it looks', async () => {
  const id = await account()
  await set(await machine(id), 'ACTIVE')
  await clock.advance(90_000)
  await Promise.all([1, 2, 3].map(() => prepaid().tick(database.db)))
  expect(await spent(id)).toBe(166_000)
  await clock.advance(30_000)
  await prepaid().tick(database.db)
  expect(await spent(id)).toBe(332_000)
})

it('catches up after hours without a meter, over changes that it did not see', async () => {
  const id = await account()
  const vm = await machine(id, 60_000_000)
  await set(vm, 'ACTIVE')
  await clock.advance(125 * minute)
  await set(vm, 'STOPPING')
  await clock.advance(3 * minute)
  await set(vm, 'SHUTOFF')
  await clock.advance(10 * minute)
  await set(vm, 'DELETING')
  await clock.advance(5 * minute)
  await prepaid().tick(database.db)
  expect((await records(id)).map(({ minutes }) => minutes)).toEqual([125, 10])
  expect(await spent(id)).toBe(135_000_000)
})

it('takes nothing back when the clock goes backwards', async () => {
  const id = await account()
  await set(await machine(id, 60_000_000), 'ACTIVE')
  await clock.advance(10 * minute)
  await prepaid().tick(database.db)
  const earlier = { now: () => new Date(clock.now().getTime() - 7 * minute), sleep: async () => {} }
  await createMeter({ clock: earlier, mode: 'prepaid' }).tick(database.db)
  expect(await spent(id)).toBe(10_000_000)
})

describe('where nothing is charged', () => {
  it('records what it would cost, and takes nothing', async () => {
    const id = await account()
    await set(await machine(id, 60_000_000), 'ACTIVE')
    await clock.advance(10 * minute)
    await createMeter({ clock, mode: 'off' }).tick(database.db)
    expect(await records(id)).toMatchObject([{ cost_micros: 10_000_000, charged_micros: 0 }])
    expect(await spent(id)).toBe(0)
  })

  it('charges nothing of that time when charging begins', async () => {
    const id = await account()
    await set(await machine(id, 60_000_000), 'ACTIVE')
    await clock.advance(10 * minute)
    await createMeter({ clock, mode: 'off' }).tick(database.db)
    await clock.advance(2 * minute)
    await prepaid().tick(database.db)
    expect(await spent(id)).toBe(2_000_000)
  })
})

it('keeps records, ledger and prices equal to the micro-unit over any life', async () => {
  const life = fc.array(
    fc.record({
      machine: fc.nat(2),
      status: fc.constantFrom(...instanceStatuses),
      seconds: fc.integer({ min: 0, max: 7_200 }),
      tick: fc.boolean(),
    }),
    { minLength: 1, maxLength: 12 },
  )
  const rates = fc.tuple(...[0, 1, 2].map(() => fc.integer({ min: 0, max: 50_000_000 })))
  await fc.assert(
    fc.asyncProperty(life, rates, async (events, [a = 0, b = 0, c = 0]) => {
      const id = await account()
      const rate = [a, b, c]
      const machines = await Promise.all(rate.map((micros) => machine(id, micros)))
      const open: ({ since: number } | null)[] = [null, null, null]
      const status: string[] = ['CREATING', 'CREATING', 'CREATING']
      let expected = 0
      const close = (index: number) => {
        const began = open[index]
        open[index] = null
        if (began == null) return
        const minutes = Math.floor((clock.now().getTime() - began.since) / minute)
        expected += Math.round(((rate[index] ?? 0) * minutes) / 60)
      }
      for (const event of events) {
        await clock.advance(event.seconds * 1_000)
        if (event.tick) await prepaid().tick(database.db)
        if (status[event.machine] !== event.status) {
          close(event.machine)
          status[event.machine] = event.status
          if (event.status === 'ACTIVE' || event.status === 'SHUTOFF')
            open[event.machine] = { since: clock.now().getTime() }
        }
        await set(machines[event.machine] ?? '', event.status)
      }
      await clock.advance(90_000)
      for (const index of [0, 1, 2]) close(index)
      await prepaid().tick(database.db)
      const all = await records(id)
      expect(all.reduce((sum, record) => sum + record.cost_micros, 0)).toBe(expected)
      expect(await spent(id)).toBe(expected)
    }),
    { numRuns: 25 },
  )
}, 60_000)

it('goes through more records than fit into a batch', async () => {
  const id = await account()
  const rows = Array.from({ length: 2_050 }, () =>
    instanceRow(id, clock.now(), { status: 'ACTIVE', hourly_rate_micros: 60 }),
  )
  for (let from = 0; from < rows.length; from += 500)
    await database.db
      .insertInto('instances')
      .values(rows.slice(from, from + 500))
      .execute()
  await clock.advance(minute)
  expect(await prepaid().tick(database.db)).toBe(2_050)
  expect(await spent(id)).toBe(2_050)
})

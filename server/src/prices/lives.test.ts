/** Whatever happens to prices and machines, bills are what prices and states say. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { balances } from '../billing/ledger.ts'
import { createMeter } from '../billing/meter.ts'
import { insertInstance, instanceRow } from '../billing/testing.ts'
import { loadConfig } from '../config.ts'
import type { Tx } from '../database/database.ts'
import { fromDecimal } from '../money.ts'
import { settableClock } from '../testing/settable-clock.ts'
import { createWorld, type World } from '../testing/world.ts'
import { hibernationRate } from './rates.ts'

const secondMs = 1_000
/** So that each minute costs whole micro-units, also of the twentieth part: 60 x 20. */
const price = fc.integer({ min: 0, max: 500 }).map((n) => (n * 1_200) / 1e6)

function wholeMicros() {
  const { flavors, prices } = loadConfig({ env: {}, dataDir: '/nowhere' })
  const hourly = { USD: 0.012, EUR: 0.012, INR: 1.2 }
  return {
    flavors: flavors.map((flavor) => ({ ...flavor, prices: hourly })),
    prices: { ...prices, hibernated: hourly },
  }
}

type Wanted = { state: State; retains: boolean }
type State = 'ACTIVE' | 'SHUTOFF' | 'STOPPING' | 'HIBERNATED'
const step = fc.record({
  /** Seconds until it happens. */
  after: fc.integer({ min: 0, max: 400 }),
  what: fc.oneof(
    fc.record({
      state: fc.constantFrom<State>('ACTIVE', 'SHUTOFF', 'STOPPING', 'HIBERNATED'),
      retains: fc.boolean(),
    }),
    fc.record({
      kind: fc.constantFrom('flavor' as const, 'hibernated' as const),
      price,
      /** Seconds until it is valid. */
      ahead: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 900 })),
    }),
    fc.constant('meter' as const),
  ),
})

it('charges, minute by minute, what was valid when the minute ended', {
  timeout: 60_000,
}, async () => {
  const clock = settableClock('2026-01-01T00:00:00Z')
  const world = await createWorld({ clock, config: wholeMicros() })
  const { db, services } = world
  const meter = createMeter({ clock, mode: 'prepaid', prices: services.prices })
  try {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 16 }), async (steps) => {
        await db.deleteFrom('price_changes').execute()
        await services.prices.refresh(db)
        const { flavors, hibernated } = services.prices.now()
        const caller = await world.account()
        const model = {
          flavor: [{ from: 0, price: flavors['cpu-small']?.USD ?? 0 }],
          hibernated: [{ from: 0, price: hibernated.USD }],
          states: [{ from: clock.now().getTime(), state: 'STOPPING' as State, retains: false }],
        }
        const { id } = await insertInstance(
          db,
          instanceRow(caller.accountId, clock.now(), {
            ...{ status: 'STOPPING', flavor: 'cpu-small', gpu_model: null, gpu_count: 0 },
            hourly_rate_micros: fromDecimal(model.flavor[0]?.price ?? 0),
          }),
        )
        for (const { after, what } of steps) {
          clock.pass(after * secondMs)
          const now = clock.now()
          if (what === 'meter') await meter.tick(db)
          else if ('state' in what) {
            // The same state again is no change.
            if (model.states.at(-1)?.state === what.state) continue
            await world.change((tx) => enter(tx, world, id, what))
            model.states.push({ from: now.getTime(), ...what })
          } else {
            const moment = new Date(now.getTime() + what.ahead * secondMs)
            const item = what.kind === 'flavor' ? { item: 'cpu-small' } : {}
            const prices = { USD: what.price, EUR: 1, INR: 1 }
            const asked = { kind: what.kind, ...item, prices }
            const later = what.ahead === 0 ? {} : { effective_from: moment.toISOString() }
            const taken = model[what.kind].some(({ from }) => from === moment.getTime())
            if (taken) continue
            await world.change((tx) => services.prices.change(tx, caller, { ...asked, ...later }))
            await services.prices.refresh(db)
            model[what.kind].push({ from: moment.getTime(), price: what.price })
          }
        }
        clock.pass(3_600 * secondMs)
        await meter.tick(db)
        expect(0 - (await balances(db, caller.accountId)).USD).toBe(
          integral(model, clock.now().getTime()),
        )
        // Of the next life, nothing of this one.
        await db
          .updateTable('instances')
          .set({ status: 'DELETING', updated_at: clock.now() })
          .where('id', '=', id)
          .execute()
        await meter.tick(db)
        await db
          .updateTable('instances')
          .set({ deleted_at: clock.now() })
          .where('id', '=', id)
          .execute()
      }),
      { numRuns: 12 },
    )
  } finally {
    await world.close()
  }
})

/** As services do: hibernation has a rate of its own, by what is known at the moment. */
async function enter(tx: Tx, { services, clock }: World, id: string, { state, retains }: Wanted) {
  const set = { status: state, updated_at: clock.now() }
  const instances = tx.updateTable('instances').where('id', '=', id)
  if (state !== 'HIBERNATED') return instances.set(set).execute()
  await services.prices.hold(tx)
  const machine = await tx
    .selectFrom('instances')
    .select(['hourly_rate_micros', 'currency'])
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  const kept = { retain_capacity: retains }
  const rate = hibernationRate(services.prices.now(), { ...machine, ...kept })
  return instances.set({ ...set, ...kept, hibernation_rate_micros: rate }).execute()
}

type Prices = readonly { from: number; price: number }[]
type Model = {
  flavor: Prices
  hibernated: Prices
  states: readonly { from: number; state: State; retains: boolean }[]
}

/** Micro-units for all whole minutes of all states until then. */
function integral({ flavor, hibernated, states }: Model, until: number) {
  const validJustBefore = (prices: Prices, at: number) =>
    fromDecimal(
      [...prices].sort((a, b) => a.from - b.from).findLast(({ from }) => from < at)?.price ?? 0,
    )
  let micros = 0
  states.forEach(({ from, state, retains }, index) => {
    const to = states[index + 1]?.from ?? until
    for (let end = from + 60_000; end <= to; end += 60_000) {
      const hourly = validJustBefore(flavor, end)
      const asleep = retains ? hourly : Math.min(validJustBefore(hibernated, end), hourly / 20)
      const rate = { ACTIVE: hourly, SHUTOFF: hourly, HIBERNATED: asleep, STOPPING: 0 }[state]
      micros += rate / 60
    }
  })
  return micros
}

/** A world in which credits are needed, on a clock of the test's own. */
import type { Caller } from '../caller.ts'
import { loadConfig } from '../config.ts'
import { settableClock } from '../testing/settable-clock.ts'
import { createWorld, type World, type WorldOptions } from '../testing/world.ts'

const minuteMs = 60_000

export async function prepaidWorld({
  start = '2026-01-10T00:00:00Z',
  reclaim = false,
  ...options
}: Omit<WorldOptions, 'clock'> & { start?: string; reclaim?: boolean } = {}) {
  const clock = settableClock(start)
  const defaults = loadConfig({ env: {}, dataDir: '/nowhere' })
  const world = await createWorld({
    ...options,
    clock,
    config: {
      billing: { ...defaults.billing, mode: 'prepaid' },
      depletion: { reclaim },
      ...options.config,
    },
  })
  return {
    world,
    clock,

    give: (caller: Caller, amount: number, reference?: string) =>
      world.change((tx) =>
        world.services.billing.grant(tx, {
          accountId: caller.accountId,
          currency: 'USD',
          micros: Math.round(amount * 1e6),
          description: 'A gift',
          ...(reference !== undefined && { reference }),
        }),
      ),

    /** The balance is this from now on, whatever it was. */
    async leave(caller: Caller, micros: number) {
      const { USD } = await world.services.billing.balances(world.db, caller)
      if (USD === micros) return
      await world.change((tx) =>
        world.services.billing.grant(tx, {
          accountId: caller.accountId,
          currency: 'USD',
          micros: micros - USD,
          description: 'Set by a test',
        }),
      )
    },

    /** Charges after so many minutes. */
    async pass(minutes: number) {
      clock.pass(minutes * minuteMs)
      await world.charge()
    },

    balance: async (caller: Caller) =>
      (await world.services.billing.balances(world.db, caller)).USD,

    statuses: async (caller: Caller) => {
      const rows = await world.db
        .selectFrom('instances')
        .select('status')
        .where('account_id', '=', caller.accountId)
        .orderBy('created_at')
        .orderBy('id')
        .execute()
      return rows.map(({ status }) => status)
    },

    /** Kinds of events about money, in order. */
    events: async (caller: Caller) => {
      const rows = await world.db
        .selectFrom('events')
        .select('kind')
        .where('account_id', '=', caller.accountId)
        .where((where) =>
          where.or([where('kind', 'like', 'credits.%'), where('kind', 'like', 'budget.%')]),
        )
        .orderBy('id')
        .execute()
      return rows.map(({ kind }) => kind)
    },

    mails: (caller: Caller) =>
      world.db
        .selectFrom('mails')
        .select(['recipient', 'subject', 'body'])
        .where('account_id', '=', caller.accountId)
        .orderBy('created_at')
        .orderBy('id')
        .execute(),

    setEmail: (caller: Caller, email: string) =>
      world.db.updateTable('accounts').set({ email }).where('id', '=', caller.accountId).execute(),
  }
}

export type PrepaidWorld = Awaited<ReturnType<typeof prepaidWorld>> & { world: World }

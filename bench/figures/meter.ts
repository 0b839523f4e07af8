/**
 * A round of the meter, which comes every minute: 10,000 running machines of 1,000 accounts are charged a
 * minute each. The floor writes as many rows of plain tables in two statements, which decides nothing.
 */
import { createMeter } from '@garrison/server/billing/meter'
import { insertInstance, instanceRow } from '@garrison/server/billing/testing'
import { type Database, transaction } from '@garrison/server/database/database'
import { lookAtAll } from '@garrison/server/depletion/store'
import { settableClock } from '@garrison/server/testing/settable-clock'
import { sql } from 'kysely'
import { summarize } from '../statistics.ts'
import type { Measured } from '../table.ts'
import { makeAccounts } from './ledger.ts'

const accounts = 1_000
const machines = 10_000
const rounds = 5
const minuteMs = 60_000

export async function measureMeter(db: Database): Promise<Measured[]> {
  const clock = settableClock('2026-01-10T00:00:00Z')
  const ids = await makeAccounts(db, accounts)
  await transaction(db, async (tx) => {
    for (let n = 0; n < machines; n++) {
      const row = instanceRow(ids[n % accounts] ?? '', clock.now(), { status: 'ACTIVE' })
      await insertInstance(tx, row)
    }
  })
  await sql`
    create table bare_records (id bigint primary key, minutes bigint, cost bigint, until timestamptz);
    create table bare_bookings (
      id bigint generated always as identity primary key, account int, micros bigint
    );
    insert into bare_records select n, 0, 0, now() from generate_series(1, ${sql.lit(machines)}) n;
  `.execute(db)
  const meter = createMeter({ clock, mode: 'prepaid' })
  const took = { ours: [] as number[], looks: [] as number[], bare: [] as number[] }
  for (let round = 0; round <= rounds; round++) {
    clock.pass(minuteMs)
    const times = {
      bare: await timed(() => transaction(db, (tx) => writeBare(tx))),
      ours: await timed(async () => {
        const metered = await meter.tick(db)
        if (metered !== machines) throw new Error(`Metered ${metered} records of ${machines}`)
      }),
      looks: await timed(() => lookAtAll(db)),
    }
    // The first one finds nothing in memory.
    if (round === 0) continue
    for (const name of ['bare', 'ours', 'looks'] as const) took[name].push(times[name])
  }
  return [
    {
      figure: 'meter round, 10,000 machines',
      unit: 'ms',
      value: summarize(took.ours),
      floor: { ...summarize(took.bare), what: 'as many rows in plain tables' },
    },
    {
      figure: '… and who runs low',
      unit: 'ms',
      value: summarize(took.looks),
      floor: null,
    },
  ]
}

/** A row for each machine, and four for each account: a booking is three, a day's usage one. */
async function writeBare(tx: Parameters<Parameters<typeof transaction>[1]>[0]) {
  await sql`
    update bare_records set minutes = minutes + 1, cost = cost + 166000,
      until = until + interval '1 minute'
  `.execute(tx)
  await sql`
    insert into bare_bookings (account, micros)
    select n % ${sql.lit(accounts)}, 1 from generate_series(1, ${sql.lit(4 * accounts)}) n
  `.execute(tx)
}

async function timed(work: () => Promise<unknown>) {
  const began = performance.now()
  await work()
  return performance.now() - began
}

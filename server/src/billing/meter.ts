/**
 * The meter: turns open billing records into minutes, minutes into money, and money into ledger entries.
 *
 * A record knows when its resource began to be billed and when that ended; triggers wrote both with the
 * change itself. So the meter only ever has to look at times, at any moment and after any downtime: whole
 * minutes from the start to the end, or to now. Cost is computed from all minutes of a record at once,
 * so that rounding never adds up. What is charged is the difference to what was charged before, in the
 * transaction that says so on the record; a crash loses and doubles nothing.
 */
import type { Currency } from '@garrison/contract/common'
import { sql } from 'kysely'
import type { Clock } from '../clock.ts'
import { type Database, type Tx, transaction } from '../database/database.ts'
import type { PriceService } from '../prices/service.ts'
import { postUsage } from './ledger.ts'
import type { BillingMode } from './service.ts'

const batchSize = 2_000

export function createMeter(deps: {
  clock: Clock
  mode: BillingMode
  /** Left out where no price ever changes. */
  prices?: Pick<PriceService, 'applyDue' | 'meteredUntil'>
}) {
  const { clock, mode, prices } = deps

  /**
   * Meters up to `batchSize` records; answers how many, and null when a price has changed before all of
   * them. Others may meter at the same time.
   */
  async function meterBatch(tx: Tx): Promise<number | null> {
    const now = prices === undefined ? clock.now() : await prices.meteredUntil(tx)
    if (now === null) return null
    const used = await meterDue(tx, now, mode === 'prepaid')
    const owed = used.filter(({ micros }) => micros > 0)
    await postUsage(
      tx,
      owed.map(({ accountId, currency, micros, records }) => ({
        ...{ accountId, currency, micros },
        description: `Usage of ${records} ${records === 1 ? 'resource' : 'resources'} until ${now.toISOString()}`,
      })),
      now,
    )
    return used.reduce((sum, { records }) => sum + records, 0)
  }

  return {
    /** Charges everything that is due. Answers how many records it went through. */
    async tick(db: Database): Promise<number> {
      let metered = 0
      for (;;) {
        await prices?.applyDue(db)
        const batch = await transaction(db, meterBatch)
        if (batch === null) continue
        metered += batch
        if (batch < batchSize) return metered
      }
    },
  }
}

type Used = { accountId: string; currency: Currency; micros: number; records: number }

/** What is to be charged for each account. A clock that went back takes nothing back. */
async function meterDue(tx: Tx, now: Date, charge: boolean): Promise<Used[]> {
  const { rows } = await sql<Used>`
    with due as (
      select id, charged_micros, greatest(
        minutes, floor(extract(epoch from coalesce(ended_at, ${now}) - started_at) / 60)::bigint
      ) as total
      from billing_records
      where metered_until is not null
        and (ended_at is not null or metered_until <= ${now}::timestamptz - interval '1 minute')
      order by id limit ${batchSize} for update skip locked
    ), metered as (
      update billing_records record set
        minutes = due.total,
        cost_micros = round(hourly_rate_micros::numeric * due.total / 60),
        charged_micros = case when ${charge} then record.charged_micros
          + round(hourly_rate_micros::numeric * due.total / 60) - record.cost_micros
          else record.charged_micros end,
        metered_until = case when ended_at is null then started_at + due.total * interval '1 minute' end
      from due where record.id = due.id
      returning account_id, currency, record.charged_micros - due.charged_micros as charged
    )
    select account_id as "accountId", currency,
      sum(charged)::bigint as micros, count(*)::int as records
    from metered group by account_id, currency order by account_id, currency
  `.execute(tx)
  return rows
}

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
      owed.map(({ records, ...use }) => ({
        ...use,
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

type Used = {
  accountId: string
  currency: Currency
  apiKeyId: string | null
  micros: number
  records: number
}

/**
 * What is to be charged for each account and key. A clock that went back takes nothing back. Of an account
 * whose credits are used up, no more is charged than leads down to its floor; records say what it would
 * have cost all the same.
 */
async function meterDue(tx: Tx, now: Date, charge: boolean): Promise<Used[]> {
  const { rows } = await sql<Used>`
    with due as (
      select id, account_id, currency, cost_micros,
        -- Minutes, or seconds where it counts those.
        case when seconds is null then greatest(
          minutes, floor(extract(epoch from coalesce(ended_at, ${now}) - started_at) / 60)::bigint
        ) else greatest(
          seconds, floor(extract(epoch from coalesce(ended_at, ${now}) - started_at))::bigint
        ) end as total,
        case when seconds is null then 60 else 3600 end as in_an_hour, hourly_rate_micros
      from billing_records
      where metered_until is not null
        and (ended_at is not null or metered_until <= ${now}::timestamptz - interval '1 minute')
      -- An account in one batch where that can be, so that it is booked once.
      order by account_id, id limit ${batchSize} for update skip locked
    ), costing as (
      select id, account_id, currency, total,
        round(hourly_rate_micros::numeric * total / in_an_hour)::bigint as cost,
        round(hourly_rate_micros::numeric * total / in_an_hour)::bigint - cost_micros as owed
      from due
    ), floored as (
      select account_id, ledger.currency, greatest(0, balance_micros - floor_micros) as room
      from depletions join accounts on accounts.id = account_id
        join ledger_accounts ledger using (account_id)
      where floor_micros is not null and ledger.kind = 'credits'
        and ledger.currency = accounts.currency
    ), charging as (
      select costing.id, total, cost, case
        when not ${charge} then 0
        when room is null then owed
        -- In the order of records: what those before it left.
        else greatest(0, least(owed, room - (
          sum(owed) over (partition by account_id, currency order by costing.id) - owed
        )))
      end::bigint as charged
      from costing left join floored using (account_id, currency)
    ), metered as (
      update billing_records record set
        minutes = case when seconds is null then charging.total else charging.total / 60 end,
        seconds = case when seconds is null then null else charging.total end,
        cost_micros = charging.cost,
        charged_micros = record.charged_micros + charging.charged,
        metered_until = case when ended_at is null
          then started_at + charging.total * case when seconds is null
            then interval '1 minute' else interval '1 second' end end
      from charging where record.id = charging.id
      returning account_id, currency, api_key_id, charging.charged
    )
    select account_id as "accountId", currency, api_key_id as "apiKeyId",
      sum(charged)::bigint as micros, count(*)::int as records
    from metered group by account_id, currency, api_key_id order by account_id, currency, api_key_id
  `.execute(tx)
  return rows
}

/** The movements of one account's balance, for people: usage is booked each minute and shown by the hour. */
import type { CreditEntry } from '@garrison/contract/billing/credits'
import type { Currency } from '@garrison/contract/common'
import { sql } from 'kysely'
import type { Database } from '../database/database.ts'
import type { Range } from '../database/pages.ts'

export type Movement = {
  kind: CreditEntry['kind']
  description: string
  micros: number
  at: Date
}

export async function pageOfMovements(
  db: Database,
  { accountId, currency }: { accountId: string; currency: Currency },
  kind: CreditEntry['kind'] | undefined,
  { limit, offset }: Range,
): Promise<{ rows: Movement[]; total: number }> {
  const movements = sql<Movement>`
    select booked.kind,
      case when booked.kind = 'usage' then 'Usage' else min(booked.description) end as description,
      sum(entry.amount_micros)::bigint as micros,
      case when booked.kind = 'usage' then date_trunc('hour', booked.created_at, 'UTC')
        else booked.created_at end as at
    from ledger_accounts mine
      join ledger_entries entry on entry.ledger_account_id = mine.id
      join ledger_transactions booked on booked.id = entry.transaction_id
    where mine.account_id = ${accountId} and mine.kind = 'credits' and mine.currency = ${currency}
      and (${kind ?? null}::text is null or booked.kind = ${kind ?? null})
    group by booked.kind, case when booked.kind <> 'usage' then booked.id end, at`
  const [page, count] = await Promise.all([
    sql<Movement>`${movements} order by at desc, micros desc limit ${limit} offset ${offset}`.execute(
      db,
    ),
    sql<{ n: number }>`select count(*) as n from (${movements}) as all_of_them`.execute(db),
  ])
  return { rows: page.rows, total: Number(count.rows[0]?.n ?? 0) }
}

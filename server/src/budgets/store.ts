/** Caps, what was used of them, and what was told of that. Every function takes the account. */
import type { Currency } from '@garrison/contract/common'
import { sql } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import type { Month } from './rules.ts'

/** Of the account when `keyId` is null, otherwise of that key. */
export type Bearer = { readonly accountId: string; readonly keyId: string | null }

/** `forUpdate`: nobody else changes it until the transaction ends. */
type Looking = { forUpdate?: boolean }

/** Undefined: no such key, or a revoked one, with which its cap has gone. Null: no cap. */
export async function capOf(
  db: Database | Tx,
  { accountId, keyId }: Bearer,
  { forUpdate = false }: Looking = {},
): Promise<number | null | undefined> {
  const found =
    keyId === null
      ? db.selectFrom('accounts').select('monthly_budget_micros').where('id', '=', accountId)
      : db
          .selectFrom('api_keys')
          .select('monthly_budget_micros')
          .where('account_id', '=', accountId)
          .where('id', '=', keyId)
          .where('revoked_at', 'is', null)
  const row = await (forUpdate ? found.forNoKeyUpdate() : found).executeTakeFirst()
  return row?.monthly_budget_micros
}

export async function setCap(tx: Tx, { accountId, keyId }: Bearer, micros: number | null) {
  if (keyId === null) {
    await tx
      .updateTable('accounts')
      .set({ monthly_budget_micros: micros })
      .where('id', '=', accountId)
      .execute()
    return
  }
  await tx
    .updateTable('api_keys')
    .set({ monthly_budget_micros: micros })
    .where('account_id', '=', accountId)
    .where('id', '=', keyId)
    .execute()
}

/** Micro-units for each day on which something was used, in order. Days: `2026-01-10`, UTC. */
export async function usedByDay(
  db: Database | Tx,
  { accountId, keyId }: Bearer,
  currency: Currency,
  month: Month,
) {
  const { rows } = await sql<{ day: string; micros: number }>`
    select day::text, sum(micros)::bigint as micros from usage_days
    where account_id = ${accountId} and currency = ${currency}
      and day >= ${month.first}::date and day < (${month.first}::date + interval '1 month')
      and (${keyId}::uuid is null or api_key_id = ${keyId})
    group by day order by day
  `.execute(db)
  return rows
}

export async function usedIn(
  db: Database | Tx,
  bearer: Bearer,
  currency: Currency,
  month: Month,
): Promise<number> {
  const days = await usedByDay(db, bearer, currency, month)
  return days.reduce((sum, { micros }) => sum + micros, 0)
}

/** Micro-units per hour of what is billed right now. */
export async function burnOf(
  db: Database | Tx,
  { accountId, keyId }: Bearer,
  currency: Currency,
): Promise<number> {
  const { rows } = await sql<{ rate: number }>`
    select coalesce(sum(hourly_rate_micros), 0)::bigint as rate from billing_records
    where account_id = ${accountId} and currency = ${currency} and ended_at is null
      and (${keyId}::uuid is null or api_key_id = ${keyId})
  `.execute(db)
  return rows[0]?.rate ?? 0
}

export async function findWatch(db: Database | Tx, { accountId, keyId }: Bearer) {
  const { rows } = await sql<{ month: string; told: number; reached_at: Date | null }>`
    select month::text, told, reached_at from budget_watches
    where account_id = ${accountId} and api_key_id is not distinct from ${keyId}::uuid
  `.execute(db)
  return rows[0] ?? null
}

export async function saveWatch(
  tx: Tx,
  { accountId, keyId }: Bearer,
  watch: { month: string; told: number; reachedAt: Date | null },
) {
  await sql`
    insert into budget_watches (account_id, api_key_id, month, told, reached_at)
    values (${accountId}, ${keyId}, ${watch.month}::date, ${watch.told}, ${watch.reachedAt})
    on conflict (account_id, api_key_id) do update
      set month = excluded.month, told = excluded.told, reached_at = excluded.reached_at
  `.execute(tx)
}

/** One with a cap, and how much of it is used. */
export type Capped = {
  accountId: string
  keyId: string | null
  currency: Currency
  capMicros: number
  usedMicros: number
  /** `2026-01-01` */
  month: string | null
  told: number | null
}

/** Of all accounts: whoever watches over them. */
export async function allCapped(db: Database, month: Month): Promise<Capped[]> {
  const { rows } = await sql<Capped>`
    with capped as (
      select id as account_id, null::uuid as key_id, currency, monthly_budget_micros as cap
        from accounts where monthly_budget_micros is not null
      union all
      select key.account_id, key.id, account.currency, key.monthly_budget_micros
        from api_keys key join accounts account on account.id = key.account_id
        where key.monthly_budget_micros is not null and key.revoked_at is null
    )
    select capped.account_id as "accountId", key_id as "keyId", capped.currency,
      cap as "capMicros", coalesce(used.micros, 0)::bigint as "usedMicros",
      watch.month::text as month, watch.told
    from capped
      left join lateral (
        select sum(micros) as micros from usage_days day
        where day.account_id = capped.account_id and day.currency = capped.currency
          and day.day >= ${month.first}::date
          and day.day < (${month.first}::date + interval '1 month')
          and (key_id is null or day.api_key_id = key_id)
      ) used on true
      left join budget_watches watch on watch.account_id = capped.account_id
        and watch.api_key_id is not distinct from key_id
    order by capped.account_id, key_id nulls first
  `.execute(db)
  return rows
}

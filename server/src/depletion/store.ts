/** What accounts have, spend and were told. The watch reads of all; everything else takes the account. */
import type { DepletionStage } from '@garrison/contract/billing/depletion'
import type { Currency } from '@garrison/contract/common'
import { sql } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import type { Standing } from './rules.ts'

/** Money in micro-units of the account's currency. */
export type Looked = {
  accountId: string
  publicId: string
  name: string
  email: string | null
  currency: Currency
  balanceMicros: number
  /** Per hour, of everything that is billed. */
  burnMicros: number
  stage: DepletionStage
  told: DepletionStage
  toldAt: Date | null
  toldBalanceMicros: number | null
  depletedAt: Date | null
  floorMicros: number | null
  reclaimFrom: Date | null
  remindedDay: number
  /** Both are looked for in depleted accounts only. */
  isAwake: boolean
  ownsAnything: boolean
}

/** Accounts that spend something, or were not well at the last look. */
export const lookAtAll = (db: Database) => look(db, null)

export async function lookAt(db: Database | Tx, accountId: string): Promise<Looked | undefined> {
  return (await look(db, accountId))[0]
}

async function look(db: Database | Tx, one: string | null): Promise<Looked[]> {
  const only = one === null ? sql`true` : sql`account_id = ${one}`
  const { rows } = await sql<Looked>`
    select account.id as "accountId", account.public_id as "publicId", account.name, account.email,
      account.currency, coalesce(credits.balance_micros, 0)::bigint as "balanceMicros",
      coalesce(open.burn, 0)::bigint as "burnMicros",
      coalesce(known.stage, 'ok') as stage, coalesce(known.told, 'ok') as told,
      known.told_at as "toldAt", known.told_balance_micros as "toldBalanceMicros",
      known.depleted_at as "depletedAt", known.floor_micros as "floorMicros",
      known.reclaim_from as "reclaimFrom", coalesce(known.reminded_day, 0) as "remindedDay",
      coalesce(known.stage = 'depleted' and exists (
        select from instances where account_id = account.id and deleted_at is null
          and (status not in ('HIBERNATED', 'ERROR', 'DELETING') or retain_capacity)
        union all
        select from microvms where account_id = account.id and status = 'running'
      ), false) as "isAwake",
      coalesce(known.stage = 'depleted' and exists (
        select from counters where account_id = account.id and value > 0
          and kind in ('instances', 'volumes', 'snapshots')
        union all
        select from microvm_snapshots
          where account_id = account.id and deleted_at is null and not is_public
      ), false) as "ownsAnything"
    from accounts account
      left join ledger_accounts credits on credits.account_id = account.id
        and credits.kind = 'credits' and credits.currency = account.currency
      left join (
        select account_id, currency, sum(hourly_rate_micros) as burn
        from billing_records where ended_at is null and ${only} group by account_id, currency
      ) open on open.account_id = account.id and open.currency = account.currency
      left join depletions known on known.account_id = account.id
    where (${one}::uuid is null or account.id = ${one}) and (
      open.burn is not null or known.stage <> 'ok'
      -- Spent without anything that is billed by the hour.
      or (credits.balance_micros <= 0 and known.stage is distinct from 'depleted')
    )
    order by account.id
  `.execute(db)
  return rows
}

/** Micro-units per hour of what goes on to be billed when all machines are hibernated. */
export async function storageBurn(tx: Tx, accountId: string, currency: Currency): Promise<number> {
  const { rows } = await sql<{ rate: number }>`
    select (
      coalesce((select sum(hourly_rate_micros) from billing_records
        where account_id = ${accountId} and currency = ${currency} and ended_at is null
          and rate <> 'full'), 0)
      + coalesce((select sum(hibernation_rate_micros) from instances
        where account_id = ${accountId} and currency = ${currency} and status = 'HIBERNATING'), 0)
    )::bigint as rate
  `.execute(tx)
  return rows[0]?.rate ?? 0
}

/** Two watches never settle the same account at once. */
export async function lockStanding(tx: Tx, accountId: string, now: Date) {
  await tx
    .insertInto('depletions')
    .values({
      ...{ account_id: accountId, stage: 'ok', told: 'ok', told_at: null },
      ...{ told_balance_micros: null, depleted_at: null, floor_micros: null },
      ...{ reclaim_from: null, reminded_day: 0, updated_at: now },
    })
    .onConflict((conflict) => conflict.column('account_id').doNothing())
    .execute()
  await tx
    .selectFrom('depletions')
    .select('account_id')
    .where('account_id', '=', accountId)
    .forUpdate()
    .executeTakeFirstOrThrow()
}

export async function saveStanding(
  tx: Tx,
  accountId: string,
  standing: Standing & {
    depletedAt: Date | null
    floorMicros: number | null
    reclaimFrom: Date | null
    remindedDay: number
  },
  now: Date,
) {
  await tx
    .updateTable('depletions')
    .set({
      stage: standing.stage,
      told: standing.told,
      told_at: standing.toldAt,
      told_balance_micros: standing.toldBalanceMicros,
      depleted_at: standing.depletedAt,
      floor_micros: standing.floorMicros,
      reclaim_from: standing.reclaimFrom,
      reminded_day: standing.remindedDay,
      updated_at: now,
    })
    .where('account_id', '=', accountId)
    .execute()
}

/**
 * The balance, which nobody changes until the transaction ends. To be asked last: who meters has the
 * records before it has the balance, and so must we.
 */
export async function lockBalance(tx: Tx, accountId: string, currency: Currency): Promise<number> {
  const row = await tx
    .selectFrom('ledger_accounts')
    .select('balance_micros')
    .where('account_id', '=', accountId)
    .where('kind', '=', 'credits')
    .where('currency', '=', currency)
    .forNoKeyUpdate()
    .executeTakeFirst()
  return row?.balance_micros ?? 0
}

export const findStanding = (db: Database, accountId: string) =>
  db
    .selectFrom('depletions')
    .select(['depleted_at', 'reclaim_from'])
    .where('account_id', '=', accountId)
    .executeTakeFirst()

/** A machine that costs, and how often hibernating it has failed within a day. */
export type Spender = {
  id: string
  public_id: string
  status: 'ACTIVE' | 'SHUTOFF' | 'HIBERNATED'
  region: string
  failures: number
  failedAt: Date | null
}

/**
 * Machines that run or hold what running takes, and nothing is at work on. Those that failed last come
 * last, so that they keep nobody from their turn.
 * @param keyId Of what that key made only.
 */
export async function spenders(
  tx: Tx,
  accountId: string,
  keyId: string | null,
  since: Date,
): Promise<Spender[]> {
  const { rows } = await sql<Spender>`
    select instance.id, instance.public_id, instance.status, instance.region,
      coalesce(failed.times, 0)::int as failures, failed.at as "failedAt"
    from instances instance left join lateral (
      select count(*) as times, max(finished_at) as at from operations
      where account_id = ${accountId} and subject_id = instance.id
        and kind = 'hibernate-instance' and state = 'failed' and created_at >= ${since}
    ) failed on true
    where instance.account_id = ${accountId} and instance.deleted_at is null
      and (${keyId}::uuid is null or instance.api_key_id = ${keyId})
      and (instance.status in ('ACTIVE', 'SHUTOFF')
        or (instance.status = 'HIBERNATED' and instance.retain_capacity))
      and not exists (select from operation_holds hold where hold.resource_id = instance.id)
    order by failed.at nulls first, instance.created_at, instance.id
  `.execute(tx)
  return rows
}

/** What is left of the account, in the order in which it is deleted; nothing that is on its way already. */
export async function reclaimable(tx: Tx, accountId: string, limit: number) {
  const { rows } = await sql<{
    kind: 'instance' | 'volume' | 'snapshot' | 'microvm-snapshot'
    public_id: string
    pinned: boolean
  }>`
    with left_over as (
      select 1 as turn, 'instance' as kind, public_id, status = 'DELETING' as going, false as pinned
        from instances where account_id = ${accountId} and status <> 'DELETED'
      union all
      select 2, 'volume', public_id, status = 'deleting', false
        from volumes where account_id = ${accountId} and deleted_at is null
      union all
      select 3, 'snapshot', public_id, status = 'DELETING', pinned
        from snapshots where account_id = ${accountId} and deleted_at is null
      union all
      select 3, 'microvm-snapshot', public_id, status = 'deleting', false
        from microvm_snapshots
        where account_id = ${accountId} and deleted_at is null and not is_public
    )
    select kind, public_id, pinned from left_over
    where turn = (select min(turn) from left_over) and not going
    order by public_id limit ${limit}
  `.execute(tx)
  return rows
}

/** All accounts, and what each of them has. */
import type { DepletionStage } from '@garrison/contract/billing/depletion'
import { type Selectable, sql } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import { countOfMatches, type Range, readPage } from '../database/pages.ts'
import { containing } from '../database/patterns.ts'
import type { Schema } from '../database/schema.ts'

export type Account = Selectable<Schema['accounts']>

export function pageOfAccounts(
  db: Database,
  filter: { search?: string | undefined; suspended?: boolean | undefined },
  range: Range,
) {
  let query = db.selectFrom('accounts')
  if (filter.search) {
    const pattern = containing(filter.search)
    query = query.where((where) =>
      where.or([
        where('name', 'ilike', pattern),
        where('email', 'ilike', pattern),
        where('public_id', 'ilike', pattern),
      ]),
    )
  }
  if (filter.suspended !== undefined) {
    const isSuspended = sql<boolean>`id in (
      select account_id from account_controls where suspended_at is not null
    )`
    query = query.where(filter.suspended ? isSuspended : sql<boolean>`not ${isSuspended}`)
  }
  return readPage(
    query.selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc'),
    countOfMatches,
    range,
  )
}

export type Facts = {
  account_id: string
  instances: number
  running: number
  microvms: number
  vcpus: number
  memory_mib: number
  gpus: number
  volumes: number
  volume_gb: number
  snapshots: number
  images: number
  api_keys: number
  people: number
  balance_micros: number
  burn_micros: number
  stage: DepletionStage | null
  last_activity_at: Date | null
}

/** Of a page of accounts: each is asked for by an index of its own. */
export async function factsOf(db: Database | Tx, accountIds: readonly string[]) {
  if (accountIds.length === 0) return new Map<string, Facts>()
  const { rows } = await sql<Facts>`
    select a.id as account_id, machines.instances, machines.running, machines.gpus, micro.microvms,
      machines.vcpus + micro.vcpus as vcpus, machines.memory_mib + micro.memory_mib as memory_mib,
      disks.*, kept.snapshots, made.images, keys.api_keys,
      members.people, coalesce(credits.balance_micros, 0) as balance_micros,
      billed.burn_micros, depletions.stage, greatest(keys.used_at, done.done_at) as last_activity_at
    from accounts a
    cross join lateral (
      select count(*)::int as instances, (count(*) filter (where status = 'ACTIVE'))::int as running,
        coalesce(sum(vcpus), 0)::int as vcpus, coalesce(sum(memory_mib), 0)::bigint as memory_mib,
        coalesce(sum(gpu_count), 0)::int as gpus
      from instances where account_id = a.id and deleted_at is null
    ) machines
    cross join lateral (
      select count(*)::int as microvms, coalesce(sum(vcpus), 0)::int as vcpus,
        coalesce(sum(memory_mib), 0)::bigint as memory_mib
      from microvms where account_id = a.id and ended_at is null
    ) micro
    cross join lateral (
      select count(*)::int as volumes,
        coalesce(sum(coalesce(growing_to_gb, size_gb)), 0)::bigint as volume_gb
      from volumes where account_id = a.id and deleted_at is null
    ) disks
    cross join lateral (
      select (
        (select count(*) from snapshots where account_id = a.id and deleted_at is null)
        + (select count(*) from microvm_snapshots
            where account_id = a.id and deleted_at is null and not hidden)
      )::int as snapshots
    ) kept
    cross join lateral (
      select count(*)::int as images from images where account_id = a.id and deleted_at is null
    ) made
    cross join lateral (
      select (count(*) filter (where revoked_at is null))::int as api_keys,
        max(last_used_at) as used_at
      from api_keys where account_id = a.id
    ) keys
    cross join lateral (
      select count(*)::int as people from people where account_id = a.id and removed_at is null
    ) members
    left join depletions on depletions.account_id = a.id
    left join ledger_accounts credits
      on credits.account_id = a.id and credits.kind = 'credits' and credits.currency = a.currency
    cross join lateral (
      select coalesce(sum(hourly_rate_micros), 0)::bigint as burn_micros from billing_records
      where account_id = a.id and currency = a.currency and ended_at is null
    ) billed
    cross join lateral (
      select max(created_at) as done_at from audit_log where account_id = a.id
    ) done
    where a.id = any(${accountIds}::uuid[])
  `.execute(db)
  return new Map(rows.map((row) => [row.account_id, row]))
}

export const controlsOf = async (db: Database | Tx, accountIds: readonly string[]) => {
  if (accountIds.length === 0) return []
  return db
    .selectFrom('account_controls')
    .selectAll()
    .where('account_id', 'in', accountIds)
    .execute()
}

export const peopleOf = (db: Database | Tx, accountId: string) =>
  db
    .selectFrom('people')
    .select(['name', 'email', 'role', 'joined_at'])
    .where('account_id', '=', accountId)
    .where('removed_at', 'is', null)
    .orderBy('created_at')
    .orderBy('id')
    .execute()

/** Those that run now, in the order in which everybody locks. */
export const runningMachines = (tx: Tx, accountId: string) =>
  tx
    .selectFrom('instances')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('deleted_at', 'is', null)
    .where('status', 'not in', ['SHUTOFF', 'HIBERNATED', 'ERROR', 'DELETING', 'DELETED'])
    .orderBy('id')
    .execute()

/** Accounts whose credits are used up. */
export async function countDepleted(db: Database): Promise<number> {
  const { n } = await db
    .selectFrom('depletions')
    .select((select) => select.fn.countAll<number>().as('n'))
    .where('stage', '=', 'depleted')
    .executeTakeFirstOrThrow()
  return Number(n)
}

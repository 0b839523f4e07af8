/** What an operator has decided about an account: limits, and whether it is suspended. */
import { liveMicrovmStatuses } from '@garrison/contract/microvms/states'
import { type Insertable, sql } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import type { Schema } from '../database/schema.ts'

/** Undefined: nothing was ever decided. */
export const findControls = (db: Database | Tx, accountId: string) =>
  db
    .selectFrom('account_controls')
    .selectAll()
    .where('account_id', '=', accountId)
    .executeTakeFirst()

/** With how many microVMs live: these are started in a hurry, so their number is asked along. */
export const controlsAndMicrovms = (tx: Tx, accountId: string) =>
  tx
    .selectFrom('accounts')
    .leftJoin('account_controls', 'account_controls.account_id', 'accounts.id')
    .selectAll('account_controls')
    .select((select) =>
      select
        .selectFrom('microvms')
        .select(({ fn }) => fn.countAll<string>().as('live'))
        .where('account_id', '=', accountId)
        .where('status', 'in', liveMicrovmStatuses)
        .$asScalar()
        .as('microvms'),
    )
    .where('accounts.id', '=', accountId)
    .executeTakeFirstOrThrow()

export const suspensions = (db: Database) =>
  db
    .selectFrom('account_controls')
    .select(['account_id', 'suspended_reason'])
    .where('suspended_at', 'is not', null)
    .execute()

type Controls = Omit<Insertable<Schema['account_controls']>, 'account_id'>

export const setControls = (tx: Tx, accountId: string, set: Controls) =>
  tx
    .insertInto('account_controls')
    .values({ account_id: accountId, ...set })
    .onConflict((conflict) => conflict.column('account_id').doUpdateSet(set))
    .returningAll()
    .executeTakeFirstOrThrow()

/** What an account has of what can be limited. */
export async function holdings(db: Database | Tx, accountId: string) {
  const { rows } = await sql<{
    instances: number
    vcpus: number
    memoryMib: number
    gpus: number
    volumeGb: number
    snapshots: number
  }>`
    select instances + vms as instances, machines.vcpus + tiny.vcpus as vcpus,
      machines."memoryMib" + tiny."memoryMib" as "memoryMib", gpus,
      disks."volumeGb" + quotas."volumeGb" as "volumeGb",
      images.snapshots + layers.snapshots as snapshots from (
      select count(*)::int as instances, coalesce(sum(vcpus), 0)::int as vcpus,
        coalesce(sum(memory_mib), 0)::bigint as "memoryMib", coalesce(sum(gpu_count), 0)::int as gpus
      from instances where account_id = ${accountId} and deleted_at is null
    ) machines, (
      select coalesce(sum(coalesce(growing_to_gb, size_gb)), 0)::bigint as "volumeGb"
      from volumes where account_id = ${accountId} and deleted_at is null
    ) disks, (
      select coalesce(sum(quota_bytes), 0)::float8 / 1e9 as "volumeGb"
      from microvm_volumes where account_id = ${accountId}
    ) quotas, (
      select count(*)::int as snapshots
      from snapshots where account_id = ${accountId} and deleted_at is null
    ) images, (
      select count(*)::int as vms, coalesce(sum(vcpus), 0)::int as vcpus,
        coalesce(sum(memory_mib), 0)::bigint as "memoryMib"
      from microvms where account_id = ${accountId} and ended_at is null
    ) tiny, (
      select count(*)::int as snapshots
      from microvm_snapshots where account_id = ${accountId} and deleted_at is null and not hidden
    ) layers
  `.execute(db)
  const [row] = rows
  if (row === undefined) throw new Error('a sum has no row')
  return row
}

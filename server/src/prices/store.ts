/** Price changes as rows, the lock that keeps prices still, and what is billed at which of them. */
import { type Insertable, type Selectable, sql } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import type { Range } from '../database/pages.ts'
import { countOfMatches, readPage } from '../database/pages.ts'
import type { Schema } from '../database/schema.ts'

export type PriceChangeRow = Selectable<Schema['price_changes']>

/** No price changes until the transaction ends; what uses prices goes on beside it. */
export async function holdPrices(tx: Tx) {
  await sql`select pg_advisory_xact_lock_shared(hashtextextended('prices', 0))`.execute(tx)
}

/** Nobody uses prices for something new, nor meters, until the transaction ends. */
export async function lockPrices(tx: Tx) {
  await sql`select pg_advisory_xact_lock(hashtextextended('prices', 0))`.execute(tx)
}

/** 0 when there has never been a change. */
export async function revision(db: Database | Tx): Promise<number> {
  const row = await db
    .selectFrom('price_changes')
    .select('revision')
    .orderBy('revision', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row?.revision ?? 0
}

/** Those that were not withdrawn, in the order in which they come into force. */
export const standingChanges = (db: Database | Tx) =>
  db
    .selectFrom('price_changes')
    .selectAll()
    .where('withdrawn_at', 'is', null)
    .orderBy('effective_from')
    .orderBy('revision')
    .execute()

/** In force, but what runs has not been given them yet. */
export const dueChanges = (db: Database | Tx, now: Date) =>
  db
    .selectFrom('price_changes')
    .selectAll()
    .where('applied_at', 'is', null)
    .where('withdrawn_at', 'is', null)
    .where('effective_from', '<=', now)
    .orderBy('effective_from')
    .orderBy('revision')
    .execute()

export const insertChange = (tx: Tx, row: Insertable<Schema['price_changes']>) =>
  tx.insertInto('price_changes').values(row).returningAll().executeTakeFirstOrThrow()

export const lockChange = (tx: Tx, id: string) =>
  tx
    .selectFrom('price_changes')
    .selectAll()
    .where('id', '=', id)
    .where('withdrawn_at', 'is', null)
    .forUpdate()
    .executeTakeFirst()

export const markApplied = (tx: Tx, id: string, now: Date) =>
  tx.updateTable('price_changes').set({ applied_at: now }).where('id', '=', id).execute()

export const markWithdrawn = (tx: Tx, id: string, now: Date) =>
  tx
    .updateTable('price_changes')
    .set({ withdrawn_at: now, revision: sql<number>`nextval('price_revision')` })
    .where('id', '=', id)
    .execute()

/** The latest to come into force first. */
export function pageOfChanges(
  db: Database,
  filter: { kind?: PriceChangeRow['kind'] | undefined; future?: Date | undefined },
  range: Range,
) {
  let query = db.selectFrom('price_changes').where('withdrawn_at', 'is', null)
  if (filter.kind !== undefined) query = query.where('kind', '=', filter.kind)
  if (filter.future !== undefined) query = query.where('effective_from', '>', filter.future)
  return readPage(
    query.selectAll().orderBy('effective_from', 'desc').orderBy('id'),
    countOfMatches,
    range,
  )
}

/** Not deleted before that moment. */
const there = (since: Date) => sql<boolean>`(deleted_at is null or deleted_at > ${since})`

/** What has a price, of everybody: with what its price is computed from. */
export const pricedInstances = (tx: Tx, since: Date) =>
  tx
    .selectFrom('instances')
    .select(['id', 'account_id', 'public_id', 'region', 'currency', 'retain_capacity', 'status'])
    .select(['flavor', 'gpu_model', 'gpu_count', 'vcpus', 'memory_mib', 'disk_gb'])
    .select(['hourly_rate_micros', 'hibernation_rate_micros'])
    .where(there(since))
    .orderBy('id')

export const pricedSnapshots = (tx: Tx, since: Date) =>
  tx
    .selectFrom('snapshots')
    .select(['id', 'account_id', 'public_id', 'currency', 'disk_gb', 'hourly_rate_micros'])
    .where(there(since))
    .orderBy('id')

/** Of microVMs. */
export const pricedMicrovmSnapshots = (tx: Tx, since: Date) =>
  tx
    .selectFrom('microvm_snapshots')
    .select(['id', 'account_id', 'public_id', 'currency', 'hundred_gb_rate_micros'])
    .where('is_public', '=', false)
    .where('hidden', '=', false)
    .where(there(since))
    .orderBy('id')

export const pricedVolumes = (tx: Tx, since: Date) =>
  tx
    .selectFrom('volumes')
    .select(['id', 'account_id', 'public_id', 'currency', 'tier', 'volume_type', 'size_gb'])
    .select('tb_rate_micros')
    .where(there(since))
    .orderBy('id')

type Rate = { readonly id: string; readonly micros: number }

const arrays = (rates: readonly Rate[]) =>
  sql`unnest(${rates.map((each) => each.id)}::uuid[], ${rates.map((each) => each.micros)}::bigint[]) as wanted (id, micros)`

type RateColumn =
  | 'instances.hourly_rate_micros'
  | 'instances.hibernation_rate_micros'
  | 'snapshots.hourly_rate_micros'
  | 'microvm_snapshots.hundred_gb_rate_micros'
  | 'volumes.tb_rate_micros'

export async function setRates(tx: Tx, of: RateColumn, rates: readonly Rate[]) {
  if (rates.length === 0) return
  const [table = '', column = ''] = of.split('.')
  await sql`
    update ${sql.table(table)} as it set ${sql.ref(column)} = wanted.micros
    from ${arrays(rates)} where it.id = wanted.id
  `.execute(tx)
}

/** See migration 0022. `perGb`: the rate is for each so many GB of a record; null: for all of it. */
export async function repriceRecords(
  tx: Tx,
  rates: readonly Rate[],
  { rate, perGb, since }: { rate: string; perGb: number | null; since: Date },
) {
  if (rates.length === 0) return
  await sql`
    select reprice_records(wanted.id, ${rate}, wanted.micros, ${perGb}::int, ${since}::timestamptz)
    from ${arrays(rates)}
  `.execute(tx)
}

/** How much there was of each flavor, over time. A row says what is true until the next one. */
import { type Selectable, sql } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import type { Schema } from '../database/schema.ts'

export type StockSample = Selectable<Schema['stock_samples']>

/** One process at a time takes samples, so that a change is seen once. */
export async function holdSampling(tx: Tx): Promise<boolean> {
  const { rows } = await sql<{ held: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended('stock sampling', 0)) as held
  `.execute(tx)
  return rows[0]?.held === true
}

/** The last one of each flavor of each region, at that moment or before. */
export function samplesInForce(db: Database | Tx, at: Date, regions: readonly string[]) {
  if (regions.length === 0) return Promise.resolve([])
  return db
    .selectFrom('stock_samples')
    .distinctOn(['region', 'flavor'])
    .selectAll()
    .where('region', 'in', regions)
    .where('sampled_at', '<=', at)
    .orderBy('region')
    .orderBy('flavor')
    .orderBy('sampled_at', 'desc')
    .execute()
}

/** Oldest first; without `after` itself. */
export function samplesBetween(db: Database, after: Date, until: Date, regions: readonly string[]) {
  if (regions.length === 0) return Promise.resolve([])
  return db
    .selectFrom('stock_samples')
    .selectAll()
    .where('region', 'in', regions)
    .where('sampled_at', '>', after)
    .where('sampled_at', '<=', until)
    .orderBy('sampled_at')
    .execute()
}

export async function insertSamples(tx: Tx, samples: readonly StockSample[]) {
  if (samples.length > 0) await tx.insertInto('stock_samples').values(samples).execute()
}

/** All before that moment, but those that are still in force then. */
export async function forgetSamples(db: Database, before: Date) {
  await db
    .deleteFrom('stock_samples')
    .where('sampled_at', '<', before)
    .where((where) =>
      where.exists(
        where
          .selectFrom('stock_samples as later')
          .select('later.region')
          .whereRef('later.region', '=', 'stock_samples.region')
          .whereRef('later.flavor', '=', 'stock_samples.flavor')
          .whereRef('later.sampled_at', '>', 'stock_samples.sampled_at')
          .where('later.sampled_at', '<=', before),
      ),
    )
    .execute()
}

/** Calls of models in the database, without what was said. Every function takes the account. */
import type { Currency } from '@garrison/contract/common'
import { type Insertable, type Selectable, sql, type Updateable } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import { countOfMatches, type Range, readPage } from '../database/pages.ts'
import type { Schema } from '../database/schema.ts'

export type AiTransaction = Selectable<Schema['ai_transactions']>

export const insertTransaction = (tx: Tx, row: Insertable<Schema['ai_transactions']>) =>
  tx.insertInto('ai_transactions').values(row).returningAll().executeTakeFirstOrThrow()

export const findTransaction = (db: Database | Tx, accountId: string, publicId: string) =>
  db
    .selectFrom('ai_transactions')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('public_id', '=', publicId)
    .executeTakeFirst()

/** What runs right now, and what that holds of the balance in the currency. */
export async function runningOf(tx: Tx, accountId: string, currency: Currency, now: Date) {
  const { calls, held } = await tx
    .selectFrom('ai_transactions')
    .select(sql<number>`count(*)`.as('calls'))
    .select(
      sql<number>`coalesce(sum(held_micros) filter (where currency = ${currency}), 0)::bigint`.as(
        'held',
      ),
    )
    .where('account_id', '=', accountId)
    .where('status', '=', 'running')
    .where('held_until', '>', now)
    .executeTakeFirstOrThrow()
  return { calls: Number(calls), heldMicros: held }
}

/** One that failed is tried again. Undefined when it did not fail. */
export const reopenTransaction = (
  tx: Tx,
  accountId: string,
  publicId: string,
  held: { held_micros: number; held_until: Date },
) =>
  tx
    .updateTable('ai_transactions')
    .set({ ...held, status: 'running', ended_at: null })
    .where('account_id', '=', accountId)
    .where('public_id', '=', publicId)
    .where('status', '=', 'failed')
    .returningAll()
    .executeTakeFirst()

/** Undefined when it has ended before. */
export const endTransaction = (
  tx: Database | Tx,
  accountId: string,
  id: string,
  set: Updateable<Schema['ai_transactions']> & { status: 'completed' | 'failed'; ended_at: Date },
) =>
  tx
    .updateTable('ai_transactions')
    .set(set)
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .where('status', '=', 'running')
    .returningAll()
    .executeTakeFirst()

/** Those that died with their process. Of all accounts: nobody asks for it. */
export const endAbandoned = (db: Database, now: Date) =>
  db
    .updateTable('ai_transactions')
    .set({ status: 'failed', ended_at: now })
    .where('status', '=', 'running')
    .where('held_until', '<=', now)
    .execute()

export type UsageFilter = {
  readonly model?: string | undefined
  readonly from?: Date | undefined
  /** Not itself. */
  readonly to?: Date | undefined
}

function ended(db: Database, accountId: string, currency: Currency, filter: UsageFilter) {
  const { model, from, to } = filter
  let query = db
    .selectFrom('ai_transactions')
    .where('account_id', '=', accountId)
    .where('currency', '=', currency)
    .where('status', '<>', 'running')
  if (model) query = query.where('model', '=', model)
  if (from) query = query.where('created_at', '>=', from)
  if (to) query = query.where('created_at', '<', to)
  return query
}

/** Newest first. */
export const pageOfTransactions = (
  db: Database,
  accountId: string,
  currency: Currency,
  filter: UsageFilter,
  range: Range,
) =>
  readPage(
    ended(db, accountId, currency, filter)
      .selectAll()
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc'),
    countOfMatches,
    range,
  )

export type ModelUsage = {
  readonly model: string
  readonly requests: number
  readonly prompt: number
  readonly completion: number
  readonly costMicros: number
}

/** The dearest first. */
export const usageByModel = (
  db: Database,
  accountId: string,
  currency: Currency,
  filter: UsageFilter,
): Promise<ModelUsage[]> =>
  ended(db, accountId, currency, filter)
    .select([
      'model',
      sql<number>`count(*)`.as('requests'),
      sql<number>`sum(prompt_tokens)::bigint`.as('prompt'),
      sql<number>`sum(completion_tokens)::bigint`.as('completion'),
      sql<number>`sum(cost_micros)::bigint`.as('costMicros'),
    ])
    .groupBy('model')
    .orderBy('costMicros', 'desc')
    .orderBy('model')
    .execute()

/**
 * The movements of one account's balance, for people. A trigger writes them with what is booked: each movement
 * as a row, and usage, which is booked each minute, as one for each hour.
 */
import type { CreditEntry } from '@garrison/contract/billing/credits'
import type { Currency } from '@garrison/contract/common'
import { type Selectable, sql } from 'kysely'
import type { Database } from '../database/database.ts'
import type { Range } from '../database/pages.ts'
import type { Schema } from '../database/schema.ts'

export type Movement = {
  kind: CreditEntry['kind']
  description: string
  micros: number
  currency: Currency
  at: Date
  orderId: string | null
  receiptNumber: string | null
}

/** Newest first. */
export async function pageOfMovements(
  db: Database,
  { accountId, currency }: { accountId: string; currency: Currency },
  kind: CreditEntry['kind'] | undefined,
  { limit, offset }: Range,
): Promise<{ rows: Movement[]; total: number }> {
  let mine = db
    .selectFrom('credit_movements')
    .where('account_id', '=', accountId)
    .where('currency', '=', currency)
  if (kind !== undefined) mine = mine.where('kind', '=', kind)
  const [rows, { total }] = await Promise.all([
    mine
      .selectAll()
      .orderBy('at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit)
      .offset(offset)
      .execute(),
    mine.select(sql<number>`count(*)`.as('total')).executeTakeFirstOrThrow(),
  ])
  return { rows: await withReceipts(db, accountId, rows), total: Number(total) }
}

async function withReceipts(
  db: Database,
  accountId: string,
  rows: Selectable<Schema['credit_movements']>[],
): Promise<Movement[]> {
  const ids = [...new Set(rows.map(orderOf).filter((id) => id !== null))]
  const orders =
    ids.length === 0
      ? []
      : await db
          .selectFrom('credit_orders')
          .select(['public_id', 'receipt_number'])
          .where('account_id', '=', accountId)
          .where('public_id', 'in', ids)
          .execute()
  const receipts = new Map(orders.map((order) => [order.public_id, order.receipt_number]))
  return rows.map((row) => {
    const orderId = orderOf(row)
    return {
      kind: row.kind as Movement['kind'],
      description: row.description,
      micros: row.amount_micros,
      currency: row.currency,
      at: row.at,
      orderId,
      receiptNumber: receipts.get(orderId ?? '') ?? null,
    }
  })
}

/** What is booked for an order names it: `purchase BRK-123456O`. */
const orderOf = ({ kind, reference }: { kind: string; reference: string | null }) =>
  kind === 'purchase' || kind === 'refund' ? (reference?.split(' ')[1] ?? null) : null

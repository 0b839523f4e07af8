/**
 * Orders, payments and refunds in the database. What accounts ask for is looked up within the account; what
 * the provider tells is looked up by the provider's ids, which it signed.
 */
import type { OrderState } from '@garrison/contract/billing/order-states'
import { type Insertable, type Selectable, sql, type Updateable } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import { counterOf, countOfMatches, type Range, readPage } from '../database/pages.ts'
import type { Schema } from '../database/schema.ts'

export type Order = Selectable<Schema['credit_orders']>
export type Payment = Selectable<Schema['credit_payments']>
export type Refund = Selectable<Schema['credit_refunds']>

const owned = (db: Database | Tx, accountId: string) =>
  db.selectFrom('credit_orders').where('account_id', '=', accountId)

export const findOrder = (db: Database | Tx, accountId: string, publicId: string) =>
  owned(db, accountId).selectAll().where('public_id', '=', publicId).executeTakeFirst()

export const findOrderAtProvider = (
  db: Database | Tx,
  accountId: string,
  provider: string,
  providerOrderId: string,
) =>
  owned(db, accountId)
    .selectAll()
    .where('provider', '=', provider)
    .where('provider_order_id', '=', providerOrderId)
    .executeTakeFirst()

export function pageOfOrders(
  db: Database,
  accountId: string,
  state: OrderState | undefined,
  range: Range,
): Promise<{ rows: Order[]; total: number }> {
  const matching =
    state === undefined ? owned(db, accountId) : owned(db, accountId).where('state', '=', state)
  const newestFirst = matching.selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc')
  const total = state === undefined ? counterOf(accountId, 'credit_orders') : countOfMatches
  return readPage(newestFirst, total, range)
}

export async function countOpenOrders(tx: Tx, accountId: string): Promise<number> {
  const { n } = await owned(tx, accountId)
    .where('state', 'in', ['creating', 'open'])
    .select((select) => select.fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow()
  return Number(n)
}

export const insertOrder = (tx: Tx, order: Insertable<Schema['credit_orders']>) =>
  tx.insertInto('credit_orders').values(order).returningAll().executeTakeFirstOrThrow()

export const updateOrder = (
  tx: Tx,
  id: string,
  set: Updateable<Schema['credit_orders']> & { updated_at: Date },
) =>
  tx
    .updateTable('credit_orders')
    .set(set)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()

/** Of any account, for what the operator or the provider says about it. */
export const orderByPublicId = (db: Database | Tx, publicId: string) =>
  db.selectFrom('credit_orders').selectAll().where('public_id', '=', publicId).executeTakeFirst()

export const getOrder = (db: Database | Tx, id: string) =>
  db.selectFrom('credit_orders').selectAll().where('id', '=', id).executeTakeFirstOrThrow()

/** Nobody books to it until the transaction ends. */
export const lockOrder = (tx: Tx, id: string) =>
  tx
    .selectFrom('credit_orders')
    .selectAll()
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirstOrThrow()

export const lockOrderAtProvider = (tx: Tx, provider: string, providerOrderId: string) =>
  tx
    .selectFrom('credit_orders')
    .selectAll()
    .where('provider', '=', provider)
    .where('provider_order_id', '=', providerOrderId)
    .forNoKeyUpdate()
    .executeTakeFirst()

/**
 * Whoever books a payment or a refund of it takes this first, also while neither is known: otherwise a refund
 * and its payment that are told at the same moment would not see each other.
 */
export async function lockPayment(tx: Tx, provider: string, paymentId: string) {
  const name = JSON.stringify(['payment', provider, paymentId])
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(tx)
}

export const findPayment = (db: Database | Tx, provider: string, paymentId: string) =>
  db
    .selectFrom('credit_payments')
    .selectAll()
    .where('provider', '=', provider)
    .where('provider_payment_id', '=', paymentId)
    .executeTakeFirst()

export const getPayment = (db: Database | Tx, id: string) =>
  db.selectFrom('credit_payments').selectAll().where('id', '=', id).executeTakeFirstOrThrow()

export const insertPayment = (tx: Tx, payment: Insertable<Schema['credit_payments']>) =>
  tx.insertInto('credit_payments').values(payment).returningAll().executeTakeFirstOrThrow()

export const findRefund = (tx: Tx, provider: string, refundId: string) =>
  tx
    .selectFrom('credit_refunds')
    .selectAll()
    .where('provider', '=', provider)
    .where('provider_refund_id', '=', refundId)
    .executeTakeFirst()

/** One that we asked the provider for. */
export const findOwnRefund = (tx: Tx, id: string, paymentId: string) =>
  tx
    .selectFrom('credit_refunds')
    .selectAll()
    .where('id', '=', id)
    .where('provider_payment_id', '=', paymentId)
    .executeTakeFirst()

export const getRefund = (db: Database | Tx, id: string) =>
  db.selectFrom('credit_refunds').selectAll().where('id', '=', id).executeTakeFirstOrThrow()

export const insertRefund = (tx: Tx, refund: Insertable<Schema['credit_refunds']>) =>
  tx.insertInto('credit_refunds').values(refund).returningAll().executeTakeFirstOrThrow()

export const updateRefund = (
  tx: Tx,
  id: string,
  set: Updateable<Schema['credit_refunds']> & { updated_at: Date },
) =>
  tx
    .updateTable('credit_refunds')
    .set(set)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()

/** Told before the payment that they are of. */
export const refundsThatWait = (tx: Tx, provider: string, paymentId: string) =>
  tx
    .selectFrom('credit_refunds')
    .selectAll()
    .where('provider', '=', provider)
    .where('provider_payment_id', '=', paymentId)
    .where('order_id', 'is', null)
    .orderBy('id')
    .execute()

/** Oldest first. */
export const refundsOf = (db: Database | Tx, orderId: string) =>
  db
    .selectFrom('credit_refunds')
    .selectAll()
    .where('order_id', '=', orderId)
    .orderBy('created_at')
    .orderBy('id')
    .execute()

/** The provider is to be asked about these. */
export const ordersToAsk = (db: Database, now: Date, limit: number) =>
  db
    .selectFrom('credit_orders')
    .selectAll()
    .where('ask_at', '<=', now)
    .orderBy('ask_at')
    .limit(limit)
    .execute()

export const refundsToAsk = (db: Database, now: Date, limit: number) =>
  db
    .selectFrom('credit_refunds')
    .selectAll()
    .where('ask_at', '<=', now)
    .orderBy('ask_at')
    .limit(limit)
    .execute()

/** The next receipt of the year, such as `2026-000017`: without gaps, in the order of commits. */
export async function nextReceiptNumber(tx: Tx, now: Date): Promise<string> {
  const year = now.getUTCFullYear()
  const { last } = await tx
    .insertInto('receipt_numbers')
    .values({ year, last: 1 })
    .onConflict((conflict) =>
      conflict.column('year').doUpdateSet((set) => ({ last: set('receipt_numbers.last', '+', 1) })),
    )
    .returning('last')
    .executeTakeFirstOrThrow()
  return `${year}-${String(last).padStart(6, '0')}`
}

/** False when somebody else is asking for it right now, or it is settled. */
export async function claimRefund(
  tx: Tx,
  { id, ask_at }: Pick<Refund, 'id' | 'ask_at'>,
  until: Date,
): Promise<boolean> {
  const claimed = await tx
    .updateTable('credit_refunds')
    .set({ ask_at: until })
    .where('id', '=', id)
    .where('ask_at', '=', ask_at)
    .returning('id')
    .executeTakeFirst()
  return claimed !== undefined
}

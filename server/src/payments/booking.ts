/**
 * From what the provider tells to what is booked. Each function takes a fact, in a transaction of its caller's,
 * and may be given the same one again, at the same moment by another process, or before the one that it
 * follows from. An order is credited once; a refund takes back once, and never more than was paid.
 *
 * Locks are taken in one order: the payment, then the order, then the account's balance.
 */
import { creditedOrderStates, whyNot } from '@garrison/contract/billing/order-states'
import type { EventKind } from '@garrison/contract/events/kinds'
import { recordAudit } from '../accounts/audit.ts'
import { postTransaction } from '../billing/ledger.ts'
import type { Tx } from '../database/database.ts'
import { recordEvent } from '../events/outbox.ts'
import { newUuid } from '../ids.ts'
import { queueMail } from '../mail/queue.ts'
import { toDecimal } from '../money.ts'
import { splitRefund, totalOf } from './offer.ts'
import type { PaymentFact, RefundFact } from './provider.ts'
import * as store from './store.ts'
import { paidWords, refundedWords, refundFailedWords, type Words } from './words.ts'

/** When it is booked, and who is written to about money. */
export type Books = {
  readonly now: Date
  readonly payers: (tx: Tx, accountId: string) => Promise<string[]>
}

/** `alarm`: money moved in a way that a person has to look at. */
export type Booked = { readonly orderId: string | null; readonly alarm: string | null }

const unknown: Booked = { orderId: null, alarm: null }

export const isCredited = ({ state }: Pick<store.Order, 'state'>) =>
  (creditedOrderStates as readonly string[]).includes(state)

/** A payment that belongs to no order of ours is somebody else's business on the same provider account. */
export async function bookPayment(
  tx: Tx,
  provider: string,
  fact: PaymentFact,
  books: Books,
): Promise<Booked> {
  const { now } = books
  if (fact.orderId === null) return unknown
  if (fact.state === 'failed') return noteFailure(tx, provider, fact.orderId, fact, books)
  if (fact.state !== 'captured') return unknown
  await store.lockPayment(tx, provider, fact.id)
  const known = await store.findPayment(tx, provider, fact.id)
  if (known !== undefined) return { orderId: known.order_id, alarm: null }
  const order = await store.lockOrderAtProvider(tx, provider, fact.orderId)
  if (order === undefined) return unknown
  const problem = whyNotCredited(order, fact)
  const payment = await store.insertPayment(tx, {
    id: newUuid(),
    account_id: order.account_id,
    order_id: order.id,
    provider,
    provider_payment_id: fact.id,
    amount_micros: fact.micros,
    currency: fact.currency,
    problem,
    created_at: now,
  })
  const alarms = [
    problem === null
      ? await credit(tx, order, payment, books)
      : await putUnderReview(tx, order, problem, books),
  ]
  for (const refund of await store.refundsThatWait(tx, provider, fact.id)) {
    const set = { order_id: order.id, account_id: order.account_id, updated_at: now }
    const linked = await store.updateRefund(tx, refund.id, set)
    if (linked.state !== 'failed') alarms.push(await takeBack(tx, payment, linked, books))
  }
  return { orderId: order.id, alarm: alarms.find((alarm) => alarm !== null) ?? null }
}

/** Told of the order, which stays open: the next attempt may do. */
async function noteFailure(
  tx: Tx,
  provider: string,
  orderId: string,
  { id, failure }: PaymentFact,
  books: Books,
): Promise<Booked> {
  const { now } = books
  const order = await store.lockOrderAtProvider(tx, provider, orderId)
  if (order === undefined) return unknown
  const problem = `Payment ${id} failed: ${failure ?? 'the provider does not say why'}`
  if (order.state === 'open' && order.problem !== problem) {
    await store.updateOrder(tx, order.id, { problem, updated_at: now })
    await tell(tx, order, 'payment-failed', { problem }, now)
  }
  return { orderId: order.id, alarm: null }
}

function whyNotCredited(order: store.Order, { id, micros, currency }: PaymentFact): string | null {
  if (whyNot('credit', order.state) !== null) {
    return `Payment ${id} came after the order was paid already; it is not credited, and should be refunded`
  }
  if (currency === order.currency && micros === totalOf(order)) return null
  return (
    `Payment ${id} is ${toDecimal(micros)} ${currency} where ${toDecimal(totalOf(order))} ` +
    `${order.currency} was ordered; it is not credited`
  )
}

async function credit(tx: Tx, order: store.Order, payment: store.Payment, books: Books) {
  const { now } = books
  const { account_id: accountId, currency, public_id } = order
  const { base_micros: credits, tax_micros: tax } = order
  const description = order.package === null ? 'Credits' : `${order.package} package`
  const reference = `purchase ${public_id}`
  await post(tx, order, { kind: 'purchase', description, reference, credits, tax }, now)
  const receipt_number = await store.nextReceiptNumber(tx, now)
  const set = { state: 'paid', payment_id: payment.id, receipt_number, paid_at: now } as const
  // What is under review stays there to be read: other money of this order is somewhere.
  const problem = order.state === 'review' ? order.problem : null
  await store.updateOrder(tx, order.id, { ...set, problem, ask_at: null, updated_at: now })
  const detail = {
    currency,
    base: toDecimal(order.base_micros),
    total: toDecimal(totalOf(order)),
    receipt_number,
  }
  await audit(tx, accountId, 'credits.purchase', public_id, detail, now)
  await tell(tx, order, 'paid', detail, now)
  await write(tx, order, paidWords(order, receipt_number), books)
  return null
}

async function putUnderReview(tx: Tx, order: store.Order, problem: string, books: Books) {
  const { now } = books
  const state = isCredited(order) ? order.state : 'review'
  await store.updateOrder(tx, order.id, { state, problem, updated_at: now })
  await tell(tx, order, 'review', { problem }, now)
  return `Order ${order.public_id}: ${problem}`
}

/**
 * A refund or chargeback, whoever began it. One that the operator asked for is known by its receipt, and is
 * booked already; one of a payment that nobody has told us of waits for that.
 */
export async function bookRefund(
  tx: Tx,
  provider: string,
  fact: RefundFact,
  books: Books,
): Promise<Booked> {
  const { now } = books
  await store.lockPayment(tx, provider, fact.paymentId)
  const payment = await store.findPayment(tx, provider, fact.paymentId)
  const known = await knownRefund(tx, provider, fact)
  if (known !== undefined) return follow(tx, payment, known, fact, books)
  if (fact.state === 'pending' || fact.micros <= 0) return unknown
  const refund = await store.insertRefund(tx, {
    id: newUuid(),
    provider,
    provider_payment_id: fact.paymentId,
    provider_refund_id: fact.id,
    account_id: payment?.account_id ?? null,
    order_id: payment?.order_id ?? null,
    source: 'provider',
    state: fact.state,
    amount_micros: fact.micros,
    currency: fact.currency,
    credits_micros: null,
    tax_micros: null,
    reason: fact.reason,
    problem: null,
    created_at: now,
    updated_at: now,
    ask_at: null,
  })
  if (payment === undefined || fact.state === 'failed') return unknown
  return { orderId: payment.order_id, alarm: await takeBack(tx, payment, refund, books) }
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

async function knownRefund(tx: Tx, provider: string, { id, receipt, paymentId }: RefundFact) {
  const found = await store.findRefund(tx, provider, id)
  if (found !== undefined || receipt === null || !uuid.test(receipt)) return found
  return store.findOwnRefund(tx, receipt, paymentId)
}

async function follow(
  tx: Tx,
  payment: store.Payment | undefined,
  refund: store.Refund,
  { id, state }: RefundFact,
  books: Books,
): Promise<Booked> {
  const { now } = books
  const orderId = refund.order_id
  if (refund.state === 'failed') {
    const alarm =
      state === 'processed'
        ? `Refund ${id} was paid back after it had failed; its credits are still there`
        : null
    return { orderId, alarm }
  }
  const met = { provider_refund_id: id, ask_at: null, updated_at: now }
  if (state === 'failed') {
    if (payment !== undefined) await giveBack(tx, payment, refund, books)
    await store.updateRefund(tx, refund.id, { ...met, state: 'failed' })
  } else if (state === 'processed' || refund.provider_refund_id === null) {
    const next = state === 'processed' ? 'processed' : refund.state
    await store.updateRefund(tx, refund.id, { ...met, state: next })
  }
  return { orderId, alarm: null }
}

/** The balance may become negative: the money is gone. Answers an alarm. */
export async function takeBack(
  tx: Tx,
  payment: store.Payment,
  refund: store.Refund,
  books: Books,
): Promise<string | null> {
  const { now } = books
  const order = await store.lockOrder(tx, payment.order_id)
  if (order.payment_id !== payment.id) {
    const problem = 'Of a payment that was not credited'
    await store.updateRefund(tx, refund.id, { problem, updated_at: now })
    return null
  }
  const rest = totalOf(order) - order.refunded_micros
  const amount = refund.currency === order.currency ? Math.min(refund.amount_micros, rest) : 0
  if (amount > 0) await bookBack(tx, order, refund, amount, books)
  if (amount === refund.amount_micros) return null
  const problem =
    `${toDecimal(refund.amount_micros)} ${refund.currency} went back to the customer, where ` +
    `${toDecimal(rest)} ${order.currency} was left of what was paid`
  await store.updateRefund(tx, refund.id, { problem, updated_at: now })
  await store.updateOrder(tx, order.id, { problem, updated_at: now })
  await tell(tx, order, 'review', { problem }, now)
  return `Order ${order.public_id}: ${problem}`
}

async function bookBack(
  tx: Tx,
  order: store.Order,
  refund: store.Refund,
  amount: number,
  books: Books,
) {
  const { now } = books
  const { credits, tax } = splitRefund(order, amount)
  const description = refund.reason ?? 'Refund'
  const reference = referenceOf(order, refund)
  const taken = { credits: -credits, tax: -tax }
  await post(tx, order, { kind: 'refund', description, reference, ...taken }, now)
  const refunded_micros = order.refunded_micros + amount
  const state = refunded_micros === totalOf(order) ? 'refunded' : 'partially_refunded'
  const refunded_tax_micros = order.refunded_tax_micros + tax
  const set = { refunded_micros, refunded_tax_micros, state, updated_at: now } as const
  await store.updateOrder(tx, order.id, set)
  const booked = { credits_micros: credits, tax_micros: tax, updated_at: now }
  await store.updateRefund(tx, refund.id, booked)
  const detail = {
    currency: order.currency,
    amount: toDecimal(amount),
    credits: toDecimal(credits),
    source: refund.source,
    reason: refund.reason,
  }
  await audit(tx, order.account_id, 'credits.refund', order.public_id, detail, now)
  await tell(tx, order, 'refunded', detail, now)
  await write(tx, order, refundedWords(order, { amount, credits, reason: refund.reason }), books)
}

/** The customer did not get the money after all, so the credits are there again. */
export async function giveBack(tx: Tx, payment: store.Payment, refund: store.Refund, books: Books) {
  const { now } = books
  const order = await store.lockOrder(tx, payment.order_id)
  const { credits_micros: credits, tax_micros: tax } = refund
  if (credits === null || tax === null) return
  const description = 'Refund failed; credits are given back'
  const reference = `${referenceOf(order, refund)} failed`
  await post(tx, order, { kind: 'refund', description, reference, credits, tax }, now)
  const refunded_micros = order.refunded_micros - credits - tax
  await store.updateOrder(tx, order.id, {
    refunded_micros,
    refunded_tax_micros: order.refunded_tax_micros - tax,
    state: refunded_micros === 0 ? 'paid' : 'partially_refunded',
    updated_at: now,
  })
  await store.updateRefund(tx, refund.id, {
    credits_micros: null,
    tax_micros: null,
    updated_at: now,
  })
  const words = refundFailedWords(order, credits + tax)
  await tell(tx, order, 'refund-failed', { problem: words.subject }, now)
  await write(tx, order, words, books)
}

const referenceOf = ({ public_id }: store.Order, { id }: store.Refund) =>
  `refund ${public_id} ${id}`

async function write(
  tx: Tx,
  { account_id: accountId }: store.Order,
  words: Words,
  { now, payers }: Books,
) {
  for (const to of await payers(tx, accountId)) {
    await queueMail(tx, { accountId, to, ...words }, now)
  }
}

/** What goes to the credits and to the tax office comes from payments, and goes back there. */
async function post(
  tx: Tx,
  { account_id, currency }: store.Order,
  { credits, tax, ...about }: Posting,
  now: Date,
) {
  const entries = [
    { accountId: account_id, kind: 'credits', currency, micros: credits },
    { accountId: null, kind: 'tax', currency, micros: tax },
    { accountId: null, kind: 'payments', currency, micros: -credits - tax },
  ] as const
  const moved = entries.filter(({ micros }) => micros !== 0)
  if (await postTransaction(tx, { ...about, entries: moved }, now)) return
  throw new Error(`"${about.reference}" was booked before, and its order does not know it`)
}

type Posting = {
  kind: 'purchase' | 'refund'
  description: string
  /** Booked once. */
  reference: string
  credits: number
  tax: number
}

type OrderVerb = EventKind extends infer Kind
  ? Kind extends `order.${infer Verb}`
    ? Verb
    : never
  : never

export function tell(
  tx: Tx,
  { account_id, public_id }: Pick<store.Order, 'account_id' | 'public_id'>,
  verb: OrderVerb,
  data: Record<string, unknown>,
  now: Date,
) {
  const subject = { subjectKind: 'order', subjectId: public_id }
  return recordEvent(tx, { accountId: account_id, kind: `order.${verb}`, ...subject, data }, now)
}

function audit(
  tx: Tx,
  accountId: string,
  action: string,
  subjectId: string,
  detail: Record<string, unknown>,
  now: Date,
) {
  return recordAudit(tx, { accountId }, { action, subjectKind: 'order', subjectId, detail }, now)
}

/**
 * Razorpay, through its official package. It counts in hundredths, signs with HMAC-SHA256 in hex (checkouts
 * with the key's secret over `order|payment`, webhooks with a secret of their own over the raw body), and
 * knows no idempotency keys: what we ask for carries a receipt, by which it is found again.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import Razorpay from 'razorpay'
import { z } from 'zod'
import type { PaymentsConfig } from '../config/payments.ts'
import { microsPerCent } from '../money.ts'
import {
  type Notice,
  type PaymentFact,
  type PaymentProvider,
  ProviderError,
  type RefundFact,
} from './provider.ts'

const patienceMs = 15_000
const refundsPerPage = 100

const Id = z.string().min(1).max(100)

/** What we need of a payment; the rest may change as Razorpay likes. */
const Payment = z.object({
  id: Id,
  order_id: Id.nullish(),
  amount: z.coerce.number().int().min(0),
  currency: z.string(),
  status: z.string(),
  error_description: z.string().nullish(),
})

const Refund = z.object({
  id: Id,
  payment_id: Id,
  amount: z.coerce.number().int().min(0),
  currency: z.string(),
  status: z.string().default('processed'),
  receipt: z.string().nullish(),
})

const Dispute = z.object({
  id: Id,
  payment_id: Id,
  currency: z.string(),
  /** What was taken for it; nothing while it is not lost. */
  amount_deducted: z.coerce.number().int().min(0),
  reason_code: z.string().nullish(),
})

const Payload = z.object({
  payment: z.object({ entity: Payment }).optional(),
  refund: z.object({ entity: Refund }).optional(),
  dispute: z.object({ entity: Dispute }).optional(),
})

/** Those that tell of money; all others are none of our business. */
const moneyEvents = new Set([
  'order.paid',
  'payment.captured',
  'payment.failed',
  'refund.processed',
  'refund.failed',
  'payment.dispute.lost',
])

export function createRazorpay(config: NonNullable<PaymentsConfig['razorpay']>): PaymentProvider {
  const { key_id, key_secret, webhook_secret } = config
  const client = new Razorpay({ key_id, key_secret })
  configure(client, config.base_url)

  const paymentOf = async (answer: Promise<unknown>) => paymentFact(read(Payment, await answer))

  async function orderWith(receipt: string) {
    const found = await ask('orders', client.orders.all({ receipt }))
    const { items } = read(z.object({ items: z.array(z.object({ id: Id })) }), found)
    return items[0]?.id
  }

  return {
    name: 'razorpay',
    publicKey: key_id,

    async ensureOrder({ receipt, micros, currency }) {
      const found = await orderWith(receipt)
      if (found !== undefined) return found
      const body = { receipt, amount: micros / microsPerCent, currency, notes: { receipt } }
      const made = await ask('a new order', client.orders.create(body))
      return read(z.object({ id: Id }), made).id
    },

    isGenuine: ({ orderId, paymentId, signature }) =>
      isSigned(`${orderId}|${paymentId}`, signature, key_secret),

    readWebhook(body, signature) {
      if (signature === undefined || !isSigned(body, signature, webhook_secret)) return null
      return noticeOf(JSON.parse(body))
    },

    payment: (id) => paymentOf(ask('a payment', client.payments.fetch(id))),

    async paymentsOf(orderId) {
      const answer = await ask('payments', client.orders.fetchPayments(orderId))
      return read(z.object({ items: z.array(Payment) }), answer).items.map(paymentFact)
    },

    capture: ({ id, micros, currency }) =>
      paymentOf(ask('a capture', client.payments.capture(id, micros / microsPerCent, currency))),

    async ensureRefund({ paymentId, micros, receipt }) {
      const listing = client.payments.fetchMultipleRefund(paymentId, { count: refundsPerPage })
      const { items } = read(z.object({ items: z.array(Refund) }), await ask('refunds', listing))
      const before = items.find((refund) => refund.receipt === receipt)
      if (before !== undefined) return refundFact(before)
      const body = { amount: micros / microsPerCent, receipt, notes: { receipt } }
      const made = await ask('a refund', client.payments.refund(paymentId, body))
      return refundFact(read(Refund, made))
    },
  }
}

function noticeOf(json: unknown): Notice {
  const { event, payload } = read(z.object({ event: z.string(), payload: z.unknown() }), json)
  if (!moneyEvents.has(event)) return { event, payment: null, refund: null }
  const { payment, refund, dispute } = read(Payload, payload)
  return {
    event,
    payment: payment ? paymentFact(payment.entity) : null,
    refund: refund ? refundFact(refund.entity) : chargebackFact(dispute?.entity),
  }
}

function paymentFact(payment: z.infer<typeof Payment>): PaymentFact {
  const { id, order_id, amount, currency, status, error_description } = payment
  return {
    id,
    orderId: order_id ?? null,
    micros: amount * microsPerCent,
    currency: currency.toUpperCase(),
    // What was refunded had been captured before.
    state:
      status === 'refunded'
        ? 'captured'
        : status === 'authorized' || status === 'captured' || status === 'failed'
          ? status
          : 'pending',
    failure: error_description ?? null,
  }
}

function refundFact(refund: z.infer<typeof Refund>): RefundFact {
  const { id, payment_id, amount, currency, status, receipt } = refund
  return {
    id,
    paymentId: payment_id,
    micros: amount * microsPerCent,
    currency: currency.toUpperCase(),
    state: status === 'processed' || status === 'failed' ? status : 'pending',
    receipt: receipt ?? null,
    reason: null,
  }
}

function chargebackFact(dispute: z.infer<typeof Dispute> | undefined): RefundFact | null {
  if (dispute === undefined || dispute.amount_deducted === 0) return null
  return {
    id: dispute.id,
    paymentId: dispute.payment_id,
    micros: dispute.amount_deducted * microsPerCent,
    currency: dispute.currency.toUpperCase(),
    state: 'processed',
    receipt: null,
    reason: `Chargeback${dispute.reason_code ? `: ${dispute.reason_code}` : ''}`,
  }
}

/** In the same time whatever is wrong; the package's own comparison tells how much of it is right. */
function isSigned(text: string, signature: string, secret: string) {
  const wanted = Buffer.from(createHmac('sha256', secret).update(text).digest('hex'))
  const given = Buffer.from(signature)
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

/** The package has no settings for where its API is, nor for how long to wait: its axios has. */
function configure(client: Razorpay, baseURL: string) {
  const http: unknown = Reflect.get(client.api, 'rq')
  const defaults: unknown =
    typeof http === 'function' || (typeof http === 'object' && http !== null)
      ? Reflect.get(http, 'defaults')
      : undefined
  if (typeof defaults !== 'object' || defaults === null) {
    throw new Error('This version of the package razorpay keeps its HTTP client elsewhere')
  }
  Object.assign(defaults, { baseURL, timeout: patienceMs, maxRedirects: 0 })
}

/** The package rejects with a plain object for an answer, and with a TypeError when there was none. */
async function ask<T>(what: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer
  } catch (error) {
    const { statusCode, description } = answerOf(error)
    // Too many requests, or a server in trouble, is no answer to what was asked.
    const refused = statusCode !== null && statusCode < 500 && statusCode !== 429
    const words = description ?? (statusCode === null ? 'no answer' : `status ${statusCode}`)
    throw new ProviderError(`Razorpay: ${what}: ${words}`, { refused, cause: error })
  }
}

const Refusal = z.object({
  statusCode: z.coerce.number(),
  error: z.object({ description: z.string().optional() }).optional().catch(undefined),
})

function answerOf(error: unknown) {
  const { data } = Refusal.safeParse(error)
  return {
    statusCode: data?.statusCode ?? null,
    description: data?.error?.description ?? null,
  }
}

function read<S extends z.ZodType>(schema: S, answer: unknown): z.infer<S> {
  const { data, error } = schema.safeParse(answer)
  if (error === undefined) return data as z.infer<S>
  throw new ProviderError(`Razorpay answers in another shape than expected: ${error.message}`, {
    refused: false,
    cause: error,
  })
}

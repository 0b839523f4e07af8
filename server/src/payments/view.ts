/** From rows to what the API answers about orders. */
import type { Checkout, Order, OrderSummary } from '@garrison/contract/billing/orders'
import { microsPerCent, toDecimal } from '../money.ts'
import { type Offer, totalOf } from './offer.ts'
import type { PaymentService } from './service.ts'
import type * as store from './store.ts'

export function orderSummary(order: store.Order): OrderSummary {
  return {
    id: order.public_id,
    state: order.state,
    package: order.package,
    base: toDecimal(order.base_micros),
    tax: toDecimal(order.tax_micros),
    tax_rule: order.tax_rule,
    total: toDecimal(totalOf(order)),
    refunded: toDecimal(order.refunded_micros),
    currency: order.currency,
    provider: order.provider,
    provider_order_id: order.provider_order_id,
    problem: order.problem,
    receipt_number: order.receipt_number,
    created_at: order.created_at.toISOString(),
    expires_at: order.expires_at.toISOString(),
    paid_at: order.paid_at?.toISOString() ?? null,
  }
}

type Details = Awaited<ReturnType<PaymentService['details']>>

export function orderAnswer(order: store.Order, { payment, refunds }: Details): Order {
  return {
    ...orderSummary(order),
    receipt: payment === null ? null : receiptOf(order, payment),
    refunds: refunds.map((refund) => ({
      amount: toDecimal(refund.amount_micros),
      credits: toDecimal(refund.credits_micros ?? 0),
      state: refund.state,
      source: refund.source,
      reason: refund.reason,
      created_at: refund.created_at.toISOString(),
    })),
  }
}

function receiptOf(order: store.Order, { provider_payment_id }: store.Payment): Order['receipt'] {
  const { receipt_number: number, paid_at, seller, buyer } = order
  if (number === null || paid_at === null) return null
  return {
    number,
    issued_at: paid_at.toISOString(),
    payment_id: provider_payment_id,
    seller,
    buyer,
  }
}

export function checkoutAnswer(
  order: store.Order,
  checkout: ReturnType<PaymentService['checkoutOf']>,
  accountPublicId: string,
): Checkout | null {
  if (checkout === null || order.provider_order_id === null) return null
  return {
    provider: order.provider,
    key_id: checkout.provider.publicKey,
    order_id: order.provider_order_id,
    amount: totalOf(order) / microsPerCent,
    currency: order.currency,
    name: checkout.seller,
    description: `Credits for ${accountPublicId}`,
    prefill: { name: order.buyer.name, email: order.buyer.email },
  }
}

export const packageAnswer = (offer: Offer & { package: string }) => ({
  name: offer.package,
  base: toDecimal(offer.baseMicros),
  tax: toDecimal(offer.taxMicros),
  total: toDecimal(offer.baseMicros + offer.taxMicros),
  currency: offer.currency,
})

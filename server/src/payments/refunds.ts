/** Refunds that the operator decides: for those who bought them, credits are final. */
import { whyNot } from '@garrison/contract/billing/order-states'
import type { Clock } from '../clock.ts'
import { type Database, transaction } from '../database/database.ts'
import { DomainError, NotFound, ValidationError } from '../errors.ts'
import { newUuid } from '../ids.ts'
import { formatMoney, microsPerCent } from '../money.ts'
import { bookRefund, giveBack, takeBack } from './booking.ts'
import { totalOf } from './offer.ts'
import { ProviderError } from './provider.ts'
import type { PaymentService } from './service.ts'
import * as store from './store.ts'

/** Longer than a request to the provider takes, so that nobody asks for the same while it is under way. */
const askAgainMs = 5 * 60_000

export function createRefundService({
  clock,
  payments,
}: {
  clock: Clock
  payments: PaymentService
}) {
  /** The credits are taken before the money goes, so that nobody spends what he gets back. */
  function begin(db: Database, orderId: string, wanted: number | undefined, reason: string | null) {
    return transaction(db, async (tx) => {
      const found = await store.orderByPublicId(tx, orderId)
      if (found === undefined) throw new NotFound('Order', orderId)
      payments.requireProvider(found.provider)
      if (found.payment_id === null) throw notRefundable(found)
      const payment = await store.getPayment(tx, found.payment_id)
      await store.lockPayment(tx, payment.provider, payment.provider_payment_id)
      const order = await store.lockOrder(tx, found.id)
      if (whyNot('refund', order.state) !== null) throw notRefundable(order)
      const rest = totalOf(order) - order.refunded_micros
      const amount = wanted ?? rest
      if (amount <= 0 || amount > rest || amount % microsPerCent !== 0) {
        const most = formatMoney(rest, order.currency)
        throw new ValidationError({
          amount: [`Use an amount with two decimals, up to what is left of the payment: ${most}.`],
        })
      }
      const now = clock.now()
      const refund = await store.insertRefund(tx, {
        id: newUuid(),
        provider: payment.provider,
        provider_payment_id: payment.provider_payment_id,
        provider_refund_id: null,
        account_id: order.account_id,
        order_id: order.id,
        source: 'operator',
        state: 'requested',
        amount_micros: amount,
        currency: order.currency,
        credits_micros: null,
        tax_micros: null,
        reason,
        problem: null,
        created_at: now,
        updated_at: now,
        ask_at: new Date(now.getTime() + askAgainMs),
      })
      await takeBack(tx, payment, refund, payments.books())
      return refund
    })
  }

  /** Asks the provider for it, once: by its receipt it is found where it was asked for before. */
  async function finish(db: Database, refund: store.Refund): Promise<void> {
    const { provider_payment_id: paymentId, amount_micros: micros, currency } = refund
    const provider = payments.requireProvider(refund.provider)
    // Pushed on first, so that another process does not ask at the same time.
    const claimed = await transaction(db, (tx) =>
      store.claimRefund(tx, refund, new Date(clock.now().getTime() + askAgainMs)),
    )
    if (!claimed) return
    try {
      const fact = await provider.ensureRefund({ paymentId, micros, currency, receipt: refund.id })
      await transaction(db, (tx) => bookRefund(tx, provider.name, fact, payments.books()))
    } catch (error) {
      if (!(error instanceof ProviderError && error.refused)) throw error
      await transaction(db, (tx) => undo(tx, refund, error))
      throw error
    }
  }

  async function undo(tx: Parameters<typeof giveBack>[0], refund: store.Refund, error: Error) {
    const { provider, provider_payment_id: paymentId } = refund
    await store.lockPayment(tx, provider, paymentId)
    const [payment, current] = await Promise.all([
      store.findPayment(tx, provider, paymentId),
      store.getRefund(tx, refund.id),
    ])
    if (payment === undefined || current.state !== 'requested') return
    const now = clock.now()
    await giveBack(tx, payment, current, payments.books())
    const set = { state: 'failed', problem: error.message, ask_at: null, updated_at: now } as const
    await store.updateRefund(tx, refund.id, set)
  }

  return {
    finish,

    /**
     * Pays back what was paid for an order, or a part of it in whole hundredths.
     * @throws DomainError UPSTREAM_ERROR when the provider refuses: then the credits are there again.
     */
    async refund(
      db: Database,
      { orderId, micros, reason }: { orderId: string; micros?: number; reason?: string },
    ): Promise<{ order: store.Order; refund: store.Refund }> {
      const begun = await begin(db, orderId, micros, reason ?? null)
      await finish(db, begun).catch((error: unknown) => {
        if (!(error instanceof ProviderError)) throw error
        if (error.refused)
          throw new DomainError('UPSTREAM_ERROR', `${error.message}; nothing is changed`)
        // The sweep asks again until it knows.
      })
      const refund = await store.getRefund(db, begun.id)
      return { order: await store.getOrder(db, refund.order_id ?? ''), refund }
    },
  }
}

export type RefundService = ReturnType<typeof createRefundService>

const notRefundable = ({ state }: store.Order) =>
  new ValidationError({ order: [`${whyNot('refund', state) ?? 'Order cannot be refunded'}.`] })

/**
 * Asks the provider about what we have not heard the end of: orders that may have been paid though nobody
 * told us, and refunds that were asked for by a process that died. Any number of processes may do it at once.
 */
import { whyNot } from '@garrison/contract/billing/order-states'
import type { Clock } from '../clock.ts'
import { type Database, isUnavailable, transaction } from '../database/database.ts'
import type { Log } from '../log.ts'
import { isCredited, tell } from './booking.ts'
import type { RefundService } from './refunds.ts'
import { captured, type PaymentService } from './service.ts'
import * as store from './store.ts'

const batch = 50
const minuteMs = 60_000
/** Banks may take days to say that a payment went through after all. */
const askedForMs = 5 * 24 * 60 * minuteMs

export function createSweep(deps: {
  clock: Clock
  payments: PaymentService
  refunds: RefundService
}) {
  const { clock, payments, refunds } = deps

  async function askAbout(db: Database, order: store.Order, log: Log) {
    if (order.provider_order_id !== null) {
      const provider = payments.requireProvider(order.provider)
      for (const fact of await provider.paymentsOf(order.provider_order_id)) {
        const { alarm } = await payments.book(
          db,
          provider.name,
          await captured(provider, order, fact),
        )
        if (alarm !== null) log('error', 'a payment needs a look', { problem: alarm })
      }
    }
    await goOn(db, order)
  }

  /** Less and less often, the older it gets. */
  async function goOn(db: Database, { id }: store.Order) {
    await transaction(db, async (tx) => {
      const order = await store.lockOrder(tx, id)
      if (isCredited(order)) return
      const now = clock.now()
      const age = now.getTime() - order.created_at.getTime()
      const next = new Date(now.getTime() + Math.max(minuteMs, age / 2))
      const expired = order.expires_at <= now && whyNot('expire', order.state) === null
      const forgotten = age > askedForMs || (expired && order.provider_order_id === null)
      await store.updateOrder(tx, id, {
        ...(expired && { state: 'expired' }),
        ask_at: forgotten ? null : next,
        updated_at: expired ? now : order.updated_at,
      })
      if (expired) await tell(tx, order, 'expired', {}, now)
    })
  }

  return {
    async run(db: Database, log: Log): Promise<void> {
      const now = clock.now()
      for (const order of await store.ordersToAsk(db, now, batch)) {
        await askAbout(db, order, log).catch(async (error: unknown) => {
          log('warn', 'cannot ask about an order', { order: order.public_id, error })
          // Its turn comes again, after that of the others; it expires all the same.
          await goOn(db, order)
        })
      }
      for (const refund of await store.refundsToAsk(db, now, batch)) {
        await refunds.finish(db, refund).catch((error: unknown) => {
          if (isUnavailable(error)) throw error
          log('warn', 'cannot ask for a refund', { refund: refund.id, error })
        })
      }
    },
  }
}

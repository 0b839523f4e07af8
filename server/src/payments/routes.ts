import * as contract from '@garrison/contract/billing/orders'
import type { Caller } from '../caller.ts'
import type { Database } from '../database/database.ts'
import { type AppContext, callerOf, envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import { offset, paginate } from '../http/pagination.ts'
import type { Write } from '../http/write.ts'
import type { Log } from '../log.ts'
import { type Booked, isCredited } from './booking.ts'
import type { PaymentService } from './service.ts'
import type { Order } from './store.ts'
import { checkoutAnswer, orderAnswer, orderSummary, packageAnswer } from './view.ts'

type Deps = { db: Database; write: Write; payments: PaymentService; log: Log }

export function paymentRoutes(app: App, { db, write, payments, log }: Deps) {
  const answerOf = async (order: Order) => orderAnswer(order, await payments.details(db, order))

  function heed({ alarm }: Booked) {
    if (alarm !== null) log('error', 'a payment needs a look', { problem: alarm })
  }

  const created = async (c: AppContext, caller: Caller, order: Order) => ({
    ...envelope(c, 'Order created successfully'),
    order: await answerOf(order),
    checkout: checkoutAnswer(order, payments.checkoutOf(order), caller.accountPublicId),
  })

  const verified = async (c: AppContext, order: Order) => ({
    ...envelope(
      c,
      isCredited(order)
        ? 'Payment verified successfully'
        : 'The payment is not complete yet; the credits come as soon as it is',
    ),
    order: await answerOf(order),
  })

  app.openapi(contract.getCreditPackages, async (c) => {
    const caller = callerOf(c)
    const { packages, ...offer } = await payments.packages(db, caller)
    return c.json(
      {
        ...envelope(c, 'Credit packages retrieved successfully'),
        currency: caller.currency,
        packages: packages.map(packageAnswer),
        ...offer,
      },
      200,
    )
  })

  app.openapi(contract.createOrder, (c) => {
    const caller = callerOf(c)
    return write(
      c,
      async (tx) => {
        const order = await payments.create(tx, caller, c.req.valid('json'))
        const answer = orderAnswer(order, { payment: null, refunds: [] })
        const checkout = checkoutAnswer(order, null, caller.accountPublicId)
        return { ...envelope(c, 'Order created successfully'), order: answer, checkout }
      },
      {
        afterCommit: async ({ order }) =>
          created(c, caller, await payments.open(db, caller, order.id)),
      },
    )
  })

  app.openapi(contract.listOrders, async (c) => {
    const { page, page_size, state } = c.req.valid('query')
    const range = { limit: page_size, offset: offset(page, page_size) }
    const { rows, total } = await payments.list(db, callerOf(c), state, range)
    return c.json(
      {
        ...envelope(c, 'Orders retrieved successfully'),
        orders: rows.map(orderSummary),
        pagination: paginate(page, page_size, total),
      },
      200,
    )
  })

  app.openapi(contract.getOrder, async (c) => {
    const order = await payments.require(db, callerOf(c), c.req.valid('param').order_id)
    return c.json(
      { ...envelope(c, 'Order retrieved successfully'), order: await answerOf(order) },
      200,
    )
  })

  app.openapi(contract.verifyPayment, (c) => {
    const caller = callerOf(c)
    const checkout = c.req.valid('json')
    return write(
      c,
      async (tx) => {
        const order = await payments.requireGenuine(tx, caller, checkout)
        const details = await payments.details(tx, order)
        return {
          ...envelope(c, 'Payment verified successfully'),
          order: orderAnswer(order, details),
        }
      },
      {
        afterCommit: async ({ order: { id } }) => {
          heed(await payments.settle(db, caller, id, checkout.razorpay_payment_id))
          return verified(c, await payments.require(db, caller, id))
        },
      },
    )
  })

  app.openapi(contract.receivePaymentWebhook, async (c) => {
    heed(
      await payments.hear(db, {
        provider: c.req.valid('param').provider,
        body: await c.req.text(),
        signature: c.req.header('x-razorpay-signature'),
      }),
    )
    return c.json(envelope(c, 'Booked'), 200)
  })
}

/** Whatever is done in whatever order, and told by whomever: the books are right to the micro-unit. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { balances } from '../billing/ledger.ts'
import { openShop, type Shop, webhookPath } from './testing.ts'

const index = fc.nat(3)
const step = fc.oneof(
  fc.record({ do: fc.constant('order' as const), cents: fc.integer({ min: 10_000, max: 90_000 }) }),
  fc.record({ do: fc.constant('pay' as const), of: index, by: fc.constantFrom(0, 0, 0, 1, -1) }),
  fc.record({ do: fc.constant('verify' as const), of: index }),
  fc.record({ do: fc.constant('hear' as const), of: index }),
  fc.record({ do: fc.constant('forge' as const), of: index }),
  fc.record({
    do: fc.constant('pay back' as const),
    of: index,
    percent: fc.integer({ min: 1, max: 100 }),
  }),
  fc.record({ do: fc.constant('hear back' as const), of: index, alone: fc.boolean() }),
  fc.record({
    do: fc.constant('refund' as const),
    of: index,
    percent: fc.integer({ min: 1, max: 100 }),
  }),
  fc.record({ do: fc.constant('grant' as const), micros: fc.integer({ min: 1, max: 1e9 }) }),
)
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

async function live(shop: Shop, steps: readonly Step[]) {
  const me = await shop.buyer({ country: 'IN', currency: 'INR' })
  const { accountId } = me.caller
  const { razorpay } = shop
  const orders: Awaited<ReturnType<typeof me.order>>[] = []
  const payments: ReturnType<typeof razorpay.pay>[] = []
  const refunds: ReturnType<typeof razorpay.payBack>[] = []
  let granted = 0

  const hear = (payment: (typeof payments)[number]) => shop.tell('payment.captured', { payment })
  const hearBack = (refund: (typeof refunds)[number], alone: boolean) => {
    const payment = payments.find(({ id }) => id === refund.payment_id)
    return shop.tell('refund.processed', { refund, ...(!alone && payment && { payment }) })
  }
  async function take(next: Step) {
    const order = 'of' in next ? orders[next.of] : undefined
    const payment = 'of' in next ? payments[next.of] : undefined
    if (next.do === 'order') orders.push(await me.order({ amount: next.cents / 100 }))
    if (next.do === 'pay' && order) {
      const amount = Math.round(order.total * 100) + next.by
      payments.push(razorpay.pay(order.provider_order_id, { amount }))
    }
    if (next.do === 'verify' && payment)
      await me.post('/api/credits/verify/', razorpay.checkout(payment))
    if (next.do === 'hear' && payment) await hear(payment)
    if (next.do === 'forge' && payment) {
      const { body } = razorpay.hook('payment.captured', { payment })
      const headers = { 'X-Razorpay-Signature': 'f'.repeat(64) }
      expect((await shop.send('POST', webhookPath, { body, headers })).status).toBe(400)
    }
    if (next.do === 'pay back' && payment) {
      const amount = Math.floor(((payment.amount - payment.amount_refunded) * next.percent) / 100)
      if (amount > 0) refunds.push(razorpay.payBack(payment, amount))
    }
    const refund = next.do === 'hear back' ? refunds[next.of] : undefined
    if (next.do === 'hear back' && refund) await hearBack(refund, next.alone)
    if (next.do === 'refund' && order) {
      const micros = Math.floor(order.total * next.percent) * 10_000
      // Refused where it is not paid, or too much.
      await shop.services.refunds.refund(shop.db, { orderId: order.id, micros }).catch(() => {})
    }
    if (next.do === 'grant') {
      granted += next.micros
      const gift = { accountId, currency: 'INR', micros: next.micros, description: 'Gift' } as const
      await shop.change((tx) => shop.services.billing.grant(tx, gift))
    }
  }

  for (const next of steps) await take(next)
  // In the end everything is told, twice, backwards and at the same time.
  await Promise.all(
    [...refunds, ...refunds].reverse().map((refund, at) => hearBack(refund, at % 2 === 0)),
  )
  await Promise.all([...payments, ...payments].reverse().map(hear))
  await settled(shop, accountId, granted)
}

async function settled(shop: Shop, accountId: string, granted: number) {
  const orders = await shop.db
    .selectFrom('credit_orders')
    .leftJoin('credit_payments as payment', 'payment.id', 'credit_orders.payment_id')
    .selectAll('credit_orders')
    .select('payment.provider_payment_id as paid_by')
    .where('credit_orders.account_id', '=', accountId)
    .execute()
  let expected = granted
  for (const order of orders) {
    const total = order.base_micros + order.tax_micros
    const told = [...shop.razorpay.payments.values()].filter(
      (payment) => payment.order_id === order.provider_order_id,
    )
    const right = told.filter(({ amount }) => amount * 10_000 === total)
    expect(order.paid_by !== null, 'credited when it was paid, and only then').toBe(
      right.length > 0,
    )
    if (order.paid_by === null) continue
    const back = [...shop.razorpay.refunds.values()]
      .filter(({ payment_id }) => payment_id === order.paid_by)
      .reduce((sum, { amount }) => sum + amount * 10_000, 0)
    expect(order.refunded_micros).toBe(back)
    if (back === total) expect(order.refunded_tax_micros).toBe(order.tax_micros)
    expected += order.base_micros - (order.refunded_micros - order.refunded_tax_micros)
  }
  expect((await balances(shop.db, accountId)).INR).toBe(expected)
  const { moved } = await shop.db
    .selectFrom('credit_movements')
    .where('account_id', '=', accountId)
    .select((select) => select.fn.sum<number | null>('amount_micros').as('moved'))
    .executeTakeFirstOrThrow()
  expect(Number(moved ?? 0), 'the history says what the balance says').toBe(expected)
}

it('credits each order once, takes back what goes back, and loses no micro-unit', async () => {
  const shop = await openShop()
  try {
    const first: Step[] = [
      { do: 'order', cents: 10_000 },
      { do: 'order', cents: 33_333 },
    ]
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 6, maxLength: 16 }), (steps) =>
        live(shop, [...first, ...steps]),
      ),
      { numRuns: 15 },
    )
    const sums = Object.values(await shop.ledger('INR'))
    expect(sums.reduce((sum, each) => sum + each, 0)).toBe(0)
  } finally {
    await shop.close()
  }
}, 60_000)

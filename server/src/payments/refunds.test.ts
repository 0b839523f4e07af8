import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { refundOrder } from '../admin.ts'
import { ManualClock } from '../clock.testing.ts'
import { openShop, type Shop } from './testing.ts'

let shop: Shop
const clock = new ManualClock()
beforeAll(async () => {
  shop = await openShop({ clock })
})
afterAll(() => shop.close())
beforeEach(() => {
  shop.razorpay.trouble = 'none'
})

const minute = 60_000
const refund = (orderId: string, micros?: number) =>
  shop.services.refunds.refund(shop.db, { orderId, ...(micros !== undefined && { micros }) })
const refused = (words: string) => ({ fields: { order: [expect.stringContaining(words)] } })
const sweep = async () => {
  await clock.advance(6 * minute)
  await shop.services.paymentSweep.run(shop.db, shop.log)
}
const refundsAtProvider = (paymentId: string) =>
  [...shop.razorpay.refunds.values()].filter((each) => each.payment_id === paymentId)

const mailsTo = async (accountId: string) =>
  (
    await shop.db
      .selectFrom('mails')
      .select('subject')
      .where('account_id', '=', accountId)
      .orderBy('id')
      .execute()
  ).map(({ subject }) => subject)

describe('a refund by the operator', () => {
  it('is asked for at the machine itself, with the settings of the server', async () => {
    const me = await shop.buyer()
    const { order } = await me.paid()
    const dataDir = mkdtempSync(join(tmpdir(), 'garrison-refund-'))
    const configFile = join(dataDir, 'garrison.yaml')
    const { connection } = shop
    const url = `postgres://${connection.user}@/${connection.database}?host=${encodeURIComponent(connection.host ?? '')}&port=${connection.port}`
    const payments = { razorpay: shop.razorpay.config }
    writeFileSync(
      configFile,
      JSON.stringify({ payments, billing: { mode: 'prepaid' }, database: { url } }),
    )
    const args = { order: order.id, amount: 10, reason: 'Outage' }
    expect(await refundOrder({ dataDir, configFile }, args)).toEqual({
      order: order.id,
      order_state: 'partially_refunded',
      amount: 10,
      credits: 10,
      currency: 'USD',
      state: 'processed',
    })
    rmSync(dataDir, { recursive: true })
    expect(await me.balance()).toBe(15)
    expect(await mailsTo(me.caller.accountId)).toEqual([
      expect.stringMatching(/^Receipt \d{4}-\d{6}: \$25.00 of credits$/),
      '$10.00 of your payment go back',
    ])
    const { entries } = (await me.get('/api/credits/history/?kind=refund')).body
    expect(entries).toMatchObject([{ description: 'Outage', amount: -10, order_id: order.id }])
  })

  it('takes base and tax back and pays them once, also when the provider tells of it', async () => {
    const me = await shop.buyer({ country: 'IN', currency: 'INR' })
    const before = await shop.ledger('INR')
    const { order, payment } = await me.paid()
    await refund(order.id)
    const [made] = refundsAtProvider(payment.id)
    expect(made).toMatchObject({ amount: 236_000, currency: 'INR' })
    for (let count = 0; count < 2; count++)
      await shop.tell('refund.processed', { payment, ...(made && { refund: made }) })
    expect(await me.balance()).toBe(0)
    expect(await shop.ledger('INR')).toEqual({ credits: 0, tax: 0, payments: 0, ...before })
    expect(await me.orderNow(order.id)).toMatchObject({
      state: 'refunded',
      refunded: 2360,
      refunds: [{ amount: 2360, credits: 2000, state: 'processed', source: 'operator' }],
    })
    const { entries } = (await me.get('/api/credits/history/')).body
    expect(entries).toMatchObject([
      { kind: 'refund', amount: -2000, order_id: order.id },
      { kind: 'purchase', amount: 2000, order_id: order.id },
    ])
    await expect(refund(order.id)).rejects.toMatchObject(refused('it is refunded'))
  })

  it('in parts gives exactly what was paid', async () => {
    const me = await shop.buyer({ country: 'IN', currency: 'INR' })
    const before = await shop.ledger('INR')
    const { order, payment } = await me.paid({ amount: 100.01 })
    // 118.01 with tax.
    for (const cents of [1, 3333, 7, 8459]) await refund(order.id, cents * 10_000)
    expect(await me.orderNow(order.id)).toMatchObject({ state: 'partially_refunded' })
    await refund(order.id)
    expect(refundsAtProvider(payment.id).map(({ amount }) => amount)).toEqual([1, 3333, 7, 8459, 1])
    expect(await me.orderNow(order.id)).toMatchObject({ state: 'refunded', refunded: 118.01 })
    expect(await shop.ledger('INR')).toEqual(before)
    expect(await me.balance()).toBe(0)
  })

  it('is never more than was paid, and only of what was paid', async () => {
    const me = await shop.buyer()
    const { order, payment } = await me.paid()
    for (const micros of [25_010_000, 0, -1, 5_000_001])
      await expect(refund(order.id, micros)).rejects.toMatchObject({ code: 'VALIDATION_ERROR' })
    const open = await me.order()
    await expect(refund(open.id)).rejects.toMatchObject(refused('it is open'))
    await expect(refund('BRK-000000O')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    const several = await Promise.allSettled([1, 2, 3].map(() => refund(order.id, 20_000_000)))
    expect(several.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(refundsAtProvider(payment.id)).toHaveLength(1)
    expect(await me.balance()).toBe(5)
  })

  it('that the provider refuses changes nothing', async () => {
    const me = await shop.buyer()
    const { order } = await me.paid()
    shop.razorpay.trouble = 'refusing'
    await expect(refund(order.id)).rejects.toMatchObject({
      code: 'UPSTREAM_ERROR',
      message: expect.stringContaining('does not have enough balance; nothing is changed'),
    })
    expect(await me.balance()).toBe(25)
    expect(await me.orderNow(order.id)).toMatchObject({ state: 'paid', refunded: 0 })
    shop.razorpay.trouble = 'none'
    await refund(order.id)
    expect(await me.balance()).toBe(0)
  })

  it('is made once, though nobody hears the answer of the provider', async () => {
    const me = await shop.buyer()
    const { order, payment } = await me.paid()
    shop.razorpay.trouble = 'mute'
    const { refund: begun } = await refund(order.id, 10_000_000)
    expect(begun.state).toBe('requested')
    expect(await me.balance()).toBe(15)
    await sweep()
    shop.razorpay.trouble = 'none'
    await sweep()
    await sweep()
    expect(refundsAtProvider(payment.id)).toHaveLength(1)
    expect((await me.orderNow(order.id)).refunds).toMatchObject([{ state: 'processed' }])
    expect(await me.balance()).toBe(15)
  })

  it('that fails later gives the credits again', async () => {
    const me = await shop.buyer()
    const { order, payment } = await me.paid()
    const { refund: begun } = await refund(order.id)
    const [made] = refundsAtProvider(payment.id)
    const failed = { ...made, id: begun.provider_refund_id, status: 'failed' }
    for (let count = 0; count < 2; count++) await shop.tell('refund.failed', { refund: failed })
    expect(await me.balance()).toBe(25)
    expect(await me.orderNow(order.id)).toMatchObject({
      state: 'paid',
      refunded: 0,
      refunds: [{ state: 'failed', credits: 0 }],
    })
  })
})

describe('money that goes back at the provider', () => {
  it('takes the credits with it, below zero if they are spent', async () => {
    const me = await shop.buyer()
    const { order, payment } = await me.paid()
    const { accountId } = me.caller
    const spent = { accountId, currency: 'USD', micros: -20_000_000, description: 'Spent' } as const
    await shop.change((tx) => shop.services.billing.grant(tx, spent))
    const given = shop.razorpay.payBack(payment)
    for (let count = 0; count < 3; count++)
      await shop.tell('refund.processed', { payment, refund: given })
    expect(await me.balance()).toBe(-20)
    expect(await me.orderNow(order.id)).toMatchObject({
      state: 'refunded',
      refunds: [{ amount: 25, credits: 25, source: 'provider' }],
    })
    expect(await shop.eventsOf(order.id)).toEqual(['order.created', 'order.paid', 'order.refunded'])
  })

  it('may be told before it came', async () => {
    const me = await shop.buyer()
    const order = await me.order()
    const payment = shop.razorpay.pay(order.provider_order_id)
    const given = shop.razorpay.payBack(payment, 1000)
    await shop.tell('refund.processed', { refund: given })
    expect(await me.balance()).toBe(0)
    await shop.tell('payment.captured', { payment })
    expect(await me.balance()).toBe(15)
    await shop.tell('refund.processed', { payment, refund: given })
    expect(await me.balance()).toBe(15)
  })

  it('proves that it came, when its payment is told with it', async () => {
    const me = await shop.buyer()
    const order = await me.order()
    const payment = shop.razorpay.pay(order.provider_order_id)
    const given = shop.razorpay.payBack(payment)
    await shop.tell('refund.processed', { payment, refund: given })
    expect(await me.orderNow(order.id)).toMatchObject({ state: 'refunded' })
    await shop.tell('payment.captured', { payment })
    expect(await me.balance()).toBe(0)
  })

  it('is told at the same moment as its payment, and booked with it', async () => {
    const me = await shop.buyer()
    for (let count = 0; count < 5; count++) {
      const order = await me.order()
      const payment = shop.razorpay.pay(order.provider_order_id)
      const given = shop.razorpay.payBack(payment)
      await Promise.all([
        shop.tell('refund.processed', { refund: given }),
        shop.tell('payment.captured', { payment }),
      ])
      expect(await me.balance()).toBe(0)
    }
  })

  it('by a chargeback that was lost is booked; one that is only claimed is not', async () => {
    const me = await shop.buyer()
    const { order, payment } = await me.paid()
    const dispute = {
      id: `disp_${payment.id}`,
      payment_id: payment.id,
      amount: 2500,
      currency: 'USD',
      reason_code: 'goods_not_received',
    }
    const claimed = { ...dispute, amount_deducted: 0 }
    await shop.tell('payment.dispute.created', { payment, dispute: claimed })
    expect(await me.balance()).toBe(25)
    const lost = { ...dispute, amount_deducted: 2500 }
    await shop.tell('payment.dispute.lost', { payment, dispute: lost })
    expect(await me.balance()).toBe(0)
    expect((await me.orderNow(order.id)).refunds).toMatchObject([
      { reason: 'Chargeback: goods_not_received' },
    ])
  })

  it('is never booked beyond what was paid; the rest is told', async () => {
    const me = await shop.buyer()
    const { order, payment } = await me.paid()
    await refund(order.id, 20_000_000)
    const dispute = {
      id: 'disp_2',
      payment_id: payment.id,
      amount_deducted: 2500,
      currency: 'USD',
    }
    await shop.tell('payment.dispute.lost', { payment, dispute })
    expect(await me.balance()).toBe(0)
    expect(await me.orderNow(order.id)).toMatchObject({
      state: 'refunded',
      refunded: 25,
      problem: expect.stringContaining('25 USD went back to the customer, where 5 USD was left'),
    })
  })
})

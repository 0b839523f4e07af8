import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../clock.testing.ts'
import { loadConfig } from '../config.ts'
import { expectRefusal } from '../testing/refusal.ts'
import { openShop, type Shop, webhookPath } from './testing.ts'

/** For tests that ask nothing special of it. */
let common: Shop
beforeAll(async () => {
  common = await openShop()
})
afterAll(() => common.close())

let shop: Shop
let own: Shop[] = []
beforeEach(() => {
  shop = common
  shop.razorpay.trouble = 'none'
})
afterEach(async () => {
  await Promise.all(own.map((each) => each.close()))
  own = []
})

async function open(options: Parameters<typeof openShop>[0]) {
  const opened = await openShop(options)
  own.push(opened)
  return opened
}

const verify = '/api/credits/verify/'
const minute = 60_000

describe('packages', () => {
  it('are shown in the currency of the account', async () => {
    const me = await shop.buyer({ country: 'DE', currency: 'EUR' })
    const { body } = await me.get('/api/credits/packages/')
    expect(body).toMatchObject({
      currency: 'EUR',
      packages: [
        { name: 'Starter', base: 25, tax: 0, total: 25, currency: 'EUR' },
        { name: 'Professional', total: 100 },
        { name: 'Enterprise', total: 500 },
      ],
      minimum: 5,
      tax: null,
      unavailable: null,
    })
  })

  it('have GST on top for customers in India', async () => {
    const me = await shop.buyer({ country: 'IN', currency: 'INR' })
    const { body } = await me.get('/api/credits/packages/')
    expect(body.packages[0]).toMatchObject({ base: 2000, tax: 360, total: 2360 })
    expect(body).toMatchObject({ minimum: 100, tax: { name: 'GST', percent: 18 } })
  })

  it('are shown also where nothing can be bought, with the reason', async () => {
    const { payments } = loadConfig({ env: {}, dataDir: '/nowhere' })
    shop = await open({ config: { payments } })
    const me = await shop.buyer()
    const { body } = await me.get('/api/credits/packages/')
    expect(body.unavailable).toContain('RAZORPAY_KEY_ID')
    expectRefusal(
      await me.post('/api/credits/orders/', { package: 'Starter' }),
      503,
      'SERVICE_UNAVAILABLE',
      'payments.razorpay',
    )
    expect((await me.get('/api/credits/history/')).status).toBe(200)
    expectRefusal(await shop.tell('order.paid', {}), 404, 'NOT_FOUND')
  })
})

describe('an order', () => {
  it('is made at the provider, which takes base and tax, and is credited the base', async () => {
    shop = await open({})
    const me = await shop.buyer({ country: 'IN', currency: 'INR' })
    const { body } = await me.post('/api/credits/orders/', { amount: 150.55 })
    expect(body).toMatchObject({
      order: { state: 'open', package: null, base: 150.55, tax: 27.1, total: 177.65 },
      checkout: { key_id: 'rzp_test_1', amount: 17_765, currency: 'INR' },
    })
    expect(shop.razorpay.orders.get(body.checkout.order_id)).toMatchObject({
      amount: 17_765,
      currency: 'INR',
      receipt: body.order.id,
    })
    const payment = shop.razorpay.pay(body.checkout.order_id)
    const verified = await me.post(verify, shop.razorpay.checkout(payment))
    expect(verified.body.order).toMatchObject({
      state: 'paid',
      receipt_number: expect.stringMatching(/^\d{4}-\d{6}$/),
    })
    expect(await me.balance()).toBe(150.55)
    expect(await shop.ledger('INR')).toEqual({
      credits: 150_550_000,
      tax: 27_100_000,
      payments: -177_650_000,
    })
    expect(await shop.eventsOf(body.order.id)).toEqual(['order.created', 'order.paid'])
  })

  it.each([
    [{}, 'non_field_errors'],
    [{ package: 'Starter', amount: 25 }, 'non_field_errors'],
    [{ package: 'Gigantic' }, 'package'],
    [{ amount: 4.99 }, 'amount'],
    [{ amount: 10_000.01 }, 'amount'],
    [{ amount: 10.005 }, 'amount'],
    [{ amount: -5 }, 'amount'],
    [{ amount: '25' }, 'amount'],
    [{ amount: 25, currency: 'EUR' }, 'currency'],
  ])('is refused as %j', async (body, field) => {
    const me = await shop.buyer()
    const asked = shop.razorpay.requests.length
    const reply = await me.post('/api/credits/orders/', body)
    expectRefusal(reply, 400, 'VALIDATION_ERROR')
    expect(Object.keys(reply.body.errors)).toEqual([field])
    expect(shop.razorpay.requests).toHaveLength(asked)
  })

  it('needs a profile that can be billed, and a place where something is charged', async () => {
    const me = await shop.buyer()
    await shop.db
      .updateTable('accounts')
      .set({ postal_code: null })
      .where('id', '=', me.caller.accountId)
      .execute()
    const body = { package: 'starter' }
    expectRefusal(await me.post('/api/credits/orders/', body), 403, 'PROFILE_INCOMPLETE')
    shop = await open({ mode: 'off' })
    const other = await shop.buyer()
    const reply = await other.post('/api/credits/orders/', body)
    expectRefusal(reply, 403, 'PERMISSION_DENIED', 'Nothing is charged here')
  })

  it('is for owners to make, not for members', async () => {
    const member = await shop.client('Member', { role: 'member' })
    expectRefusal(
      await member.post('/api/credits/orders/', { amount: 5 }),
      403,
      'PERMISSION_DENIED',
      'Only owners may buy credits',
    )
  })

  it('is one of 20 at most that are not paid', async () => {
    const me = await shop.buyer()
    const made = await Promise.all(
      Array.from({ length: 22 }, () => me.post('/api/credits/orders/', { amount: 5 })),
    )
    const statuses = made.map(({ status }) => status).sort()
    expect(statuses.slice(-3)).toEqual([200, 403, 403])
  })

  it('is the same one for the same Idempotency-Key, also after the provider was away', async () => {
    const me = await shop.buyer()
    const ask = () => me.post('/api/credits/orders/', { amount: 5 }, { 'Idempotency-Key': 'once' })
    shop.razorpay.trouble = 'mute'
    expectRefusal(await ask(), 502, 'UPSTREAM_ERROR', 'nothing is lost')
    shop.razorpay.trouble = 'none'
    const first = await ask()
    expect(first.body.order.state).toBe('open')
    expect((await ask()).body.checkout).toEqual(first.body.checkout)
    // The one that it made but could not answer for is found again.
    const { orders } = (await me.get('/api/credits/orders/')).body
    const receipts = [...shop.razorpay.orders.values()].map(({ receipt }) => receipt)
    expect(orders).toHaveLength(1)
    expect(receipts.filter((receipt) => receipt === orders[0].id)).toHaveLength(1)
  })

  it("has a receipt with the buyer's profile as it was", async () => {
    const me = await shop.buyer()
    const { order, payment } = await me.paid()
    await shop.db
      .updateTable('accounts')
      .set({ name: 'Somebody Else', country: 'DE' })
      .where('id', '=', me.caller.accountId)
      .execute()
    const now = await me.orderNow(order.id)
    expect(now.receipt).toMatchObject({
      number: now.receipt_number,
      payment_id: payment.id,
      seller: { name: 'Garrison' },
      buyer: { name: 'Ada', country: 'US', email: expect.stringContaining('@example.org') },
    })
    const { body } = await me.get('/api/credits/history/?kind=purchase')
    expect(body.entries).toMatchObject([
      {
        description: 'Starter package',
        amount: 25,
        order_id: order.id,
        receipt_number: now.receipt_number,
      },
    ])
  })

  it('keeps the currency of the account while it can be paid', async () => {
    const clock = new ManualClock()
    shop = await open({ clock })
    const me = await shop.buyer()
    const { id } = await me.order()
    const move = () =>
      me.put('/api/account/profile/', {
        ...{ name: 'Ada', address_line: 'MG Road 1', postal_code: '560001', country: 'IN' },
      })
    expect(await move()).toMatchObject({
      status: 409,
      body: { message: expect.stringContaining(id) },
    })
    await clock.advance(31 * minute)
    await shop.services.paymentSweep.run(shop.db, shop.log)
    expect((await move()).status).toBe(200)
  })

  it('is in the currency that the account has by then', async () => {
    const { caller } = await shop.buyer()
    await shop.db
      .updateTable('accounts')
      .set({ country: 'IN', currency: 'INR' })
      .where('id', '=', caller.accountId)
      .execute()
    const order = await shop.change((tx) =>
      shop.services.payments.create(tx, caller, { package: 'Starter' }),
    )
    expect(order).toMatchObject({ currency: 'INR', base_micros: 2_000e6, tax_micros: 360e6 })
  })

  it('is listed newest first, by state if asked', async () => {
    const me = await shop.buyer()
    const { order } = await me.paid()
    const open = await me.order({ amount: 5 })
    const ids = async (query = '') =>
      (await me.get(`/api/credits/orders/${query}`)).body.orders.map(
        (each: { id: string }) => each.id,
      )
    expect(await ids()).toEqual([open.id, order.id])
    expect(await ids('?state=paid')).toEqual([order.id])
  })

  it("is nobody else's to see or to verify", async () => {
    const [me, other] = [await shop.buyer(), await shop.buyer()]
    const order = await me.order()
    const payment = shop.razorpay.pay(order.provider_order_id)
    expectRefusal(await other.get(`/api/credits/orders/${order.id}/`), 404, 'NOT_FOUND')
    expectRefusal(await other.post(verify, shop.razorpay.checkout(payment)), 404, 'NOT_FOUND')
    expect((await other.get('/api/credits/orders/')).body.orders).toEqual([])
    expect([await me.balance(), await other.balance()]).toEqual([0, 0])
  })
})

describe('a payment', () => {
  it('is credited once, however often and in which way it is told', async () => {
    const me = await shop.buyer()
    const order = await me.order()
    const payment = shop.razorpay.pay(order.provider_order_id)
    const replies = await Promise.all([
      shop.tell('payment.captured', { payment }),
      me.post(verify, shop.razorpay.checkout(payment)),
      shop.tell('order.paid', { payment }),
      me.post(verify, shop.razorpay.checkout(payment)),
      shop.tell('payment.captured', { payment }),
    ])
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    expect(await me.balance()).toBe(25)
    expect(await shop.eventsOf(order.id)).toEqual(['order.created', 'order.paid'])
  })

  it('is taken when it was only promised', async () => {
    const me = await shop.buyer()
    const order = await me.order()
    const payment = shop.razorpay.pay(order.provider_order_id, { status: 'authorized' })
    await me.post(verify, shop.razorpay.checkout(payment))
    expect(shop.razorpay.payments.get(payment.id)?.status).toBe('captured')
    expect(await me.balance()).toBe(25)
  })

  it('with a forged signature is refused, and nothing is asked or credited', async () => {
    const me = await shop.buyer()
    const order = await me.order()
    const payment = shop.razorpay.pay(order.provider_order_id)
    const asked = shop.razorpay.requests.length
    const right = shop.razorpay.checkout(payment)
    for (const wrong of ['0'.repeat(64), right.razorpay_signature.slice(1), 'é'.repeat(32)]) {
      const reply = await me.post(verify, { ...right, razorpay_signature: wrong })
      expectRefusal(reply, 400, 'VALIDATION_ERROR')
      expect(reply.body.errors).toHaveProperty('razorpay_signature')
    }
    const { body } = shop.razorpay.hook('payment.captured', { payment })
    const forged = { body, headers: { 'X-Razorpay-Signature': right.razorpay_signature } }
    expectRefusal(await shop.send('POST', webhookPath, forged), 400, 'VALIDATION_ERROR')
    expectRefusal(await shop.send('POST', webhookPath, { body }), 400, 'VALIDATION_ERROR')
    expect(shop.razorpay.requests).toHaveLength(asked)
    expect(await me.balance()).toBe(0)
  })

  it.each([{ amount: 1 }, { amount: 2_501 }, { currency: 'INR' }])(
    'of something else than was ordered is not credited but flagged: %j',
    async (change) => {
      const me = await shop.buyer()
      const order = await me.order()
      const payment = shop.razorpay.pay(order.provider_order_id, change)
      expect((await shop.tell('payment.captured', { payment })).status).toBe(200)
      expect((await shop.tell('payment.captured', { payment })).status).toBe(200)
      const problem = expect.stringContaining('it is not credited')
      expect(await me.orderNow(order.id)).toMatchObject({ state: 'review', problem })
      expect(await me.balance()).toBe(0)
      expect(await shop.eventsOf(order.id)).toEqual(['order.created', 'order.review'])
      // What was ordered may still be paid.
      const right = shop.razorpay.pay(order.provider_order_id)
      await shop.tell('payment.captured', { payment: right })
      expect(await me.balance()).toBe(25)
      expect(await me.orderNow(order.id)).toMatchObject({ state: 'paid', problem })
    },
  )

  it('that comes a second time for an order is flagged, and its refund takes nothing', async () => {
    const me = await shop.buyer()
    const { order } = await me.paid()
    const second = shop.razorpay.pay(order.provider_order_id)
    await shop.tell('payment.captured', { payment: second })
    expect(await me.orderNow(order.id)).toMatchObject({
      state: 'paid',
      problem: expect.stringContaining('paid already'),
    })
    const refund = shop.razorpay.payBack(second)
    await shop.tell('refund.processed', { payment: second, refund })
    expect(await me.balance()).toBe(25)
  })

  it('that comes a second time is flagged also where only the checkout tells of it', async () => {
    const me = await shop.buyer()
    const { order } = await me.paid()
    const second = shop.razorpay.pay(order.provider_order_id)
    expect((await me.post(verify, shop.razorpay.checkout(second))).status).toBe(200)
    expect(await me.orderNow(order.id)).toMatchObject({
      state: 'paid',
      problem: expect.stringContaining('paid already'),
    })
    expect(await me.balance()).toBe(25)
  })

  it('that failed leaves the order open, for another try', async () => {
    const me = await shop.buyer()
    const order = await me.order()
    const failed = { status: 'failed', error_description: 'Card declined' } as const
    const payment = shop.razorpay.pay(order.provider_order_id, failed)
    await shop.tell('payment.failed', { payment })
    expect(await me.orderNow(order.id)).toMatchObject({
      state: 'open',
      problem: expect.stringContaining('Card declined'),
    })
    const again = shop.razorpay.pay(order.provider_order_id)
    await me.post(verify, shop.razorpay.checkout(again))
    await shop.tell('payment.failed', { payment })
    expect(await me.orderNow(order.id)).toMatchObject({ state: 'paid', problem: null })
  })

  it('of others, and events that mean nothing here, are accepted and ignored', async () => {
    const me = await shop.buyer()
    const order = await me.order()
    const payment = { ...shop.razorpay.pay(order.provider_order_id), order_id: 'order_other' }
    for (const reply of [
      await shop.tell('payment.captured', { payment }),
      await shop.tell('payment.captured', { payment: { ...payment, order_id: null } }),
      await shop.tell('subscription.charged', { payment }),
      await shop.tell('refund.created', { refund: { id: 'odd' } }),
      await shop.tell('order.paid', {}),
    ])
      expect(reply.status).toBe(200)
    expect(await me.balance()).toBe(0)
  })

  it('is not lost when the provider does not answer, nor when nobody tells of it', async () => {
    const clock = new ManualClock()
    shop = await open({ clock })
    const me = await shop.buyer()
    const order = await me.order()
    const payment = shop.razorpay.pay(order.provider_order_id, { status: 'authorized' })
    shop.razorpay.trouble = 'deaf'
    const reply = await me.post(verify, shop.razorpay.checkout(payment))
    expectRefusal(reply, 502, 'UPSTREAM_ERROR')
    await clock.advance(2 * minute)
    await shop.services.paymentSweep.run(shop.db, shop.log)
    expect(await me.balance()).toBe(0)
    shop.razorpay.trouble = 'none'
    await clock.advance(2 * minute)
    await shop.services.paymentSweep.run(shop.db, shop.log)
    expect(await me.balance()).toBe(25)
  })
})

describe('an order that nobody pays', () => {
  it('expires, is asked about less and less, and is credited when money comes late', async () => {
    const clock = new ManualClock()
    shop = await open({ clock })
    const me = await shop.buyer()
    const order = await me.order()
    const before = shop.razorpay.requests.length
    for (let count = 0; count < 24 * 60; count++) {
      await clock.advance(minute)
      if (count % 5 === 0) await shop.services.paymentSweep.run(shop.db, shop.log)
    }
    expect((await me.orderNow(order.id)).state).toBe('expired')
    expect(shop.razorpay.requests.length - before).toBeLessThan(20)
    const payment = shop.razorpay.pay(order.provider_order_id)
    await shop.tell('payment.captured', { payment })
    expect(await me.orderNow(order.id)).toMatchObject({ state: 'paid' })
    expect(await me.balance()).toBe(25)
    expect(await shop.eventsOf(order.id)).toEqual(['order.created', 'order.expired', 'order.paid'])
  })

  it('expires also when it could never be made', async () => {
    const clock = new ManualClock()
    shop = await open({ clock })
    const me = await shop.buyer()
    shop.razorpay.trouble = 'broken'
    await me.post('/api/credits/orders/', { amount: 5 })
    await clock.advance(31 * minute)
    await shop.services.paymentSweep.run(shop.db, shop.log)
    const { orders } = (await me.get('/api/credits/orders/')).body
    expect(orders).toMatchObject([{ state: 'expired', provider_order_id: null }])
  })
})

/**
 * Stands in for Razorpay in tests: what its API documents of orders, payments and refunds, on a port of this
 * machine. It checks what is sent to it, and signs what it sends, by itself.
 */
import { createHmac } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export const keys = {
  key_id: 'rzp_test_1',
  key_secret: 'secret of the key',
  webhook_secret: 'of hooks',
}

type Payment = {
  id: string
  entity: 'payment'
  order_id: string
  amount: number
  currency: string
  status: 'authorized' | 'captured' | 'refunded' | 'failed'
  amount_refunded: number
  error_description: string | null
}
type Order = { id: string; receipt: string; amount: number; currency: string }
type Refund = {
  id: string
  payment_id: string
  amount: number
  currency: string
  status: 'pending' | 'processed' | 'failed'
  receipt: string | null
}
type Answer = { status: number; body: unknown }

export type StandIn = Awaited<ReturnType<typeof startStandIn>>

export async function startStandIn() {
  const orders = new Map<string, Order>()
  const payments = new Map<string, Payment>()
  const refunds = new Map<string, Refund>()
  const requests: string[] = []
  let made = 0
  let trouble: 'none' | 'deaf' | 'mute' | 'broken' | 'refusing' = 'none'
  const nextId = (prefix: string) => `${prefix}_${String(++made).padStart(14, '0')}`

  const bad = (description: string, status = 400): Answer => ({
    status,
    body: { error: { code: 'BAD_REQUEST_ERROR', description } },
  })
  const good = (body: unknown): Answer => ({ status: 200, body })
  const collection = (items: unknown[]) =>
    good({ entity: 'collection', count: items.length, items })

  function createOrder({ amount, currency, receipt }: Partial<Order>): Answer {
    if (!Number.isInteger(amount) || amount === undefined || amount < 100)
      return bad('The amount must be at least INR 1.00')
    if (!['INR', 'USD', 'EUR'].includes(currency ?? '')) return bad('Currency is not supported')
    if (receipt === undefined || receipt.length > 40) return bad('The receipt is too long')
    const order = { id: nextId('order'), receipt, amount, currency: currency ?? '' }
    orders.set(order.id, order)
    return good({ ...order, entity: 'order', status: 'created' })
  }

  function capture(payment: Payment, { amount, currency }: Partial<Payment>): Answer {
    if (payment.status !== 'authorized') return bad('This payment has already been captured')
    if (amount !== payment.amount || currency !== payment.currency)
      return bad('Capture amount must be equal to the amount authorized')
    payment.status = 'captured'
    return good(payment)
  }

  function refund(payment: Payment, { amount, receipt }: Partial<Refund>): Answer {
    if (trouble === 'refusing') return bad('The account does not have enough balance')
    if (payment.status !== 'captured') return bad('The payment status should be captured')
    const asked = amount ?? payment.amount - payment.amount_refunded
    if (!Number.isInteger(asked) || asked < 1) return bad('The amount is invalid')
    if (asked > payment.amount - payment.amount_refunded)
      return bad('The refund amount is greater than the amount captured')
    return good(makeRefund(payment, asked, receipt ?? null))
  }

  function makeRefund(payment: Payment, amount: number, receipt: string | null) {
    payment.amount_refunded += amount
    if (payment.amount_refunded === payment.amount) payment.status = 'refunded'
    const { id: payment_id, currency } = payment
    const about = { payment_id, amount, currency, receipt, status: 'processed' as const }
    const made = { id: nextId('rfnd'), ...about }
    refunds.set(made.id, made)
    return made
  }

  function route(method: string, url: URL, body: never): Answer {
    const [version, kind, id = '', action = ''] = url.pathname.split('/').slice(1)
    if (version !== 'v1') return bad('Not found', 404)
    const what = `${method} ${kind}${id && '/:id'}${action && `/${action}`}`
    const payment = payments.get(id)
    if (kind === 'payments' && payment === undefined) return bad('The id provided does not exist')
    switch (what) {
      case 'POST orders':
        return createOrder(body)
      case 'GET orders': {
        const receipt = url.searchParams.get('receipt')
        return collection([...orders.values()].filter((order) => order.receipt === receipt))
      }
      case 'GET orders/:id/payments':
        return collection([...payments.values()].filter((each) => each.order_id === id))
      case 'GET payments/:id':
        return good(payment)
      case 'POST payments/:id/capture':
        return payment ? capture(payment, body) : bad('No payment')
      case 'POST payments/:id/refund':
        return payment ? refund(payment, body) : bad('No payment')
      case 'GET payments/:id/refunds':
        return collection([...refunds.values()].filter((each) => each.payment_id === id))
      default:
        return bad(`The requested URL was not found: ${what}`, 404)
    }
  }

  const authorization = `Basic ${Buffer.from(`${keys.key_id}:${keys.key_secret}`).toString('base64')}`

  async function answer(request: IncomingMessage, response: ServerResponse) {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString()
    requests.push(`${request.method} ${request.url}`)
    if (trouble === 'deaf') return request.socket.destroy()
    const { status, body } = respond(request, text)
    if (trouble === 'mute') return request.socket.destroy()
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
  }

  function respond(request: IncomingMessage, text: string): Answer {
    if (trouble === 'broken') return { status: 500, body: {} }
    if (request.headers.authorization !== authorization) return bad('Authentication failed', 401)
    if (text !== '' && !request.headers['content-type']?.startsWith('application/json'))
      return bad('The content type is not JSON')
    const url = new URL(request.url ?? '/', 'http://stand-in')
    return route(request.method ?? '', url, JSON.parse(text || '{}') as never)
  }

  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  const hmac = (text: string, secret: string) =>
    createHmac('sha256', secret).update(text).digest('hex')

  return {
    config: { ...keys, base_url: `http://127.0.0.1:${port}` },
    orders,
    payments,
    refunds,
    requests,

    /** `deaf`: dies before it does what is asked; `mute`: after it, so that nobody hears of it. */
    set trouble(kind: typeof trouble) {
      trouble = kind
    },

    /** Somebody pays, of the amount that was ordered unless told otherwise. */
    pay(orderId: string, change: Partial<Payment> = {}): Payment {
      const order = orders.get(orderId)
      if (order === undefined) throw new Error(`There is no order ${orderId}`)
      const payment: Payment = {
        id: nextId('pay'),
        entity: 'payment',
        order_id: orderId,
        amount: order.amount,
        currency: order.currency,
        status: 'captured',
        amount_refunded: 0,
        error_description: null,
        ...change,
      }
      payments.set(payment.id, payment)
      return payment
    },

    /** Somebody gives money back in the provider's dashboard. */
    payBack: (payment: Payment, amount = payment.amount - payment.amount_refunded) =>
      makeRefund(payment, amount, null),

    /** What the checkout in the browser answers. */
    checkout: ({ id, order_id }: Pick<Payment, 'id' | 'order_id'>) => ({
      razorpay_order_id: order_id,
      razorpay_payment_id: id,
      razorpay_signature: hmac(`${order_id}|${id}`, keys.key_secret),
    }),

    /** A webhook as it is sent: body and header. */
    hook(event: string, about: { payment?: object; refund?: object; dispute?: object }) {
      const payload = Object.fromEntries(
        Object.entries(about).map(([name, entity]) => [name, { entity: { ...entity } }]),
      )
      const contains = Object.keys(about)
      const body = JSON.stringify({
        entity: 'event',
        account_id: 'acc_1',
        event,
        contains,
        payload,
      })
      return { body, headers: { 'X-Razorpay-Signature': hmac(body, keys.webhook_secret) } }
    },

    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

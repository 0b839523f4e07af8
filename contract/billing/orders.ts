/** Buying credits: packages, orders, and how a payment is made known. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  Currency,
  Envelope,
  errors,
  exampleHead,
  idempotencyHeaders,
  jsonBody,
  ok,
  Pagination,
  page,
  pageSize,
  paginationExample,
  publicId,
  query,
  security,
  Timestamp,
  text,
} from '../common.ts'
import { orderStates } from './order-states.ts'

const tags = ['Billing']
export const OrderId = publicId('O')

const Amount = z.number().openapi({ description: "In the currency's unit, with two decimals." })

/** Added to the base amount; null where there is none. */
const TaxRule = z.object({ name: z.string(), percent: z.number() }).openapi('TaxRule')

const CreditPackage = z
  .object({ name: z.string(), base: Amount, tax: Amount, total: Amount, currency: Currency })
  .openapi('CreditPackage')

export const getCreditPackages = createRoute({
  operationId: 'getCreditPackages',
  method: 'get',
  path: '/api/credits/packages/',
  summary: 'List credit packages',
  description:
    "What can be bought, in the account's currency and with its tax. Any other amount between minimum and maximum can be ordered too.",
  tags,
  security,
  responses: {
    ...ok(
      Envelope.extend({
        currency: Currency,
        packages: z.array(CreditPackage),
        /** The smallest and the largest base amount of an order. */
        minimum: Amount,
        maximum: Amount,
        tax: TaxRule.nullable(),
        /** Why nothing can be bought here; null where it can. */
        unavailable: z.string().nullable(),
      }).openapi('CreditPackagesResponse'),
      'Smallest first',
      {
        ...exampleHead,
        message: 'Credit packages retrieved successfully',
        currency: 'INR',
        packages: [{ name: 'Starter', base: 2000, tax: 360, total: 2360, currency: 'INR' }],
        minimum: 100,
        maximum: 1_000_000,
        tax: { name: 'GST', percent: 18 },
        unavailable: null,
      },
    ),
    ...errors(),
  },
})

const Refund = z
  .object({
    amount: Amount,
    /** Of which was taken from the credits; the rest is tax. */
    credits: Amount,
    /** `requested`: under way. `processed`: paid back. `failed`: not paid back, the credits are there again. */
    state: z.enum(['requested', 'processed', 'failed']),
    /** Who began it: the operator, or the payment provider (its dashboard, a chargeback). */
    source: z.enum(['operator', 'provider']),
    reason: z.string().nullable(),
    created_at: Timestamp,
  })
  .openapi('OrderRefund')

const Party = z.object({
  name: z.string(),
  address: z.array(z.string()),
  country: z.string().nullable(),
  email: z.string().nullable(),
  /** GSTIN or VAT number. */
  tax_id: z.string().nullable(),
})

/** What an invoice needs. The buyer is as the profile was when the order was made. */
const Receipt = z
  .object({
    number: z.string(),
    issued_at: Timestamp,
    payment_id: z.string(),
    seller: Party.openapi('Seller'),
    buyer: Party.openapi('Buyer'),
  })
  .openapi('OrderReceipt')

const OrderSummary = z
  .object({
    id: OrderId,
    state: z.enum(orderStates),
    /** Null: an amount of one's own. */
    package: z.string().nullable(),
    /** What becomes credits. */
    base: Amount,
    tax: Amount,
    tax_rule: TaxRule.nullable(),
    /** What is paid. */
    total: Amount,
    /** Of the total, what was paid back. */
    refunded: Amount,
    currency: Currency,
    provider: z.string(),
    /** The order's id at the provider; null until it is made there. */
    provider_order_id: z.string().nullable(),
    /** What went wrong with it, for people. */
    problem: z.string().nullable(),
    receipt_number: z.string().nullable(),
    created_at: Timestamp,
    /** It can be paid until then. */
    expires_at: Timestamp,
    paid_at: Timestamp.nullable(),
  })
  .openapi('CreditOrderSummary')

const Order = OrderSummary.extend({
  /** Null until it is paid. */
  receipt: Receipt.nullable(),
  refunds: z.array(Refund),
}).openapi('CreditOrder')
export type Order = z.infer<typeof Order>
export type OrderSummary = z.infer<typeof OrderSummary>
export type Checkout = z.infer<typeof Checkout>

const exampleSummary = {
  id: 'BRK-123456O',
  state: 'open',
  package: 'Starter',
  base: 2000,
  tax: 360,
  tax_rule: { name: 'GST', percent: 18 },
  total: 2360,
  refunded: 0,
  currency: 'INR',
  provider: 'razorpay',
  provider_order_id: 'order_EKwxwAgItmmXdp',
  problem: null,
  receipt_number: null,
  created_at: '2026-01-10T09:00:00Z',
  expires_at: '2026-01-10T09:30:00Z',
  paid_at: null,
} as const satisfies z.input<typeof OrderSummary>
const exampleOrder = { ...exampleSummary, receipt: null, refunds: [] }
const examplePaid = {
  ...exampleSummary,
  state: 'paid',
  receipt_number: '2026-000017',
  paid_at: '2026-01-10T09:02:00Z',
  refunds: [],
  receipt: {
    number: '2026-000017',
    issued_at: '2026-01-10T09:02:00Z',
    payment_id: 'pay_29QQoUBi66xm2f',
    seller: {
      name: 'Example Cloud',
      address: ['1 Example Street', '560001 Bengaluru'],
      country: 'IN',
      email: 'billing@example.com',
      tax_id: '29AAAAA0000A1Z5',
    },
    buyer: {
      name: 'Ada',
      address: ['2 Example Street', '110001 Delhi'],
      country: 'IN',
      email: 'ada@example.org',
      tax_id: null,
    },
  },
} as const satisfies z.input<typeof Order>

/** What the provider's checkout in the browser is opened with. */
const Checkout = z
  .object({
    provider: z.string(),
    /** The provider's public key. */
    key_id: z.string(),
    order_id: z.string(),
    /** In hundredths of the currency's unit, as the provider counts. */
    amount: z.int(),
    currency: Currency,
    name: z.string(),
    description: z.string(),
    prefill: z.object({ name: z.string(), email: z.string().nullable() }),
  })
  .openapi('Checkout')

export const CreateOrderRequest = z
  .object({
    /** Name of a package, whatever its case. */
    package: text(50).min(1).optional(),
    /** An amount of one's own, before tax, with at most two decimals. */
    amount: z.number().positive().max(1e9).optional(),
    /** The account's; it may be given to be sure. */
    currency: Currency.optional(),
  })
  .refine((order) => (order.package === undefined) !== (order.amount === undefined), {
    error: 'Give a package or an amount.',
  })
  .openapi('CreateOrderRequest')
export type CreateOrderRequest = z.infer<typeof CreateOrderRequest>

export const createOrder = createRoute({
  operationId: 'createOrder',
  method: 'post',
  path: '/api/credits/orders/',
  summary: 'Order credits',
  description:
    'Makes an order at the payment provider, to be paid with its checkout. The profile must be complete. Credits are final: they are not refundable, never expire and have no cash value.',
  tags,
  security,
  request: {
    headers: idempotencyHeaders,
    body: jsonBody(CreateOrderRequest, { package: 'Starter' }),
  },
  responses: {
    ...ok(
      Envelope.extend({ order: Order, checkout: Checkout.nullable() }).openapi(
        'CreateOrderResponse',
      ),
      'The order, and what to open the checkout with',
      {
        ...exampleHead,
        message: 'Order created successfully',
        order: exampleOrder,
        checkout: {
          provider: 'razorpay',
          key_id: 'rzp_live_example',
          order_id: 'order_EKwxwAgItmmXdp',
          amount: 236_000,
          currency: 'INR',
          name: 'Example Cloud',
          description: 'Credits for BRK-123456U',
          prefill: { name: 'Ada', email: 'ada@example.org' },
        },
      },
    ),
    ...errors(400, 403, 409, 413, 422, 502),
  },
})

export const listOrders = createRoute({
  operationId: 'listOrders',
  method: 'get',
  path: '/api/credits/orders/',
  summary: 'List orders of credits',
  tags,
  security,
  request: { query: z.object({ page, page_size: pageSize, state: query(z.enum(orderStates)) }) },
  responses: {
    ...ok(
      Envelope.extend({ orders: z.array(OrderSummary), pagination: Pagination }).openapi(
        'ListOrdersResponse',
      ),
      'Newest first',
      {
        ...exampleHead,
        message: 'Orders retrieved successfully',
        orders: [exampleSummary],
        pagination: paginationExample,
      },
    ),
    ...errors(400),
  },
})

const OrderResponse = Envelope.extend({ order: Order }).openapi('OrderResponse')

export const getOrder = createRoute({
  operationId: 'getOrder',
  method: 'get',
  path: '/api/credits/orders/{order_id}/',
  summary: 'Get order of credits',
  description: 'With what a receipt needs, once it is paid.',
  tags,
  security,
  request: { params: z.object({ order_id: OrderId }) },
  responses: {
    ...ok(OrderResponse, 'The order', {
      ...exampleHead,
      message: 'Order retrieved successfully',
      order: examplePaid,
    }),
    ...errors(400, 404),
  },
})

/** As the provider's checkout answers it. */
export const VerifyPaymentRequest = z
  .object({
    razorpay_order_id: text(100).min(1),
    razorpay_payment_id: text(100).min(1),
    razorpay_signature: text(256).min(1),
  })
  .openapi('VerifyPaymentRequest')
export type VerifyPaymentRequest = z.infer<typeof VerifyPaymentRequest>

export const verifyPayment = createRoute({
  operationId: 'verifyPayment',
  method: 'post',
  path: '/api/credits/verify/',
  summary: 'Verify payment',
  description:
    'Hands over what the checkout answered, so that the credits are there at once. Without it they come with the webhook of the provider. A payment is credited once, however often it is told.',
  tags,
  security,
  request: {
    headers: idempotencyHeaders,
    body: jsonBody(VerifyPaymentRequest, {
      razorpay_order_id: 'order_EKwxwAgItmmXdp',
      razorpay_payment_id: 'pay_29QQoUBi66xm2f',
      razorpay_signature: '9ef4dffbfd84f1318f6739a3ce19f9d85851857ae648f114332d8401e0949a3d',
    }),
  },
  responses: {
    ...ok(OrderResponse, 'The order; `paid` when the credits are there', {
      ...exampleHead,
      message: 'Payment verified successfully',
      order: examplePaid,
    }),
    ...errors(400, 404, 409, 413, 422, 502),
  },
})

/** Only what tells events apart; the rest is the provider's, and covered by its signature. */
const PaymentWebhook = z
  .looseObject({ event: text(100).min(1) })
  .openapi('PaymentWebhook', { description: "An event in the provider's own shape." })

export const receivePaymentWebhook = createRoute({
  operationId: 'receivePaymentWebhook',
  method: 'post',
  path: '/api/credits/webhooks/{provider}/',
  summary: 'Receive payment webhook',
  description:
    'For the payment provider alone: the signature over the body, in the header `X-Razorpay-Signature`, is its key. What was booked before is answered with 200 too; events of other kinds are accepted and ignored.',
  tags,
  security: [{}],
  request: {
    params: z.object({ provider: text(32) }),
    body: jsonBody(PaymentWebhook, { event: 'order.paid' }),
  },
  responses: {
    ...ok(Envelope.openapi('PaymentWebhookResponse'), 'It is booked, or was before', {
      ...exampleHead,
      message: 'Booked',
    }),
    ...errors(400, 404, 413),
  },
})

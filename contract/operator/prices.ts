/** Prices that are valid from a moment on. They lie over those of garrison.yaml. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  choice,
  type currencies,
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
  query,
  security,
  Timestamp,
  text,
} from '../common.ts'

/**
 * Of what: a `flavor` without GPU, a `gpu_model` (per GPU), a `volume` (per TB, item `TIER/TYPE`),
 * `snapshot` (per 100 GB of disk) and `hibernated` (per instance), which have no item. Per hour.
 */
export const priceKinds = ['flavor', 'gpu_model', 'volume', 'snapshot', 'hibernated'] as const
export type PriceKind = (typeof priceKinds)[number]

const PriceKindEnum = choice(priceKinds).openapi('PriceKind')

const amount = z
  .number({
    error: ({ input }) => (input === undefined ? 'This field is required.' : undefined),
  })
  .min(0)
  .max(1_000_000)

/** Every currency, since somebody may pay in it. At most six decimals count. */
const Prices = z
  .strictObject({ USD: amount, EUR: amount, INR: amount } satisfies Record<
    (typeof currencies)[number],
    typeof amount
  >)
  .openapi('FullPrice')

const ChangeId = text(64).openapi({ example: '019ba6f4-3c00-7000-8000-0242ac120003' })

const unit = z.string().openapi({ example: 'per hour' })

export const PriceChange = z
  .object({
    id: ChangeId,
    kind: PriceKindEnum,
    /** Empty where there is only one of the kind. */
    item: z.string(),
    prices: Prices,
    unit,
    effective_from: Timestamp,
    /** `future` may be withdrawn; `in_force` is what is billed now; `past` was, before another. */
    state: z.enum(['future', 'in_force', 'past']),
    reason: z.string(),
    created_at: Timestamp,
    /** When what runs was given it; its bills are from `effective_from` on all the same. */
    applied_at: Timestamp.nullable(),
  })
  .openapi('PriceChange')
export type PriceChange = z.infer<typeof PriceChange>

const CurrentPrice = z
  .object({
    kind: PriceKindEnum,
    item: z.string(),
    prices: Prices,
    unit,
    /** What garrison.yaml says, or its default. */
    configured: Prices,
    /** Null: the configured one is valid. */
    since: Timestamp.nullable(),
  })
  .openapi('CurrentPrice')
export type CurrentPrice = z.infer<typeof CurrentPrice>

const example = {
  id: '019ba6f4-3c00-7000-8000-0242ac120003',
  kind: 'flavor',
  item: 'cpu-small',
  prices: { USD: 0.012, EUR: 0.011, INR: 1 },
  unit: 'per hour',
  effective_from: '2026-02-01T00:00:00Z',
  state: 'future',
  reason: 'Electricity',
  created_at: '2026-01-10T09:00:00Z',
  applied_at: null,
} as const satisfies PriceChange

const tags = ['Operator']

export const ListPricesResponse = Envelope.extend({
  /** Everything that has a price, and what it is now. */
  current: z.array(CurrentPrice),
  /** Those that were not withdrawn, the latest to come into force first. */
  changes: z.array(PriceChange),
  pagination: Pagination,
}).openapi('ListPricesResponse')

export const listPrices = createRoute({
  operationId: 'listPrices',
  method: 'get',
  path: '/api/operator/prices/',
  summary: 'Prices now, and their changes',
  tags,
  security,
  request: {
    query: z.object({
      page,
      page_size: pageSize,
      kind: query(z.enum(priceKinds)),
      state: query(z.enum(['future'])),
    }),
  },
  responses: {
    ...ok(ListPricesResponse, 'Prices now, and all changes', {
      ...exampleHead,
      message: 'Prices retrieved successfully',
      current: [
        {
          kind: 'flavor',
          item: 'cpu-small',
          prices: { USD: 0.01, EUR: 0.01, INR: 0.85 },
          unit: 'per hour',
          configured: { USD: 0.01, EUR: 0.01, INR: 0.85 },
          since: null,
        },
      ],
      changes: [example],
      pagination: paginationExample,
    }),
    ...errors(400, 403),
  },
})

export const ChangePriceRequest = z
  .object({
    kind: PriceKindEnum,
    /** Left out for `snapshot` and `hibernated`. */
    item: text(130).optional(),
    prices: Prices,
    /** Left out: now. Never in the past. */
    effective_from: Timestamp.optional(),
    /** Told to everybody whom it concerns. */
    reason: text(500).optional(),
  })
  .openapi('ChangePriceRequest')
export type ChangePriceRequest = z.infer<typeof ChangePriceRequest>

export const ChangePriceResponse = Envelope.extend({
  price: PriceChange,
  /** Accounts that run something which it concerns; they were told by event and by mail. */
  accounts_told: z.int(),
}).openapi('ChangePriceResponse')

export const changePrice = createRoute({
  operationId: 'changePrice',
  method: 'post',
  path: '/api/operator/prices/',
  summary: 'Change a price from a moment on',
  description:
    'New things and everything that runs are billed at it from that moment on. A minute costs what is valid when it ends. Accounts that it concerns get an event and a mail.',
  tags,
  security,
  request: {
    headers: idempotencyHeaders,
    body: jsonBody(ChangePriceRequest, {
      kind: 'flavor',
      item: 'cpu-small',
      prices: { USD: 0.012, EUR: 0.011, INR: 1 },
      effective_from: '2046-02-01T00:00:00Z',
      reason: 'Electricity',
    }),
  },
  responses: {
    ...ok(ChangePriceResponse, 'The change', {
      ...exampleHead,
      message: 'The price of cpu-small changes on 2026-02-01T00:00:00Z',
      price: example,
      accounts_told: 3,
    }),
    ...errors(400, 403, 409, 413, 422),
  },
})

export const WithdrawPriceResponse = Envelope.extend({ price_id: ChangeId }).openapi(
  'WithdrawPriceResponse',
)

export const withdrawPrice = createRoute({
  operationId: 'withdrawPrice',
  method: 'delete',
  path: '/api/operator/prices/{price_id}/',
  summary: 'Withdraw a price change that is not in force yet',
  description: 'Those whom it was announced to hear of it. One that is in force is history.',
  tags,
  security,
  request: { params: z.object({ price_id: ChangeId }), headers: idempotencyHeaders },
  responses: {
    ...ok(WithdrawPriceResponse, 'It will not come into force', {
      ...exampleHead,
      message: 'The price change was withdrawn',
      price_id: example.id,
    }),
    ...errors(400, 403, 404, 409, 422),
  },
})

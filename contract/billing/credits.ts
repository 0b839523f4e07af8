/** Where credits came from and where they went. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  Currency,
  Envelope,
  errors,
  exampleHead,
  ok,
  page,
  pageSize,
  query,
  security,
  Timestamp,
} from '../common.ts'
import { OrderId } from './orders.ts'

const kinds = ['grant', 'usage', 'purchase', 'refund'] as const

export const CreditEntry = z
  .object({
    /**
     * `grant`: given by the operator. `usage`: what was metered, summed up for each hour. `purchase`: bought.
     * `refund`: taken back because the money was, or given again because it was not.
     */
    kind: z.enum(kinds),
    description: z.string(),
    /** Positive adds to the balance. Up to 6 decimals. */
    amount: z.number(),
    currency: Currency,
    /** Of usage, the beginning of its hour. */
    created_at: Timestamp,
    /** Of a purchase or refund. */
    order_id: OrderId.nullable(),
    receipt_number: z.string().nullable(),
  })
  .openapi('CreditEntry')
export type CreditEntry = z.infer<typeof CreditEntry>

export const CreditHistoryResponse = Envelope.extend({
  entries: z.array(CreditEntry),
  total: z.int(),
  page: z.int(),
  limit: z.int(),
  total_pages: z.int(),
  currency: Currency,
}).openapi('CreditHistoryResponse')

export const getCreditHistory = createRoute({
  operationId: 'getCreditHistory',
  method: 'get',
  path: '/api/credits/history/',
  summary: 'Get credit history',
  description: 'Every movement of the balance in the currency of the account, newest first.',
  tags: ['Billing'],
  security,
  request: { query: z.object({ page, limit: pageSize, kind: query(z.enum(kinds)) }) },
  responses: {
    ...ok(CreditHistoryResponse, 'Newest first', {
      ...exampleHead,
      message: 'Credit history retrieved successfully',
      entries: [
        {
          kind: 'usage',
          description: 'Usage',
          amount: -9.96,
          currency: 'USD',
          created_at: '2026-01-10T09:00:00Z',
          order_id: null,
          receipt_number: null,
        },
        {
          kind: 'grant',
          description: 'Welcome',
          amount: 25,
          currency: 'USD',
          created_at: '2026-01-10T08:00:00Z',
          order_id: null,
          receipt_number: null,
        },
        {
          kind: 'purchase',
          description: 'Starter package',
          amount: 25,
          currency: 'USD',
          created_at: '2026-01-10T07:00:00Z',
          order_id: 'BRK-123456O',
          receipt_number: '2026-000017',
        },
      ],
      total: 3,
      page: 1,
      limit: 20,
      total_pages: 1,
      currency: 'USD',
    }),
    ...errors(400),
  },
})

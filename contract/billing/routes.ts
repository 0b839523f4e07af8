import { createRoute, z } from '@hono/zod-openapi'
import {
  Currency,
  Envelope,
  errors,
  exampleHead,
  ok,
  Price,
  security,
  Timestamp,
} from '../common.ts'

export const Balance = z
  .object({
    /** Two decimals. */
    amount: z.number(),
    currency: Currency,
    /** For people: `$150.25`. */
    formatted: z.string(),
  })
  .openapi('Balance')

export const GetBalanceResponse = Envelope.extend({
  /** In the account's currency. */
  balance: Balance,
  /** Three balances that never mix. */
  balances: Price,
  low_balance: z.boolean(),
  /** At the present rate of spending; null when nothing is charged or nothing runs. */
  estimated_hours_left: z.number().nullable(),
  timestamp: Timestamp,
}).openapi('CreditBalanceResponse')

export const getBalance = createRoute({
  operationId: 'getBalance',
  method: 'get',
  path: '/api/balance/',
  summary: 'Get credit balance',
  tags: ['Billing'],
  security,
  responses: {
    ...ok(GetBalanceResponse, 'What is left', {
      ...exampleHead,
      message: 'Balance retrieved successfully',
      balance: { amount: 150.25, currency: 'USD', formatted: '$150.25' },
      balances: { USD: 150.25, EUR: 0, INR: 0 },
      low_balance: false,
      estimated_hours_left: null,
      timestamp: '2026-01-10T09:00:00Z',
    }),
    ...errors(),
  },
})

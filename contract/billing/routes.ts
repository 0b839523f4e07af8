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
import { depletionStages } from './depletion.ts'

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
  /**
   * How near the end is: credits last for less than 24, 6 or 1 hours, or are used up. When they are,
   * instances are hibernated. Null when nothing is charged.
   */
  stage: z.enum(depletionStages).nullable(),
  /** What everything that is billed right now costs; 0 when nothing is charged. */
  burn_per_hour: z.number(),
  /** When credits are used up if it goes on like this; null when nothing is spent. */
  runs_out_at: Timestamp.nullable(),
  /** Since when they are used up; null when they are not. */
  depleted_at: Timestamp.nullable(),
  /** From when on what there is may be deleted; null when it is not going to be. */
  reclaims_at: Timestamp.nullable(),
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
      stage: 'ok',
      burn_per_hour: 0,
      runs_out_at: null,
      depleted_at: null,
      reclaims_at: null,
    }),
    ...errors(),
  },
})

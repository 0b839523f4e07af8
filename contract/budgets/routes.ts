/** What an account, or one of its keys, may use in a calendar month, and what it has used. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  Currency,
  Envelope,
  errors,
  exampleHead,
  idempotencyHeaders,
  jsonBody,
  ok,
  security,
  Timestamp,
  text,
} from '../common.ts'
import { budgetThresholds } from './thresholds.ts'

/** A thousand million of a currency: more is a slip of the finger. */
const most = 1_000_000_000

const Budget = z
  .object({
    /** At most that is used in a calendar month (UTC), in the account's currency; null: no limit. */
    monthly_cap: z.number().nullable(),
    currency: Currency,
    /** `2026-01` */
    month: z.string(),
    /** When the month ends and the next one begins, with nothing used. */
    month_ends_at: Timestamp,
    /** So far this month. Usage counts when it is charged, which is within a minute. */
    used: z.number(),
    /** Null without a cap; 0 once it is reached. */
    remaining: z.number().nullable(),
    /** Of the cap, rounded down; null without one. People are told at 50, 80 and 100. */
    used_percent: z.int().nullable(),
    warning_thresholds: z.array(z.int()),
    /** What everything that is billed right now costs. */
    burn_per_hour: z.number(),
    /** What the month comes to if it goes on like this. */
    forecast: z.number(),
    /** When the cap is reached if it goes on like this; null: not in this month. */
    reaches_cap_at: Timestamp.nullable(),
    /** Once the cap is reached, instances are hibernated and nothing new begins. */
    reached: z.boolean(),
    /** When that was acted upon. */
    reached_at: Timestamp.nullable(),
    /** Days (UTC) of this month on which something was charged. */
    days: z.array(z.object({ date: z.iso.date(), amount: z.number() })),
  })
  .openapi('Budget')
export type Budget = z.infer<typeof Budget>

const BudgetResponse = Envelope.extend({ budget: Budget }).openapi('BudgetResponse')
const KeyBudgetResponse = Envelope.extend({
  api_key: z.object({ id: z.string(), name: z.string() }),
  budget: Budget,
}).openapi('ApiKeyBudgetResponse')

const SetBudgetRequest = z
  .object({
    /** In the account's currency, up to two decimals; null takes the limit away. */
    monthly_cap: z
      .number()
      .min(0.01)
      .max(most)
      .refine(
        (amount) => Number.isInteger(Math.round(amount * 1e6) / 1e4),
        'Use at most two decimals.',
      )
      .nullable(),
  })
  .openapi('SetBudgetRequest')
export type SetBudgetRequest = z.infer<typeof SetBudgetRequest>

const example = {
  monthly_cap: 200,
  currency: 'USD' as const,
  month: '2026-01',
  month_ends_at: '2026-02-01T00:00:00Z',
  used: 101.2,
  remaining: 98.8,
  used_percent: 50,
  warning_thresholds: [...budgetThresholds],
  burn_per_hour: 0.1,
  forecast: 153.7,
  reaches_cap_at: null,
  reached: false,
  reached_at: null,
  days: [{ date: '2026-01-10', amount: 101.2 }],
} satisfies z.input<typeof Budget>
const api_key = { id: '01980c5e-7d7c-7a4e-9a33-4f1a63a3a0c1', name: 'ci' }

const tags = ['Billing']
const params = z.object({ api_key_id: text(64).openapi({ example: api_key.id }) })
const whatHappens =
  'At the cap what runs is hibernated and nothing new begins (403 `BUDGET_REACHED`); nothing is deleted, and what is stored goes on to cost. Raising the cap, or the next month, lifts that; nothing restarts by itself. Where nothing is charged, there is nothing to limit (400).'

export const getBudget = createRoute({
  operationId: 'getBudget',
  method: 'get',
  path: '/api/account/budget/',
  summary: 'Get budget',
  description:
    'What was used in this calendar month (UTC), day by day, beside the cap if there is one.',
  tags,
  security,
  responses: {
    ...ok(BudgetResponse, 'The budget', {
      ...exampleHead,
      message: 'Budget retrieved successfully',
      budget: example,
    }),
    ...errors(),
  },
})

export const setBudget = createRoute({
  operationId: 'setBudget',
  method: 'put',
  path: '/api/account/budget/',
  summary: 'Set budget',
  description: `Only owners may. ${whatHappens}`,
  tags,
  security,
  request: { headers: idempotencyHeaders, body: jsonBody(SetBudgetRequest, { monthly_cap: 200 }) },
  responses: {
    ...ok(BudgetResponse, 'The budget as it is now', {
      ...exampleHead,
      message: 'Budget changed successfully',
      budget: example,
    }),
    ...errors(400, 403, 409, 413, 422),
  },
})

export const getApiKeyBudget = createRoute({
  operationId: 'getApiKeyBudget',
  method: 'get',
  path: '/api/account/api-keys/{api_key_id}/budget/',
  summary: 'Get budget of an API key',
  description:
    'What was used in this calendar month (UTC) by what the key made, also after it was revoked.',
  tags,
  security,
  request: { params },
  responses: {
    ...ok(KeyBudgetResponse, 'The budget', {
      ...exampleHead,
      message: 'Budget retrieved successfully',
      api_key,
      budget: example,
    }),
    ...errors(400, 404),
  },
})

export const setApiKeyBudget = createRoute({
  operationId: 'setApiKeyBudget',
  method: 'put',
  path: '/api/account/api-keys/{api_key_id}/budget/',
  summary: 'Set budget of an API key',
  description: `Only owners may. It bounds what the key makes, beside the account's own budget. ${whatHappens}`,
  tags,
  security,
  request: {
    params,
    headers: idempotencyHeaders,
    body: jsonBody(SetBudgetRequest, { monthly_cap: 200 }),
  },
  responses: {
    ...ok(KeyBudgetResponse, 'The budget as it is now', {
      ...exampleHead,
      message: 'Budget changed successfully',
      api_key,
      budget: example,
    }),
    ...errors(400, 403, 404, 409, 413, 422),
  },
})

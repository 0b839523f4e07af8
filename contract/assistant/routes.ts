/** Which models there are, and what was spent on them. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  Currency,
  Envelope,
  errors,
  exampleHead,
  ok,
  Price,
  page,
  pageSize,
  query,
  security,
  Timestamp,
  text,
} from '../common.ts'

export { createChatCompletion } from './chat.ts'

const tags = ['AI chat']

export const AIModel = z
  .object({
    id: z.string(),
    name: z.string(),
    provider: z.string(),
    /** Tokens of prompt and answer together. */
    context_length: z.int(),
    /** Per million tokens. */
    prices: z.object({ input_per_million: Price, output_per_million: Price }),
    is_active: z.boolean(),
    /** No model is behind it: it is for trying out. */
    simulated: z.literal(true).optional(),
  })
  .openapi('AIModel')
export type AIModel = z.infer<typeof AIModel>

export const ModelsResponse = Envelope.extend({
  models: z.array(AIModel),
  count: z.int(),
}).openapi('ModelsResponse')

export const listModels = createRoute({
  operationId: 'listModels',
  method: 'get',
  path: '/api/ai/models/',
  summary: 'Get available AI models',
  description: 'Empty where the operator has configured none.',
  tags,
  security,
  responses: {
    ...ok(ModelsResponse, 'The models of this installation', {
      ...exampleHead,
      message: 'AI models retrieved successfully',
      models: [
        {
          id: 'barrack-small',
          name: 'Barrack Small',
          provider: 'Barrack',
          context_length: 32_768,
          prices: {
            input_per_million: { USD: 0.1, EUR: 0.1, INR: 8.5 },
            output_per_million: { USD: 0.4, EUR: 0.4, INR: 34 },
          },
          is_active: true,
        },
      ],
      count: 1,
    }),
    ...errors(),
  },
})

/** A day (`2026-01-10`, UTC, from its beginning or to its end) or a moment. */
const Moment = query(z.union([z.iso.date(), z.iso.datetime({ offset: true })])).openapi({
  type: 'string',
  example: '2026-01-10',
})
const range = {
  /** Calls from this moment on. */
  start_date: Moment,
  /** Calls before this moment. */
  end_date: Moment,
}

export const UsageSummaryResponse = Envelope.extend({
  /** As it was asked for; null where it is open. */
  period: z.object({ start_date: z.string().nullable(), end_date: z.string().nullable() }),
  /** Those that failed among them, with neither tokens nor cost. */
  total_requests: z.int(),
  total_tokens: z.int(),
  prompt_tokens: z.int(),
  completion_tokens: z.int(),
  total_cost: z.number(),
  currency: Currency,
  /** The dearest first. */
  by_model: z.array(
    z.object({ model: z.string(), requests: z.int(), tokens: z.int(), cost: z.number() }),
  ),
}).openapi('UsageSummaryResponse')

export const getUsageSummary = createRoute({
  operationId: 'getUsageSummary',
  method: 'get',
  path: '/api/ai/usage/summary/',
  summary: 'Get AI usage summary',
  tags,
  security,
  request: { query: z.object(range) },
  responses: {
    ...ok(UsageSummaryResponse, 'Of all calls within the period', {
      ...exampleHead,
      message: 'AI usage summary retrieved successfully',
      period: { start_date: '2026-01-10', end_date: null },
      total_requests: 1,
      total_tokens: 50,
      prompt_tokens: 42,
      completion_tokens: 8,
      total_cost: 0.000008,
      currency: 'USD',
      by_model: [{ model: 'barrack-small', requests: 1, tokens: 50, cost: 0.000008 }],
    }),
    ...errors(400),
  },
})

export const AITransaction = z
  .object({
    transaction_id: z.string().regex(/^AIT_[0-9A-Za-z]{10}$/),
    model: z.string(),
    prompt_tokens: z.int(),
    completion_tokens: z.int(),
    total_tokens: z.int(),
    cost: z.number(),
    currency: Currency,
    /** One that failed cost nothing. */
    status: z.enum(['completed', 'failed']),
    created_at: Timestamp,
  })
  .openapi('AITransaction')
export type AITransaction = z.infer<typeof AITransaction>

export const UsageHistoryResponse = Envelope.extend({
  transactions: z.array(AITransaction),
  total: z.int(),
  page: z.int(),
  limit: z.int(),
  total_pages: z.int(),
  currency: Currency,
}).openapi('UsageHistoryResponse')

export const getUsageHistory = createRoute({
  operationId: 'getUsageHistory',
  method: 'get',
  path: '/api/ai/usage/history/',
  summary: 'Get AI usage history',
  description: 'A transaction for each call that has ended, in the currency of the account.',
  tags,
  security,
  request: { query: z.object({ page, limit: pageSize, model: query(text(100)), ...range }) },
  responses: {
    ...ok(UsageHistoryResponse, 'Newest first', {
      ...exampleHead,
      message: 'AI usage history retrieved successfully',
      transactions: [
        {
          transaction_id: 'AIT_4k9ZqLw2Xb',
          model: 'barrack-small',
          prompt_tokens: 42,
          completion_tokens: 8,
          total_tokens: 50,
          cost: 0.000008,
          currency: 'USD',
          status: 'completed',
          created_at: '2026-01-10T09:00:00Z',
        },
      ],
      total: 1,
      page: 1,
      limit: 20,
      total_pages: 1,
      currency: 'USD',
    }),
    ...errors(400),
  },
})

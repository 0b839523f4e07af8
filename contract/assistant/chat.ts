/** What is said to a model and what it answers, in the shape that most clients of such services know. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  Currency,
  choice,
  ErrorResponse,
  errors,
  exampleHead,
  idempotencyHeaders,
  integer,
  jsonBody,
  ok,
  RequestId,
  security,
  text,
} from '../common.ts'

/** Characters of one message. */
export const longestMessage = 200_000
export const mostMessages = 100
export const mostOutputTokens = 8192

export const ChatMessage = z
  .object({ role: choice(['system', 'user', 'assistant']), content: text(longestMessage) })
  .openapi('ChatMessage')

export const ChatCompletionsRequest = z
  .object({
    /** An id of `GET /api/ai/models/`. */
    model: text(100).min(1),
    messages: z.array(ChatMessage).min(1).max(mostMessages),
    temperature: z.number().min(0).max(2).default(1),
    /** Of the answer. With `tools`, of each round. */
    max_tokens: integer(1, mostOutputTokens).default(1024),
    top_p: z.number().min(0).max(1).optional(),
    /** `true`: the answer comes as server-sent events while it is made. Takes no Idempotency-Key. */
    stream: z.boolean().default(false),
    /** The answer ends before any of these. */
    stop: z.array(text(200).min(1)).max(4).optional(),
    /** `garrison`: the model may read what your account has, and propose calls of this API. */
    tools: z.enum(['garrison']).optional(),
  })
  .openapi('ChatCompletionsRequest')
export type ChatCompletionsRequest = z.infer<typeof ChatCompletionsRequest>

/** A call of this API that the model advises. Nobody has sent it: read it, then send it yourself. */
export const ProposedCall = z
  .object({
    method: z.enum(['POST', 'PUT', 'PATCH', 'DELETE']),
    path: z.string(),
    /** Null where the call takes none. It fits the schema of that call. */
    body: z.record(z.string(), z.unknown()).nullable(),
    /** In the words of the model. */
    summary: z.string(),
  })
  .openapi('ProposedCall')
export type ProposedCall = z.infer<typeof ProposedCall>

export const ChatUsage = z
  .object({ prompt_tokens: z.int(), completion_tokens: z.int(), total_tokens: z.int() })
  .openapi('ChatUsage')

/** Why the answer ends: it is complete, or `max_tokens` is reached, or the model would not say more. */
const finishReasons = ['stop', 'length', 'content_filter'] as const
export type FinishReason = (typeof finishReasons)[number]

const settled = {
  /** As the model's server counts them; of all rounds where tools were used. */
  usage: ChatUsage,
  /** Up to 6 decimals. Where nothing is charged, what it would have cost. */
  cost: z.number(),
  currency: Currency,
  balance_after: z.number(),
  /** With `tools` only. */
  proposed_calls: z.array(ProposedCall).optional(),
  request_id: RequestId,
}

export const ChatCompletionsResponse = z
  .object({
    success: z.literal(true),
    /** Also in the history of usage, as `transaction_id`. */
    id: z.string(),
    object: z.literal('chat.completion'),
    /** Unix seconds. */
    created: z.int(),
    model: z.string(),
    choices: z.array(
      z.object({
        index: z.int(),
        message: z.object({ role: z.literal('assistant'), content: z.string() }),
        finish_reason: z.enum(finishReasons),
      }),
    ),
    ...settled,
  })
  .openapi('ChatCompletionsResponse')
export type ChatCompletionsResponse = z.infer<typeof ChatCompletionsResponse>

/** One event of a stream. The last one has no choices, and what the answer cost. */
export const ChatCompletionsChunk = z
  .object({
    id: z.string(),
    object: z.literal('chat.completion.chunk'),
    created: z.int(),
    model: z.string(),
    choices: z.array(
      z.object({
        index: z.int(),
        delta: z.object({
          role: z.literal('assistant').optional(),
          content: z.string().optional(),
        }),
        finish_reason: z.enum(finishReasons).nullable(),
      }),
    ),
    ...z.object(settled).partial().shape,
  })
  .openapi('ChatCompletionsChunk')
export type ChatCompletionsChunk = z.infer<typeof ChatCompletionsChunk>

/** Ends a stream that broke: nothing is charged, and no `[DONE]` follows. */
export const ChatStreamError = ErrorResponse.extend({
  /** The same once more where clients of other services look for it. */
  error: z.object({ message: z.string(), code: z.string() }),
}).openapi('ChatStreamError')
export type ChatStreamError = z.infer<typeof ChatStreamError>

const answer = {
  ...exampleHead,
  id: 'AIT_4k9ZqLw2Xb',
  object: 'chat.completion',
  created: 1_768_035_600,
  model: 'barrack-small',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'Two of your instances run.' },
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 42, completion_tokens: 8, total_tokens: 50 },
  cost: 0.000008,
  currency: 'USD',
  balance_after: 24.999992,
} as const

const streamed = `data: {"id":"AIT_4k9ZqLw2Xb","object":"chat.completion.chunk","created":1768035600,"model":"barrack-small","choices":[{"index":0,"delta":{"role":"assistant","content":"Two"},"finish_reason":null}]}

data: {"id":"AIT_4k9ZqLw2Xb","object":"chat.completion.chunk","created":1768035600,"model":"barrack-small","choices":[],"usage":{"prompt_tokens":42,"completion_tokens":8,"total_tokens":50},"cost":0.000008,"currency":"USD","balance_after":24.999992,"request_id":"a1b2c3d4"}

data: [DONE]
`

const described = ok(ChatCompletionsResponse, 'The answer, and what it cost', {
  ...answer,
  choices: [...answer.choices],
})

export const createChatCompletion = createRoute({
  operationId: 'createChatCompletion',
  method: 'post',
  path: '/api/ai/chat/completions/',
  summary: 'Chat with AI',
  description: `The answer of a model, charged by the tokens that the model's server counts; a call that fails costs nothing.

With \`"stream": true\` it comes as server-sent events: chunks, a last one with \`usage\` and \`cost\`, then \`[DONE]\`. An event with \`error\` ends a stream that broke. Whoever hangs up while an answer comes pays for what the server counts.

With \`"tools": "garrison"\` the model may read what your account has, by your own rights. It changes nothing: what it would change stands in \`proposed_calls\`, for you to send.

Prompts are never stored. The answer is, for 24 hours, where an \`Idempotency-Key\` asks for it; streams take none.`,
  tags: ['AI chat'],
  security,
  request: {
    headers: idempotencyHeaders,
    body: jsonBody(ChatCompletionsRequest, {
      model: 'barrack-small',
      messages: [{ role: 'user', content: 'How many of my instances run?' }],
      temperature: 1,
      max_tokens: 1024,
      stream: false,
    }),
  },
  responses: {
    200: {
      description: described[200].description,
      content: {
        ...described[200].content,
        'text/event-stream': { schema: z.string(), example: streamed },
      },
    },
    ...errors(400, 403, 409, 413, 422, 502),
  },
})

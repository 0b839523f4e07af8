/** From rows and answers to what the API says. */
import type {
  ChatCompletionsChunk,
  ChatCompletionsResponse,
  FinishReason,
} from '@garrison/contract/assistant/chat'
import type { AITransaction } from '@garrison/contract/assistant/routes'
import { toDecimal } from '../money.ts'
import type { Answer, Ticket } from './service.ts'
import type { AiTransaction, ModelUsage } from './store.ts'

const unixSeconds = (at: Date) => Math.floor(at.getTime() / 1000)

function settled(answer: Answer, request_id: string) {
  const { prompt, completion } = answer.tokens
  return {
    usage: {
      prompt_tokens: prompt,
      completion_tokens: completion,
      total_tokens: prompt + completion,
    },
    cost: toDecimal(answer.costMicros),
    currency: answer.currency,
    balance_after: toDecimal(answer.balanceMicros),
    ...(answer.proposals !== null && { proposed_calls: [...answer.proposals] }),
    request_id,
  }
}

export const completion = (
  ticket: Ticket,
  answer: Answer,
  requestId: string,
): ChatCompletionsResponse => ({
  success: true,
  id: ticket.publicId,
  object: 'chat.completion',
  created: unixSeconds(ticket.createdAt),
  model: ticket.model.id,
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: answer.text },
      finish_reason: answer.reason,
    },
  ],
  ...settled(answer, requestId),
})

const chunkHead = (ticket: Ticket) => ({
  id: ticket.publicId,
  object: 'chat.completion.chunk' as const,
  created: unixSeconds(ticket.createdAt),
  model: ticket.model.id,
})

/** A piece of the answer; with a reason, that it ends. */
export const chunk = (
  ticket: Ticket,
  delta: { role?: 'assistant'; content?: string },
  finish_reason: FinishReason | null = null,
): ChatCompletionsChunk => ({
  ...chunkHead(ticket),
  choices: [{ index: 0, delta, finish_reason }],
})

/** The last one, with what the answer cost. */
export const closingChunk = (
  ticket: Ticket,
  answer: Answer,
  requestId: string,
): ChatCompletionsChunk => ({
  ...chunkHead(ticket),
  choices: [],
  ...settled(answer, requestId),
})

export const transactionAnswer = (row: AiTransaction): AITransaction => ({
  transaction_id: row.public_id,
  model: row.model,
  prompt_tokens: row.prompt_tokens,
  completion_tokens: row.completion_tokens,
  total_tokens: row.prompt_tokens + row.completion_tokens,
  cost: toDecimal(row.cost_micros),
  currency: row.currency,
  status: row.status === 'completed' ? 'completed' : 'failed',
  created_at: row.created_at.toISOString(),
})

export function usageTotals(models: readonly ModelUsage[]) {
  const total = (of: (each: ModelUsage) => number) =>
    models.reduce((sum, each) => sum + Number(of(each)), 0)
  const [prompt, said] = [total((each) => each.prompt), total((each) => each.completion)]
  return {
    total_requests: total((each) => each.requests),
    total_tokens: prompt + said,
    prompt_tokens: prompt,
    completion_tokens: said,
    total_cost: toDecimal(total((each) => each.costMicros)),
    by_model: models.map((each) => ({
      model: each.model,
      requests: Number(each.requests),
      tokens: Number(each.prompt) + Number(each.completion),
      cost: toDecimal(Number(each.costMicros)),
    })),
  }
}

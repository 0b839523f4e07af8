/** The words of OpenAI-compatible servers: only what we read of them, whatever else they send. */
import type { FinishReason } from '@garrison/contract/assistant/chat'
import { z } from 'zod'
import type { Tokens } from './cost.ts'
import { type ToolCall, UpstreamFailure, type UpstreamRequest } from './upstream.ts'

const mostToolCalls = 16
const longestArguments = 32_768

const chunk = z.object({
  choices: z
    .array(
      z.object({
        delta: z
          .object({
            content: z.string().nullish(),
            tool_calls: z
              .array(
                z.object({
                  index: z.int().min(0).nullish(),
                  id: z.string().nullish(),
                  function: z
                    .object({ name: z.string().nullish(), arguments: z.string().nullish() })
                    .nullish(),
                }),
              )
              .nullish(),
          })
          .nullish(),
        finish_reason: z.string().nullish(),
      }),
    )
    .nullish(),
  usage: z
    .object({ prompt_tokens: z.unknown().optional(), completion_tokens: z.unknown().optional() })
    .nullish(),
  error: z.unknown().optional(),
})

const count = z.int().min(0)

export function requestBody(request: UpstreamRequest) {
  const { model, temperature, maxTokens, topP, stop, tools, mayCall = true } = request
  return {
    model,
    messages: request.messages.map(wireMessage),
    temperature,
    max_tokens: maxTokens,
    ...(topP !== undefined && { top_p: topP }),
    ...(stop !== undefined && stop.length > 0 && { stop }),
    ...(tools !== undefined && {
      tools: tools.map((tool) => ({ type: 'function', function: tool })),
      tool_choice: mayCall ? 'auto' : 'none',
    }),
    stream: true,
    stream_options: { include_usage: true },
  }
}

function wireMessage(message: UpstreamRequest['messages'][number]) {
  if (message.role === 'tool') {
    return { role: 'tool', tool_call_id: message.toolCallId, content: message.content }
  }
  if (message.role !== 'assistant' || message.toolCalls === undefined) return message
  return {
    role: 'assistant',
    content: message.content,
    tool_calls: message.toolCalls.map((call) => ({
      id: call.id,
      type: 'function',
      function: { name: call.name, arguments: call.arguments },
    })),
  }
}

/** Puts an answer together from its chunks. Throws {@link UpstreamFailure} for what is not one. */
export function createReader() {
  let reason: string | null = null
  let tokens: Tokens | null = null
  const calls: { id: string; name: string; arguments: string }[] = []

  function readCall(part: { index?: number | null | undefined; id?: string | null | undefined }) {
    // Some leave the index out and send each call whole.
    const index = part.index ?? (part.id ? calls.length : Math.max(0, calls.length - 1))
    if (index >= mostToolCalls || index > calls.length) throw nonsense('too many calls at once')
    const call = calls[index] ?? { id: '', name: '', arguments: '' }
    calls[index] = call
    return call
  }

  return {
    /** Answers the text that this event adds. */
    read(data: string): string {
      const parsed = chunk.safeParse(jsonOf(data))
      if (!parsed.success) throw nonsense('an event that is no chunk of an answer')
      const { choices, usage, error } = parsed.data
      if (error !== undefined && error !== null) {
        throw new UpstreamFailure('down', 'The server of the model broke off its answer')
      }
      if (usage) tokens = tokensOf(usage)
      const [choice] = choices ?? []
      if (choice === undefined) return ''
      for (const part of choice.delta?.tool_calls ?? []) {
        const call = readCall(part)
        if (part.id) call.id = part.id
        if (part.function?.name) call.name += part.function.name
        call.arguments += part.function?.arguments ?? ''
        if (call.arguments.length > longestArguments) throw nonsense('a call without an end')
      }
      reason = choice.finish_reason ?? reason
      return choice.delta?.content ?? ''
    },

    /** What there is once the upstream has nothing more to say. */
    end(): { reason: FinishReason; toolCalls: ToolCall[]; tokens: Tokens } {
      if (reason === null) throw new UpstreamFailure('down', 'The answer of the model broke off')
      if (tokens === null) throw nonsense('no count of tokens')
      const toolCalls = calls.map((call, at) => ({ ...call, id: call.id || `call_${at}` }))
      return { reason: knownReason(reason), toolCalls, tokens }
    },
  }
}

const knownReason = (reason: string): FinishReason =>
  reason === 'length' || reason === 'content_filter' ? reason : 'stop'

function tokensOf(usage: { prompt_tokens?: unknown; completion_tokens?: unknown }): Tokens {
  const [prompt, completion] = [usage.prompt_tokens, usage.completion_tokens].map((each) =>
    count.safeParse(each),
  )
  if (!prompt?.success || !completion?.success) throw nonsense('a count of tokens that is none')
  return { prompt: prompt.data, completion: completion.data }
}

/** The body of a refusal: what the server says of it, in one line. Null where it says nothing. */
export function wordsOf(body: string): string | null {
  const parsed = refusal.safeParse(jsonOf(body))
  if (!parsed.success) return null
  const { error, message, detail } = parsed.data
  const words = (typeof error === 'string' ? error : error?.message) ?? message ?? detail
  return (
    words
      ?.replaceAll(/[\p{Cc}\s]+/gu, ' ')
      .trim()
      .slice(0, 300) || null
  )
}

const refusal = z.object({
  error: z.union([z.string(), z.object({ message: z.string() })]).optional(),
  message: z.string().optional(),
  detail: z.string().optional(),
})

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Without what was sent, which may repeat the prompt. */
export const nonsense = (what: string) =>
  new UpstreamFailure('nonsense', `The server of the model sent ${what}`)

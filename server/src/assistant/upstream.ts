/** What an upstream is to the rest of the room: something that answers a conversation piece by piece. */
import type { FinishReason } from '@garrison/contract/assistant/chat'
import type { Tokens } from './cost.ts'

export type ToolCall = { readonly id: string; readonly name: string; readonly arguments: string }

export type Message =
  | { readonly role: 'system' | 'user'; readonly content: string }
  | {
      readonly role: 'assistant'
      readonly content: string
      readonly toolCalls?: readonly ToolCall[]
    }
  | { readonly role: 'tool'; readonly content: string; readonly toolCallId: string }

export type Tool = {
  readonly name: string
  readonly description: string
  /** JSON Schema of the arguments. */
  readonly parameters: Readonly<Record<string, unknown>>
}

export type UpstreamRequest = {
  /** As the upstream calls it. */
  readonly model: string
  readonly messages: readonly Message[]
  readonly temperature: number
  readonly maxTokens: number
  readonly topP?: number | undefined
  readonly stop?: readonly string[] | undefined
  readonly tools?: readonly Tool[] | undefined
  /** `false`: the tools are only named, since there are answers of theirs among the messages. */
  readonly mayCall?: boolean | undefined
}

/** `end` is the last one, and only ever comes with a count. */
export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  | {
      readonly kind: 'end'
      readonly reason: FinishReason
      readonly toolCalls: readonly ToolCall[]
      readonly tokens: Tokens
    }

export type Upstream = {
  readonly id: string
  readonly simulated: boolean
  /** Throws {@link UpstreamFailure}; whatever the signal aborts for, where it does. */
  answer(request: UpstreamRequest, signal: AbortSignal): AsyncIterable<Piece>
}

/**
 * `busy`: it limits us. `refused`: it will not have this request, in its own words. `down`: it cannot be
 * reached or fails. `misconfigured`: it does not know our key or the model. `nonsense`: what it sends is
 * not what was agreed.
 */
export type FailureKind = 'busy' | 'refused' | 'down' | 'misconfigured' | 'nonsense'

/** The message is for callers and for the log: it has nothing of what was said. */
export class UpstreamFailure extends Error {
  override name = 'UpstreamFailure'
  readonly kind: FailureKind
  /** Seconds to wait, where it said so. */
  readonly retryAfter: number | null
  constructor(
    kind: FailureKind,
    message: string,
    { retryAfter = null, ...options }: ErrorOptions & { retryAfter?: number | null } = {},
  ) {
    super(message, options)
    this.kind = kind
    this.retryAfter = retryAfter
  }
}

/** What tokens cost, and the most that a call can: plain functions, in micro-units. */
import type { Currency } from '@garrison/contract/common'

/** Micro-units of each currency for a million tokens. */
export type TokenPrices = {
  readonly input: Readonly<Record<Currency, number>>
  readonly output: Readonly<Record<Currency, number>>
}

/** As the upstream counts. */
export type Tokens = { readonly prompt: number; readonly completion: number }

const perMillion = 1_000_000n

/** Rounded up to a micro-unit, and at least one. `null`: the model is free. */
export function costOf(prices: TokenPrices | null, tokens: Tokens, currency: Currency): number {
  if (prices === null) return 0
  const exact =
    BigInt(tokens.prompt) * BigInt(prices.input[currency]) +
    BigInt(tokens.completion) * BigInt(prices.output[currency])
  const cost = Number((exact + perMillion - 1n) / perMillion)
  return Math.max(1, cost)
}

/** What chat templates put around messages, and a system prompt of the model's own. */
const aroundPrompt = 1024
const aroundMessage = 128
/** Some end an answer a few tokens late. */
const aroundAnswer = 64

/** What one request to an upstream may come to: no tokenizer makes more tokens than there are bytes. */
export function mostTokens(request: {
  readonly promptBytes: number
  readonly messages: number
  readonly maxTokens: number
  readonly contextLength: number
}): Tokens {
  const { promptBytes, messages, maxTokens, contextLength } = request
  return {
    prompt: Math.min(contextLength, promptBytes + messages * aroundMessage + aroundPrompt),
    completion: Math.min(contextLength, maxTokens + aroundAnswer),
  }
}

/** The upstream's count cannot be right: it is more than what was sent or asked for can come to. */
export const isAbsurd = (tokens: Tokens, most: Tokens) =>
  tokens.prompt > most.prompt || tokens.completion > most.completion

export const sum = (a: Tokens, b: Tokens): Tokens => ({
  prompt: a.prompt + b.prompt,
  completion: a.completion + b.completion,
})

export const noTokens: Tokens = { prompt: 0, completion: 0 }

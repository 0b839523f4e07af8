/**
 * Conversations, as plain data: what was said, what it cost, what was proposed and what became of that. They
 * live in this browser and nowhere else.
 */
import type { Answer } from '../api/client.ts'

export type ProposedCall = NonNullable<
  Answer<'post', '/api/ai/chat/completions/'>['proposed_calls']
>[number]

export type Proposal = ProposedCall & {
  /** Null: nobody has sent it. */
  readonly sent: { readonly ok: boolean; readonly words: string } | null
}

export type Asked = { readonly role: 'user'; readonly content: string }
export type Answered = {
  readonly role: 'assistant'
  readonly content: string
  readonly model: string
  readonly tokens: number
  readonly cost: number
  /** Why it ends; `going`: it has not. */
  readonly end: 'going' | 'whole' | 'length' | 'filter' | 'stopped' | 'failed'
  /** Of one that failed. */
  readonly problem: string | null
  readonly proposals: readonly Proposal[]
}
export type Message = Asked | Answered

export type Talk = {
  readonly id: string
  /** The first question, shortened. */
  readonly title: string
  readonly at: string
  readonly messages: readonly Message[]
}

/** So many are kept, the youngest; a browser gives a site a few megabytes. */
const mostTalks = 50
const mostCharacters = 2_000_000
/** Messages of one conversation that are sent along with a question. */
const mostCarried = 40

export const titleOf = (question: string) => {
  const line = question.trim().split('\n')[0] ?? ''
  return line.length <= 60 ? line : `${line.slice(0, 59).trimEnd()}…`
}

export const spent = (talk: Talk) =>
  talk.messages.reduce(
    (sum, message) =>
      message.role === 'assistant'
        ? { tokens: sum.tokens + message.tokens, cost: sum.cost + message.cost }
        : sum,
    { tokens: 0, cost: 0 },
  )

/** What a model gets of a conversation: what was said, and what became of what it proposed. */
export function carried(messages: readonly Message[]): {
  role: 'user' | 'assistant'
  content: string
}[] {
  const said = messages
    .filter((message) => message.role === 'user' || message.content !== '')
    .map((message) => ({
      role: message.role,
      content:
        message.role === 'user'
          ? message.content
          : [message.content, ...message.proposals.map(becameOf)].join('\n\n'),
    }))
  const last = said.slice(-mostCarried)
  // One that begins with an answer would be an answer to nothing.
  return last[0]?.role === 'assistant' ? last.slice(1) : last
}

const becameOf = ({ method, path, sent }: Proposal) =>
  `[Proposed: ${method} ${path}. ${sent === null ? 'Not sent yet' : `Sent; ${sent.words}`}]`

/** What is kept of them, the youngest first: what was going on when a page closed had stopped. */
export function kept(talks: readonly Talk[]): readonly Talk[] {
  let size = 0
  return talks
    .toSorted((a, b) => b.at.localeCompare(a.at))
    .slice(0, mostTalks)
    .filter((talk) => {
      size += JSON.stringify(talk).length
      return size <= mostCharacters
    })
}

export const settled = (talk: Talk): Talk => ({
  ...talk,
  messages: talk.messages.map((message) =>
    message.role === 'assistant' && message.end === 'going'
      ? { ...message, end: 'stopped' as const }
      : message,
  ),
})

/** What somebody else may have written where ours is kept is not ours. */
export function talksFrom(text: string | null): readonly Talk[] {
  try {
    const read: unknown = JSON.parse(text ?? '[]')
    return Array.isArray(read) ? read.filter(isTalk).map(settled) : []
  } catch {
    return []
  }
}

const isTalk = (value: unknown): value is Talk =>
  typeof value === 'object' &&
  value !== null &&
  'id' in value &&
  typeof value.id === 'string' &&
  'title' in value &&
  typeof value.title === 'string' &&
  'at' in value &&
  typeof value.at === 'string' &&
  'messages' in value &&
  Array.isArray(value.messages)

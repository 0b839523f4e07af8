/**
 * The conversations of this browser, and the one answer that is being made. It goes on while other pages are
 * looked at.
 */
import { useSyncExternalStore } from 'react'
import { wordsOf } from '../api/errors.ts'
import { stale } from '../api/queries.ts'
import { keptUnder } from '../shell/kept.ts'
import { ask } from './stream.ts'
import {
  type Answered,
  carried,
  kept,
  type ProposedCall,
  type Talk,
  talksFrom,
  titleOf,
} from './talks.ts'

type State = {
  readonly account: string
  readonly talks: readonly Talk[]
  /** Id of the conversation that is being answered in. */
  readonly answering: string | null
}

let state: State = { account: '', talks: [], answering: null }
let going: AbortController | null = null
const watchers = new Set<() => void>()

function become(change: Partial<State>) {
  state = { ...state, ...change }
  for (const tell of watchers) tell()
}

/** Of one account: whoever has several does not find the words of one in another. */
export function useTalks(account: string): State {
  if (state.account !== account) {
    state = { account, talks: talksFrom(localStorage.getItem(keptUnder(account))), answering: null }
  }
  return useSyncExternalStore(
    (tell) => {
      watchers.add(tell)
      return () => watchers.delete(tell)
    },
    () => state,
  )
}

function save() {
  const talks = kept(state.talks)
  become({ talks })
  try {
    localStorage.setItem(keptUnder(state.account), JSON.stringify(talks))
  } catch {
    // The browser gives no room: the page goes on with what it has in memory.
  }
}

const change = (id: string, make: (talk: Talk) => Talk) =>
  become({ talks: state.talks.map((talk) => (talk.id === id ? make(talk) : talk)) })

/** Changes the last answer of a conversation. */
const grow = (id: string, make: (answer: Answered) => Partial<Answered>) =>
  change(id, (talk) => {
    const last = talk.messages.at(-1)
    if (last?.role !== 'assistant') return talk
    return { ...talk, messages: [...talk.messages.slice(0, -1), { ...last, ...make(last) }] }
  })

export type Way = { readonly model: string; readonly looks: boolean; readonly most: number }

/** Puts a question into a conversation, or begins one. Answers its id at once. */
export function put(question: string, talkId: string | undefined, way: Way): string {
  const before = state.talks.find((talk) => talk.id === talkId)
  const id = before?.id ?? crypto.randomUUID()
  const asked = { role: 'user' as const, content: question }
  const at = new Date().toISOString()
  const messages = [...(before?.messages ?? []), asked]
  const answer: Answered = {
    ...{ role: 'assistant', content: '', model: way.model, tokens: 0, cost: 0 },
    ...{ end: 'going', problem: null, proposals: [] },
  }
  const talk = {
    id,
    title: before?.title ?? titleOf(question),
    at,
    messages: [...messages, answer],
  }
  become({ talks: [talk, ...state.talks.filter((each) => each.id !== id)], answering: id })
  save()
  void hear(id, way, carried(messages))
  return id
}

const ends = { stop: 'whole', length: 'length', content_filter: 'filter' } as const

async function hear(id: string, way: Way, messages: ReturnType<typeof carried>) {
  const controller = new AbortController()
  going = controller
  try {
    await ask(
      {
        model: way.model,
        messages,
        max_tokens: way.most,
        ...(way.looks ? { tools: 'garrison' as const } : {}),
      },
      {
        signal: controller.signal,
        onChunk: ({ choices, usage, cost, proposed_calls }) =>
          grow(id, (answer) => {
            const reason = choices[0]?.finish_reason
            const text = choices.map(({ delta }) => delta.content ?? '').join('')
            return {
              content: answer.content + text,
              end: reason ? ends[reason] : answer.end,
              tokens: usage?.total_tokens ?? answer.tokens,
              cost: cost ?? answer.cost,
              proposals:
                proposed_calls?.map((call) => ({ ...call, sent: null })) ?? answer.proposals,
            }
          }),
      },
    )
    grow(id, ({ end }) => ({ end: end === 'going' ? 'whole' : end }))
  } catch (error) {
    grow(id, () =>
      controller.signal.aborted ? { end: 'stopped' } : { end: 'failed', problem: wordsOf(error) },
    )
  }
  if (going === controller) going = null
  become({ answering: null })
  save()
  void stale('/api/balance/', '/api/ai/usage/')
}

/** The words so far stay; the server charges what its model has counted. */
export const stop = () => going?.abort()

/** What became of a call that somebody sent. */
export function wasSent(
  id: string,
  { message, call }: { message: number; call: ProposedCall },
  sent: { ok: boolean; words: string },
) {
  change(id, (talk) => ({
    ...talk,
    messages: talk.messages.map((each, index) =>
      index === message && each.role === 'assistant'
        ? {
            ...each,
            proposals: each.proposals.map((proposal) =>
              proposal === call ? { ...proposal, sent } : proposal,
            ),
          }
        : each,
    ),
  }))
  save()
}

export function forget(id: string) {
  if (state.answering === id) stop()
  become({ talks: state.talks.filter((talk) => talk.id !== id) })
  save()
}

export function forgetAll() {
  stop()
  become({ talks: [] })
  save()
}

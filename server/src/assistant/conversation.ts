/**
 * One call, from the question to the answer: which upstream is asked, and again with what was looked up,
 * until the model has nothing more to look up.
 *
 *   question ─► upstream ─► text ─────────────► answer
 *                 ▲    └──► calls of tools ─┐
 *                 └───── what they found ◄──┘   a bounded number of times, and of bytes
 */
import type { ChatCompletionsRequest, FinishReason } from '@garrison/contract/assistant/chat'
import { isAbsurd, noTokens, sum, type Tokens } from './cost.ts'
import type { Model } from './models.ts'
import { nonsense } from './openai-protocol.ts'
import {
  type Message,
  type Piece,
  type Tool,
  type ToolCall,
  UpstreamFailure,
  type UpstreamRequest,
} from './upstream.ts'

/** Of one round; what a model asks for beyond is not looked up. */
export const callsPerRound = 8
/** What rounds add to the question, in bytes, of all of them together. */
export const mostCarriedBytes = 32_768

export type Toolbox = {
  readonly tools: readonly Tool[]
  /** What the model is told before anything else. */
  readonly instructions: string
  /** What it found, for the model. Faults of the model are answers too. */
  call(call: ToolCall): Promise<string>
}

export type Way = Model['upstreams'][number]

export type Talk = {
  readonly request: ChatCompletionsRequest
  readonly toolbox: Toolbox | null
  /** How often the model may look something up. */
  readonly rounds: number
  /** In the order in which they are asked. */
  readonly ways: readonly Way[]
  /** No round can come to more. */
  readonly most: Tokens
  readonly onText: (text: string) => void
  readonly onFailure: (way: Way, failure: UpstreamFailure) => void
  /** Ends it wherever it is. */
  readonly ended: AbortSignal
  /** The caller has left: what has begun to come is read to its end, so that its count is known. */
  readonly gone: AbortSignal
}

export type Said = {
  readonly text: string
  readonly reason: FinishReason
  readonly tokens: Tokens
  readonly way: Way
}

/** The caller left before there was anything to pay for. */
export class CallerGone extends Error {
  override name = 'CallerGone'
}

export function openingOf(
  { messages }: ChatCompletionsRequest,
  toolbox: Pick<Toolbox, 'instructions'> | null,
): Message[] {
  const asked = messages.map(({ role, content }) => ({ role, content }))
  return toolbox === null ? asked : [{ role: 'system', content: toolbox.instructions }, ...asked]
}

/** Throws {@link UpstreamFailure}, {@link CallerGone}, or what it was ended for. */
export async function converse(talk: Talk): Promise<Said> {
  const { request, toolbox, rounds } = talk
  const messages = openingOf(request, toolbox)
  let { ways } = talk
  let [text, tokens, carried] = ['', noTokens, 0]

  for (let round = 0; ; round++) {
    const isLast = toolbox === null || round === rounds
    const begins = text === '' ? '' : '\n\n'
    let said = ''
    const asked: Omit<UpstreamRequest, 'model'> = {
      messages,
      temperature: request.temperature,
      maxTokens: request.max_tokens,
      topP: request.top_p,
      stop: request.stop,
      ...(toolbox !== null && { tools: toolbox.tools, mayCall: !isLast }),
    }
    const hear = (piece: string) => {
      talk.onText(said === '' ? begins + piece : piece)
      said += piece
    }
    const { end, way } = await ask(talk, ways, asked, hear).catch((error: unknown) => {
      if (error instanceof CallerGone && round > 0) return { end: null, way: ways[0] }
      throw error
    })
    if (way === undefined) throw new Error('a model without an upstream')
    // Nobody waits for the rest; what was counted is paid.
    if (end === null) return { text, reason: 'stop', tokens, way }
    if (isAbsurd(end.tokens, talk.most)) throw nonsense('a count of tokens that cannot be')
    tokens = sum(tokens, end.tokens)
    if (said !== '') text += begins + said
    // From now on the same one: it alone is known to be there.
    ways = [way]

    const toolCalls = isLast ? [] : end.toolCalls.slice(0, callsPerRound)
    if (toolCalls.length === 0 || toolbox === null || talk.gone.aborted) {
      return { text, reason: end.reason, tokens, way }
    }
    const own: Message = { role: 'assistant', content: said, toolCalls }
    carried += bytesOf(own)
    if (carried > mostCarriedBytes) return { text, reason: 'length', tokens, way }
    messages.push(own)
    for (const call of toolCalls) {
      talk.ended.throwIfAborted()
      const found = await toolbox.call(call)
      const content = cut(found, mostCarriedBytes - carried)
      carried += Buffer.byteLength(JSON.stringify(content))
      messages.push({ role: 'tool', toolCallId: call.id, content })
    }
  }
}

const bytesOf = (message: Message) => Buffer.byteLength(JSON.stringify(message))

const noRoom = '{"error":"Nothing more can be looked up in this call; answer with what you have."}'

/** In JSON, which is what is sent, it is no longer than `bytes`, as long as that is enough to say so. */
function cut(text: string, bytes: number) {
  return Buffer.byteLength(JSON.stringify(text)) <= bytes ? text : noRoom
}

/** Asks one after the other, until one begins to answer. */
async function ask(
  talk: Talk,
  ways: readonly Way[],
  request: Omit<UpstreamRequest, 'model'>,
  hear: (text: string) => void,
): Promise<{ end: Extract<Piece, { kind: 'end' }>; way: Way }> {
  let failure: UpstreamFailure | undefined
  for (const way of ways) {
    let began = false
    const left = new AbortController()
    const leave = () => left.abort(new CallerGone())
    talk.gone.addEventListener('abort', leave)
    if (talk.gone.aborted) leave()
    try {
      const signal = AbortSignal.any([talk.ended, left.signal])
      signal.throwIfAborted()
      for await (const piece of way.upstream.answer({ ...request, model: way.model }, signal)) {
        began = true
        talk.gone.removeEventListener('abort', leave)
        if (piece.kind === 'end') return { end: piece, way }
        hear(piece.text)
      }
      throw nonsense('an answer without an end')
    } catch (error) {
      if (!(error instanceof UpstreamFailure)) throw error
      talk.onFailure(way, error)
      if (began || error.kind === 'refused' || talk.ended.aborted) throw error
      failure = error
    } finally {
      talk.gone.removeEventListener('abort', leave)
    }
  }
  throw failure ?? new Error('a model without an upstream')
}

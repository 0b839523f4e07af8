/** Answers by rule, so that everything around a model can be tried without one. It never claims to think. */
import type { Message, Piece, Upstream, UpstreamRequest } from './upstream.ts'

const bytesPerToken = 4
const tokensOf = (text: string) => Math.ceil(Buffer.byteLength(text) / bytesPerToken)
const longestQuote = 200

export function createSimulatedUpstream(id: string): Upstream {
  return {
    id,
    simulated: true,
    async *answer(request, signal) {
      const prompt = tokensOf(
        JSON.stringify(request.messages) + JSON.stringify(request.tools ?? []),
      )
      const lookUp = firstLook(request)
      const words = lookUp === null ? answerTo(request.messages).split(/(?<=\s)/) : []
      // One word is one token here, so that `max_tokens` can be seen to end an answer.
      const said = words.slice(0, request.maxTokens)
      for (const text of said) {
        signal.throwIfAborted()
        yield { kind: 'text', text } satisfies Piece
      }
      const toolCalls = lookUp === null ? [] : [lookUp]
      const completion = said.length + tokensOf(JSON.stringify(toolCalls))
      const reason = said.length < words.length ? 'length' : 'stop'
      yield { kind: 'end', reason, toolCalls, tokens: { prompt, completion } } satisfies Piece
    },
  }
}

/** Shows once how tools are used. */
function firstLook({ tools, mayCall = true, messages }: UpstreamRequest) {
  if (tools === undefined || !mayCall || messages.at(-1)?.role === 'tool') return null
  const [first] = tools
  return first === undefined ? null : { id: 'call_0', name: first.name, arguments: '{}' }
}

function answerTo(messages: readonly Message[]): string {
  const asked = messages.findLast((each) => each.role === 'user')?.content ?? ''
  const found = messages.findLast((each) => each.role === 'tool')?.content
  const quote = (text: string) =>
    text.length <= longestQuote ? text : `${[...text].slice(0, longestQuote).join('')}…`
  return [
    'This answer is simulated: no model is connected.',
    `You asked: "${quote(asked)}"`,
    ...(found === undefined ? [] : [`Looked up in your account: ${quote(found)}`]),
  ].join(' ')
}

/** A server on a real port that speaks as an OpenAI-compatible one does, or does not, as a test says. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { assistant } from '../config/assistant.ts'

type Sent = {
  readonly path: string
  readonly authorization: string | undefined
  // Tests look into requests as they please.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly body: any
  /** Aborted when the connection is closed before the answer was there. */
  readonly left: AbortSignal
}
type Reply = (response: ServerResponse, sent: Sent) => void | Promise<void>

export type StandIn = Awaited<ReturnType<typeof createStandIn>>

export async function createStandIn() {
  const replies: Reply[] = []
  const requests: Sent[] = []
  const server = createServer(async (request, response) => {
    const left = new AbortController()
    response.on('close', () => {
      if (!response.writableFinished) left.abort()
    })
    const sent: Sent = {
      path: request.url ?? '',
      authorization: request.headers.authorization,
      body: JSON.parse(await textOf(request)),
      left: left.signal,
    }
    requests.push(sent)
    const reply = replies.shift() ?? says('Nothing was prepared.')
    await reply(response, sent)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/v1`,
    requests,
    /** In their order; afterwards it says that nothing was prepared. */
    will: (...next: Reply[]) => void replies.push(...next),
    /** What was prepared and nobody asked for. */
    forget: () => void replies.splice(0),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function textOf(request: IncomingMessage) {
  let text = ''
  for await (const part of request) text += part
  return text
}

export const usage = (prompt_tokens: unknown, completion_tokens: unknown) => ({
  choices: [],
  usage: { prompt_tokens, completion_tokens },
})

const piece = (delta: object, finish_reason: string | null = null) => ({
  choices: [{ index: 0, delta, finish_reason }],
})
export const word = (content: string) => piece({ content })
export const finish = (reason = 'stop') => piece({}, reason)
const event = (data: unknown) => `data: ${JSON.stringify(data)}\n\n`
const done = 'data: [DONE]\n\n'

/** Exactly these events, and the end of the connection. */
export function sends(...events: unknown[]): Reply {
  return (response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.end(events.map(event).join(''))
  }
}

/** A whole answer, word by word. */
export function says(text: string, [prompt, completion] = [10, 5], reason = 'stop'): Reply {
  return (response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' })
    for (const each of text.split(/(?<=\s)/)) response.write(event(word(each)))
    response.end(event(finish(reason)) + event(usage(prompt, completion)) + done)
  }
}

/** Wants something looked up, in pieces as servers send it. */
export function calls(name: string, given: unknown, [prompt, completion] = [20, 7]): Reply {
  const json = typeof given === 'string' ? given : JSON.stringify(given)
  const half = Math.ceil(json.length / 2)
  const part = (call: object) => piece({ tool_calls: [{ index: 0, ...call }] })
  return sends(
    part({ id: 'call_a', type: 'function', function: { name, arguments: json.slice(0, half) } }),
    part({ function: { arguments: json.slice(half) } }),
    finish('tool_calls'),
    usage(prompt, completion),
  )
}

export function refuses(status: number, body: unknown = {}, headers: object = {}): Reply {
  return (response) => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers })
    response.end(JSON.stringify(body))
  }
}

/** Says so much and breaks the connection. */
export function breaksAfter(text: string): Reply {
  return (response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.write(event(word(text)), () => response.destroy())
  }
}

/** Answers `before`, and the rest once it is let go. */
export function holds(before: string, rest = ' and so on.', tokens = [10, 5]) {
  const arrived = Promise.withResolvers<Sent>()
  const released = Promise.withResolvers<void>()
  const reply: Reply = async (response, sent) => {
    if (before !== '') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' })
      response.write(event(word(before)))
    }
    arrived.resolve(sent)
    await released.promise
    if (before === '') response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.end(event(word(rest)) + event(finish()) + event(usage(tokens[0], tokens[1])) + done)
  }
  return { reply, arrived: arrived.promise, release: () => released.resolve() }
}

/** USD 1 for a million tokens of a prompt, 2 of an answer. */
export const price = {
  input_per_million: { USD: 1, EUR: 1, INR: 85 },
  output_per_million: { USD: 2, EUR: 2, INR: 170 },
}

/** One upstream for each place, with a model `m`; and `free`, which costs nothing. */
export const configured = (urls: readonly string[], change: object = {}) =>
  assistant.parse({
    upstreams: urls.map((base_url, at) => ({
      id: `upstream-${at}`,
      base_url,
      api_key: `secret-${at}`,
      models: [
        { id: 'm', upstream_model: 'their-m', context_length: 8192, prices: price },
        { id: 'free', context_length: 8192, free: true },
      ],
    })),
    ...change,
  })

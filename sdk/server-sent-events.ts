/** Streams of events, which go on after a break where they were. */
import { createParser } from 'eventsource-parser'
import { ApiError } from './errors.ts'
import { pause, type Request, type Transport } from './transport.ts'

export type ServerSentEvent = {
  /** By which the stream is resumed; null where the server gives none. */
  readonly id: string | null
  /** The kind of event; `message` where the server names none. */
  readonly event: string
  /** What came, parsed where it is JSON. */
  readonly data: unknown
}

const firstDelayMs = 1_000
const longestDelayMs = 30_000
/** What the server says after 15 s in which nothing has happened. */
const alive = 'alive'
/** Whoever is not even told that has lost the server, though no connection broke. */
const longestSilenceMs = 30_000

/**
 * What comes, until `signal` is aborted. A connection that breaks, or on which nothing comes for
 * `silenceMs`, is made anew, from the last event on.
 * @throws ApiError when the server refuses it.
 */
export async function* streamEvents(
  transport: Transport,
  request: Request,
  silenceMs = longestSilenceMs,
): AsyncGenerator<ServerSentEvent> {
  const { signal } = request
  let lastId = request.headers['Last-Event-ID'] ?? null
  let delayMs = firstDelayMs
  for (let failures = 0; ; ) {
    try {
      const headers = { ...request.headers, ...(lastId !== null && { 'Last-Event-ID': lastId }) }
      const response = await transport.send({ ...request, headers })
      const setDelay = (ms: number) => {
        delayMs = ms
      }
      for await (const event of readEvents(response, { onRetry: setDelay, silenceMs })) {
        failures = 0
        if (event.id !== null) lastId = event.id
        if (event.event !== alive) yield event
      }
    } catch (error) {
      if (signal?.aborted) return
      if (error instanceof ApiError) throw error
    }
    if (signal?.aborted) return
    const wait = Math.min(delayMs * 2 ** failures++, longestDelayMs)
    try {
      await pause(wait, signal)
    } catch {
      return
    }
  }
}

type Reading = {
  /** How soon the server wants to be asked again after a break. */
  readonly onRetry?: (ms: number) => void
  readonly silenceMs?: number
}

/** The events of one answer, until it ends. Throws when nothing has come for `silenceMs`. */
export async function* readEvents(
  { body }: Response,
  { onRetry, silenceMs }: Reading = {},
): AsyncGenerator<ServerSentEvent> {
  if (body === null) return
  const ready: ServerSentEvent[] = []
  const parser = createParser({
    onEvent: ({ id, event = 'message', data }) =>
      void ready.push({ id: id ?? null, event, data: parsed(data) }),
    ...(onRetry && { onRetry }),
  })
  const text = new TextDecoder()
  // Not every browser can iterate over a stream.
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await within(silenceMs, reader.read())
      if (done) return
      parser.feed(text.decode(value, { stream: true }))
      yield* ready.splice(0)
    }
  } finally {
    // It is over, or nobody listens any more.
    reader.cancel().catch(() => {})
  }
}

async function within<T>(ms: number | undefined, answer: Promise<T>): Promise<T> {
  if (ms === undefined) return answer
  const silent = Promise.withResolvers<never>()
  const timer = setTimeout(() => silent.reject(new Error('Nothing came')), ms)
  return Promise.race([answer, silent.promise]).finally(() => clearTimeout(timer))
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return data
  }
}

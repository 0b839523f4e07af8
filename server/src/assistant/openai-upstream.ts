/**
 * An OpenAI-compatible server over HTTP. It is always asked for a stream, also for those who want an
 * answer in one piece: so a server that has stopped is told from one that is slow.
 */
import { createParser } from 'eventsource-parser'
import type { AssistantConfig, ConfiguredUpstream } from '../config/assistant.ts'
import { createReader, nonsense, requestBody, wordsOf } from './openai-protocol.ts'
import { type Piece, type Upstream, UpstreamFailure, type UpstreamRequest } from './upstream.ts'

/** Of a whole answer with all that surrounds it. */
const mostBytes = 16 * 1024 * 1024
const mostRefusalBytes = 8 * 1024
const longestRetryAfter = 3600

type Timeouts = Pick<AssistantConfig, 'first_byte_seconds' | 'idle_seconds'>

export function createOpenAiUpstream(
  configured: Extract<ConfiguredUpstream, { kind: 'openai' }>,
  timeouts: Timeouts,
): Upstream {
  const url = `${configured.base_url.replace(/\/+$/, '')}/chat/completions`
  const { api_key } = configured

  const ask = (request: UpstreamRequest, signal: AbortSignal) =>
    fetch(url, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'text/event-stream',
        ...(api_key !== null && { Authorization: `Bearer ${api_key}` }),
      },
      body: JSON.stringify(requestBody(request)),
      // Our key is for this server only.
      redirect: 'error',
      signal,
    })

  return {
    id: configured.id,
    simulated: false,
    async *answer(request, signal) {
      const patience = createPatience(signal)
      const reader = createReader()
      try {
        patience.wait(timeouts.first_byte_seconds, 'did not begin to answer')
        const response = await ask(request, patience.signal)
        if (!response.ok) throw await refusalOf(response)
        for await (const data of eventsOf(response)) {
          patience.wait(timeouts.idle_seconds, 'stopped in the middle of its answer')
          const text = reader.read(data)
          if (text !== '') yield { kind: 'text', text } satisfies Piece
        }
        yield { kind: 'end', ...reader.end() } satisfies Piece
      } catch (error) {
        if (patience.signal.aborted) throw patience.signal.reason
        if (error instanceof UpstreamFailure) throw error
        throw new UpstreamFailure('down', 'The server of the model cannot be reached', {
          cause: error,
        })
      } finally {
        patience.end()
      }
    },
  }
}

/** Aborts when the caller does, or when what is waited for takes too long. */
function createPatience(outer: AbortSignal) {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  return {
    signal: AbortSignal.any([outer, controller.signal]),
    wait(seconds: number, what: string) {
      clearTimeout(timer)
      timer = setTimeout(
        () => controller.abort(new UpstreamFailure('down', `The server of the model ${what}`)),
        seconds * 1000,
      )
    },
    /** Also lets go of the connection, where there is more to come that nobody reads. */
    end() {
      clearTimeout(timer)
      controller.abort()
    },
  }
}

async function* eventsOf(response: Response): AsyncGenerator<string> {
  const type = response.headers.get('content-type')?.split(';')[0]?.trim()
  if (type !== 'text/event-stream' || response.body === null) {
    throw nonsense('something other than a stream of events')
  }
  const arrived: string[] = []
  const parser = createParser({ onEvent: ({ data }) => arrived.push(data) })
  const decoder = new TextDecoder()
  let bytes = 0
  for await (const part of response.body) {
    bytes += part.byteLength
    if (bytes > mostBytes) throw nonsense('more than any answer has')
    parser.feed(decoder.decode(part, { stream: true }))
    for (const data of arrived.splice(0)) {
      if (data.trim() === '[DONE]') return
      yield data
    }
  }
}

async function refusalOf(response: Response): Promise<UpstreamFailure> {
  const { status } = response
  const cause = new Error(`It answered ${status}`)
  if (status === 429) {
    const retryAfter = secondsOf(response.headers.get('retry-after'))
    return new UpstreamFailure('busy', 'The server of the model has too much to do', {
      ...{ retryAfter, cause },
    })
  }
  if (status === 400 || status === 413 || status === 422) {
    const words = wordsOf(await beginningOf(response))
    return new UpstreamFailure('refused', words ?? 'The model does not take this request', {
      cause,
    })
  }
  const known = status === 408 || status >= 500
  return known
    ? new UpstreamFailure('down', `The server of the model failed with ${status}`, { cause })
    : new UpstreamFailure('misconfigured', `The server of the model refuses us with ${status}`, {
        cause,
      })
}

async function beginningOf({ body }: Response): Promise<string> {
  if (body === null) return ''
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of body) {
    parts.push(part)
    bytes += part.byteLength
    if (bytes > mostRefusalBytes) break
  }
  return Buffer.concat(parts).subarray(0, mostRefusalBytes).toString()
}

/** `Retry-After` is seconds, or a date. */
function secondsOf(header: string | null): number | null {
  if (header === null) return null
  const seconds = /^\d+$/.test(header.trim())
    ? Number(header)
    : Math.ceil((Date.parse(header) - Date.now()) / 1000)
  return Number.isFinite(seconds) ? Math.min(longestRetryAfter, Math.max(1, seconds)) : null
}

/**
 * Requests that get through: with a limit for each attempt, and again after what passes by itself. Reads may
 * always be sent again; changes may, because each carries a key by which the server knows it again.
 */
import { ApiError, ConnectionError, errorOf, TimeoutError } from './errors.ts'
import type { Bytes } from './types.ts'

export type TransportOptions = {
  /** Where the server is, such as `https://cloud.example.org`; `''`: where the page comes from. */
  readonly url: string
  /** An API key; null: the session of a browser that has signed in. */
  readonly key: string | null
  readonly timeoutMs: number
  readonly retries: number
  /** The wait before the first retry, doubled for each further one. */
  readonly retryDelayMs: number
  readonly fetch: typeof fetch
}

export type Request = {
  readonly method: string
  /** With its query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Bytes | FormData | URLSearchParams | null
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number | undefined
  readonly retries?: number | undefined
  /** It changes nothing, or the server knows it again. */
  readonly repeatable: boolean
}

export type Transport = ReturnType<typeof createTransport>

const longestDelayMs = 20_000

export function createTransport(options: TransportOptions) {
  const base = options.url.replace(/\/+$/, '')

  async function attempt(request: Request): Promise<Response> {
    const { timeoutMs = options.timeoutMs, signal } = request
    // Until the answer begins: what comes after may be a large file, or never end.
    const patience = new AbortController()
    const timer = timeoutMs > 0 ? setTimeout(() => patience.abort(), timeoutMs) : undefined
    try {
      return await options.fetch(base + request.path, {
        method: request.method,
        headers: headersOf(request),
        body: request.body,
        credentials: options.key === null ? 'include' : 'omit',
        signal: AbortSignal.any([patience.signal, ...(signal ? [signal] : [])]),
        ...(request.body instanceof ReadableStream && { duplex: 'half' }),
      })
    } catch (error) {
      signal?.throwIfAborted()
      if (patience.signal.aborted) {
        throw new TimeoutError(`No answer from ${base} within ${timeoutMs / 1000} s`)
      }
      throw new ConnectionError(`Cannot reach ${base}: ${reasonOf(error)}`, { cause: error })
    } finally {
      clearTimeout(timer)
    }
  }

  const headersOf = ({ headers }: Request) => ({
    ...headers,
    ...(options.key !== null && { Authorization: `Api-Key ${options.key}` }),
  })

  return {
    base,

    /** The headers that say who asks. */
    identity: () => headersOf({ headers: {} } as Request),

    /** @throws GarrisonError when the answer is not a success, after the retries. */
    async send(request: Request): Promise<Response> {
      const { retries = options.retries, signal } = request
      for (let attempts = 0; ; attempts++) {
        try {
          const response = await attempt(request)
          if (response.ok || response.status === 304) return response
          throw await errorOf(response)
        } catch (error) {
          if (attempts >= retries || !passes(error, request, attempts)) throw error
          await pause(delayOf(error, attempts, options.retryDelayMs), signal)
        }
      }
    },
  }
}

/** Whether the same request may well succeed in a moment. */
function passes(error: unknown, { method, repeatable, body }: Request, attempts: number): boolean {
  if (body instanceof ReadableStream) return false
  const { status, code, fromServer } = error instanceof ApiError ? error : nothingSaid
  // Refused before anything happened, so that even a change without a key may be sent again. With another code,
  // or none, it may be a start that found no room, which has begun and failed: key or not, each is one more.
  if (status === 429) return method === 'GET' || code === 'RATE_LIMIT_EXCEEDED'
  if (!repeatable) return false
  if (error instanceof ConnectionError) return true
  // An attempt of ours that seemed lost is still at work.
  if (code === 'IDEMPOTENCY_KEY_IN_USE') return attempts > 0
  // From Garrison itself, 502 is the outcome of a change, not the weather.
  if (status === 502) return !fromServer
  return status === 503 || status === 504
}

const nothingSaid = { status: 0, code: null, fromServer: false }

/** As long as the server says; otherwise growing, and never for all clients at the same moment. */
function delayOf(error: unknown, attempts: number, firstMs: number) {
  const told = error instanceof ApiError ? error.retryAfterSeconds : null
  if (told !== null) return Math.min(told * 1000, 60_000)
  return Math.min(firstMs * 2 ** attempts, longestDelayMs) * (0.75 + Math.random() / 2)
}

/** @throws the reason of `signal` as soon as it is aborted. */
export function pause(ms: number, signal?: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted()
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop)
      resolve()
    }, ms)
    signal?.addEventListener('abort', stop, { once: true })
  })
}

/** Node hides the reason behind "fetch failed". */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  if (cause instanceof Error) return cause.message || ('code' in cause ? String(cause.code) : '')
  return error.message
}

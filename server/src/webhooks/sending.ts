/** One POST to a receiver: to addresses that were looked at, within a time, and little of its answer read. */
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { answerBytesKept, answerWithinSeconds } from '@garrison/contract/webhooks/routes'
import { type Address, ForbiddenTarget, type Targets } from './targets.ts'

export type Answer = {
  /** Null when there was none. */
  statusCode: number | null
  /** The first bytes of it. */
  answer: string | null
  /** Null: it went well. */
  error: string | null
  /** The receiver asks for so much patience. */
  retryAfterMs: number | null
}

type Message = { url: string; headers: Record<string, string>; body: string }

const longestRetryAfterMs = 24 * 60 * 60_000

/** Never rejects: whatever goes wrong is what came of it. `signal`: the server stops. */
export async function send(
  targets: Targets,
  { url, headers, body }: Message,
  { signal, timeoutMs = answerWithinSeconds * 1000 }: { signal: AbortSignal; timeoutMs?: number },
): Promise<Answer> {
  const timeout = AbortSignal.timeout(timeoutMs)
  try {
    const addresses = await targets.check(url)
    const response = await post(url, addresses, {
      headers: {
        ...headers,
        'Content-Type': 'application/json',
        'Content-Length': String(Buffer.byteLength(body)),
        'User-Agent': 'Garrison-Webhooks',
      },
      body,
      signal: AbortSignal.any([signal, timeout]),
    })
    const answer = await beginningOf(response)
    const statusCode = response.statusCode ?? 0
    return {
      statusCode,
      answer,
      error: problemOf(statusCode),
      retryAfterMs: retryAfter(response.headers['retry-after']),
    }
  } catch (error) {
    const late = timeout.aborted && `It did not answer within ${timeoutMs / 1000} s`
    return { statusCode: null, answer: null, error: late || wordsOf(error), retryAfterMs: null }
  }
}

function post(
  url: string,
  addresses: readonly Address[],
  { body, ...options }: RequestOptions & { body: string },
): Promise<IncomingMessage> {
  // Whatever name is asked for, it is these; literal addresses are not even asked about.
  const lookup: LookupFunction = (_name, { all }, answer) => {
    const [first] = addresses
    if (all) answer(null, [...addresses])
    else answer(null, first?.address ?? '', first?.family)
  }
  const send = url.toLowerCase().startsWith('https:') ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const request = send(url, { ...options, method: 'POST', lookup, agent: false })
    request.once('response', resolve)
    request.on('error', reject)
    request.end(body)
  })
}

/** The rest is not read: the connection ends with it. */
async function beginningOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes >= answerBytesKept) break
  }
  response.destroy()
  const text = Buffer.concat(chunks).subarray(0, answerBytesKept).toString('utf8')
  // PostgreSQL keeps no NUL, and a character may be cut.
  return text.replaceAll('\0', '').toWellFormed()
}

function problemOf(status: number): string | null {
  if (status >= 200 && status < 300) return null
  if (status >= 300 && status < 400) return `It answered ${status}; redirects are not followed`
  return `It answered ${status}`
}

/** Seconds, or a date. */
function retryAfter(header: string | undefined): number | null {
  if (header === undefined) return null
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now()
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), longestRetryAfterMs) : null
}

function wordsOf(error: unknown): string {
  if (error instanceof ForbiddenTarget) return error.message
  if (!(error instanceof Error)) return 'It could not be reached'
  const code = 'code' in error ? String(error.code) : error.name
  return `It could not be reached: ${code}`
}

/**
 * Requests over a fixed number of connections, each sending the next as soon as its answer is complete.
 * It speaks just enough HTTP on plain sockets to cost much less than the servers that it measures, with
 * which it shares the processors.
 */
import { connect, type Socket } from 'node:net'

export type Load = {
  /** Milliseconds from request to complete answer, of every request. */
  readonly latencies: readonly number[]
  /** Per second. */
  readonly rate: number
}

const headEnd = '\r\n\r\n'

/** @throws Error at the first answer that is not 200, and when a connection breaks. */
export async function load(
  url: URL,
  headers: Readonly<Record<string, string>>,
  { connections, seconds }: { connections: number; seconds: number },
): Promise<Load> {
  const lines = Object.entries({ host: url.host, ...headers }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  const request = Buffer.from(
    [`GET ${url.pathname}${url.search} HTTP/1.1`, ...lines].join('\r\n') + headEnd,
  )
  const latencies: number[] = []
  const started = performance.now()
  const end = started + seconds * 1_000
  await Promise.all(
    Array.from({ length: connections }, () => keepAsking(url, request, end, latencies)),
  )
  return { latencies, rate: latencies.length / ((performance.now() - started) / 1_000) }
}

function keepAsking(url: URL, request: Buffer, end: number, latencies: number[]): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true })
  let asked = 0
  let received = ''
  const ask = () => {
    asked = performance.now()
    socket.write(request)
  }
  socket.setEncoding('latin1')
  socket.on('connect', ask)
  socket.on('data', (chunk) => {
    received += chunk
    const length = answerLength(received)
    if (length === null || received.length < length) return
    if (!received.startsWith('HTTP/1.1 200 ')) {
      socket.destroy(new Error(`Not the answer that was wanted: ${received.slice(0, 500)}`))
      return
    }
    received = received.slice(length)
    const now = performance.now()
    latencies.push(now - asked)
    if (now < end) ask()
    else finish(socket, resolve)
  })
  socket.on('error', reject)
  socket.on('close', () => reject(new Error('The server closed a connection')))
  return promise
}

function finish(socket: Socket, done: () => void) {
  done()
  socket.destroy()
}

/** Of head and body, in bytes; null while the head is not complete. */
function answerLength(received: string): number | null {
  const head = received.indexOf(headEnd)
  if (head < 0) return null
  const length = /\r\ncontent-length: *(\d+)/i.exec(received.slice(0, head))?.[1]
  if (length === undefined) throw new Error('An answer without Content-Length')
  return head + headEnd.length + Number(length)
}

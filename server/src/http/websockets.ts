/**
 * Websockets beside requests. A handshake is a request like any other: it goes through the whole
 * application, which knows who asks and refuses in its own words, and only a route that takes the socket
 * gets one.
 */
import { type IncomingMessage, type Server, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { ValidationError } from '../errors.ts'
import type { App, AppContext, Handshake } from './answers.ts'
import type { Beside } from './listen.ts'

/** Of one message. */
const largestMessageBytes = 64 * 1024
/** Who has not answered a ping when the next one is due is gone. */
const pingMs = 30_000
/** At a shutdown, for the others to say goodbye too. */
const patienceMs = 1_000
const goingAway = 1001

/** Throws when the request is no handshake. */
export function requireHandshake(c: AppContext): Handshake {
  // There are no bindings at all where nobody listens on a port.
  const handshake = c.env?.handshake
  if (handshake === undefined) {
    throw new ValidationError(
      { non_field_errors: ['Connect with a websocket client.'] },
      'This path answers websockets only',
    )
  }
  return handshake
}

/** For `createServer`: everything else stays a request, as if nobody had asked for another protocol. */
export const isHandshake = ({ method, headers }: IncomingMessage) =>
  method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket'

export function serveWebsockets(
  server: Server,
  app: App,
  beside?: Pick<Beside, 'takes' | 'upgrade'>,
) {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: largestMessageBytes,
    perMessageDeflate: false,
  })
  server.on('upgrade', (incoming, socket, head) => {
    if (beside?.takes(incoming)) return beside.upgrade(incoming, socket, head)
    // Whoever leaves in the middle of it is told nothing any more.
    socket.on('error', () => {})
    shakeHands(incoming, socket, head).catch(() => socket.destroy())
  })

  async function shakeHands(incoming: IncomingMessage, socket: Duplex, head: Buffer) {
    const request = requestOf(incoming)
    if (request === null) {
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
      return
    }
    const { handshake, taker } = offer()
    const response = await app.fetch(request, { incoming, handshake })
    const taken = taker()
    if (taken === null) return answer(socket, response)
    if (socket.destroyed) return taken.abandoned()
    // Also when the handshake is malformed, which the library answers by itself.
    socket.once('close', taken.abandoned)
    sockets.handleUpgrade(incoming, socket, head, (opened) => {
      socket.off('close', taken.abandoned)
      // What is wrong with it is the reason that it is closed with.
      opened.on('error', () => {})
      heard.add(opened)
      opened.on('pong', () => heard.add(opened))
      taken.open(opened)
    })
  }

  /** Those that were heard since the last ping. */
  const heard = new WeakSet<WebSocket>()
  const pings = setInterval(() => {
    for (const socket of sockets.clients) {
      // One whose input has to wait is not heard, and not to blame.
      if (socket.isPaused) continue
      if (heard.delete(socket)) socket.ping()
      else socket.terminate()
    }
  }, pingMs).unref()

  return {
    async close() {
      clearInterval(pings)
      const all = [...sockets.clients]
      const closed = all.map((socket) => new Promise((resolve) => socket.once('close', resolve)))
      for (const socket of all) socket.close(goingAway, 'The server stops; connect again soon')
      const timer = setTimeout(() => {
        for (const socket of all) socket.terminate()
      }, patienceMs)
      await Promise.all(closed)
      clearTimeout(timer)
    },
  }
}

function offer() {
  let taken: Parameters<Handshake['take']>[0] | null = null
  const handshake: Handshake = {
    take(taker) {
      taken = taker
    },
  }
  return { handshake, taker: () => taken }
}

/** Null when it names no address. */
function requestOf({ headers, url }: IncomingMessage): Request | null {
  const address = `http://${headers.host ?? 'localhost'}${url}`
  if (!URL.canParse(address)) return null
  const all = Object.entries(headers).flatMap(([name, values = []]) =>
    [values].flat().map((value): [string, string] => [name, value]),
  )
  return new Request(address, { headers: all })
}

async function answer(socket: Duplex, response: Response) {
  const body = Buffer.from(await response.arrayBuffer())
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`)
  const head = [
    `HTTP/1.1 ${response.status} ${STATUS_CODES[response.status] ?? ''}`,
    ...headers.filter((line) => !/^(content-length|connection):/i.test(line)),
    `Content-Length: ${body.length}`,
    'Connection: close',
  ]
  socket.end(Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]))
}

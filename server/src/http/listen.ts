/** Puts the application on a port, and takes it off again without cutting anybody short. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { serve } from '@hono/node-server'
import type { App } from './answers.ts'
import { takesFile } from './bodies.ts'
import { isHandshake, serveWebsockets } from './websockets.ts'

/** Requests under way at a shutdown may take this long to finish. */
const patienceMs = 10_000
/** A request may be a disk over a slow line. */
const longestUploadMs = 12 * 60 * 60_000
const longestHeadersMs = 20_000
/** A body of 1 MiB over a slow line; strangers hold connections open at no cost of theirs. */
const longestBodyMs = 60_000

/** Whoever answers requests before the application sees them, and websockets. */
export type Beside = {
  takes(incoming: IncomingMessage): boolean
  request(incoming: IncomingMessage, response: ServerResponse): void
  upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): void
  close(): void
}

export type ListenOptions = { host: string; port: number; bodyMs?: number; beside?: Beside }

export class PortTaken extends Error {
  override name = 'PortTaken'
}

export async function listen(
  app: App,
  { host, port, bodyMs = longestBodyMs, beside }: ListenOptions,
) {
  const serverOptions = {
    requestTimeout: longestUploadMs,
    headersTimeout: longestHeadersMs,
    shouldUpgradeCallback: isHandshake,
  }
  const server = serve({ fetch: app.fetch, hostname: host, port, serverOptions }) as Server
  if (beside !== undefined) letPass(server, beside)
  const websockets = serveWebsockets(server, app, beside)
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve)
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new PortTaken(`Port ${port} on ${host} is taken; choose another with --port`)
          : error,
      )
    })
  })
  // Whoever keeps a connection open for later requests would hold up a shutdown.
  server.on('request', (request, response) => {
    if (beside?.takes(request) !== true) boundBody(request, response, bodyMs)
    response.once('close', () => {
      if (!server.listening) setImmediate(() => server.closeIdleConnections())
    })
  })
  const address = server.address()
  const actual = typeof address === 'object' && address !== null ? address.port : port
  const name = host.includes(':') ? `[${host}]` : host
  return {
    url: `http://${name}:${actual}`,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeIdleConnections()
      beside?.close()
      await websockets.close()
      const timer = setTimeout(() => server.closeAllConnections(), patienceMs)
      await closed
      clearTimeout(timer)
    },
  }
}

/** What is for whoever is beside the application never gets to it. */
function letPass(server: Server, beside: Beside) {
  const own = server.listeners('request') as ((...all: unknown[]) => void)[]
  server.removeAllListeners('request')
  server.on('request', (incoming, response) => {
    if (beside.takes(incoming)) beside.request(incoming, response)
    else for (const listener of own) listener.call(server, incoming, response)
  })
}

/** Ends a request whose body, which is not a file, has not arrived in time. */
function boundBody(request: IncomingMessage, response: ServerResponse, longestMs: number) {
  const { method = '', url = '/', headers, socket } = request
  const hasBody =
    headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0
  const path = url.split('?')[0] ?? ''
  if (!hasBody || takesFile({ method, path: path.endsWith('/') ? path : `${path}/` })) return
  const timer = setTimeout(() => {
    // What is said after an answer would be taken for the next one.
    if (!response.headersSent)
      socket.write('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n')
    socket.destroySoon()
  }, longestMs)
  timer.unref()
  for (const ended of ['end', 'close']) request.once(ended, () => clearTimeout(timer))
}

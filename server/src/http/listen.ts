/** Puts the application on a port, and takes it off again without cutting anybody short. */
import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import type { App } from './answers.ts'
import { isHandshake, serveWebsockets } from './websockets.ts'

/** Requests under way at a shutdown may take this long to finish. */
const patienceMs = 10_000
/** A request may be a disk over a slow line; headers have their own, shorter limit. */
const longestRequestMs = 12 * 60 * 60_000

export class PortTaken extends Error {
  override name = 'PortTaken'
}

export async function listen(app: App, { host, port }: { host: string; port: number }) {
  const serverOptions = {
    requestTimeout: longestRequestMs,
    shouldUpgradeCallback: isHandshake,
  }
  const server = serve({ fetch: app.fetch, hostname: host, port, serverOptions }) as Server
  const websockets = serveWebsockets(server, app)
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
  server.on('request', (_request, response) => {
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
      await websockets.close()
      const timer = setTimeout(() => server.closeAllConnections(), patienceMs)
      await closed
      clearTimeout(timer)
    },
  }
}

/** Puts the application on a port, and takes it off again without cutting anybody short. */
import type { Server } from 'node:http'
import { serve } from '@hono/node-server'
import type { App } from './answers.ts'

/** Requests under way at a shutdown may take this long to finish. */
const patienceMs = 10_000

export class PortTaken extends Error {
  override name = 'PortTaken'
}

export async function listen(app: App, { host, port }: { host: string; port: number }) {
  const server = serve({ fetch: app.fetch, hostname: host, port }) as Server
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
      const timer = setTimeout(() => server.closeAllConnections(), patienceMs)
      await closed
      clearTimeout(timer)
    },
  }
}

/** Sees beforehand whether the server will get its port, so that nothing is started in vain. */
import { createServer } from 'node:net'
import { Failure } from '../failure.ts'

export async function requireFreePort({ host, port }: { host: string; port: number }) {
  const probe = createServer()
  try {
    await new Promise<void>((resolve, reject) => {
      probe.once('error', reject)
      probe.listen({ host, port }, resolve)
    })
  } catch (error) {
    throw explain(error, host, port)
  }
  await new Promise((resolve) => probe.close(resolve))
}

function explain(error: unknown, host: string, port: number): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  switch (code) {
    case 'EADDRINUSE':
      return new Failure(`Port ${port} on ${host} is taken by another program`, {
        advice: [
          `See which:       ss -ltnp 'sport = :${port}'`,
          `Or take another: ./garrison up --port ${port === 65_535 ? 8601 : port + 1}`,
        ],
      })
    case 'EACCES':
      return new Failure(`Port ${port} may be opened by root only`, {
        advice: ['Take one above 1023, such as: ./garrison up --port 8600'],
      })
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new Failure(`${host} is not an address of this host`, {
        advice: ['Its addresses: ip -brief address', 'All of them:   ./garrison up --host 0.0.0.0'],
      })
    default:
      return error
  }
}

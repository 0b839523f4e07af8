/**
 * One server of an installation on a host, whatever folder it was started on. A copy of a data folder has
 * the id of the original, and with that the names of its networks, machines and users: beside the original,
 * both would take the machines for theirs. The lock is a socket in the kernel's abstract namespace, which
 * no folder holds, and which ends with the process however that ends.
 */
import { createConnection, createServer, type Server } from 'node:net'
import { text } from 'node:stream/consumers'

const answerLimitMs = 2_000

export class StartedElsewhere extends Error {
  override name = 'StartedElsewhere'
  constructor(dataDir: string, holder: string) {
    super(
      `${dataDir} is a copy of a data folder that is in use: ${holder}. Both would take the same machines ` +
        'and networks for theirs. Use the other one, or stop it first and never start both',
    )
  }
}

export type InstallationLock = { release(): Promise<void> }

/** Throws {@link StartedElsewhere}. `dataDir`: told to whoever comes second. */
export async function lockInstallation(id: string, dataDir: string): Promise<InstallationLock> {
  const name = `\0garrison-${id}`
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.end(`process ${process.pid} uses ${dataDir}`)
  })
  if (!(await holds(server, name))) throw new StartedElsewhere(dataDir, await holderOf(name))
  // Nobody waits for it: the server ends when its work does.
  server.unref()
  return {
    release: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

/** False when another process has the name. */
function holds(server: Server, name: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
    )
    server.listen(name, () => resolve(true))
  })
}

async function holderOf(name: string): Promise<string> {
  const socket = createConnection(name).setTimeout(answerLimitMs, () => socket.destroy())
  return await text(socket).catch(() => 'another process does not say which folder it uses')
}

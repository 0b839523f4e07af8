/** What a stopped server leaves on the host on purpose, for the next one. That of a bench must go. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Networks } from '@garrison/engines/qemu/network/networks'
import { openDatabase } from '@garrison/server/database/database'
import { startEmbeddedPostgres } from '@garrison/server/database/embedded-postgres'
import { installationMark } from '@garrison/server/engines'
import { ensureInstallation } from '@garrison/server/installation'

/** Removes the database's processes and the networks. The server is stopped and has no machines. */
export async function removeInstallation(dataDir: string): Promise<void> {
  if (!existsSync(join(dataDir, 'postgres'))) return
  const mark = await markOf(dataDir)
  const networks = join(dataDir, 'networks')
  if (existsSync(networks)) await new Networks({ dir: networks, mark, log: () => {} }).destroy()
}

/** Everything host-wide that is the installation's carries it. Leaves the database stopped. */
async function markOf(dataDir: string): Promise<string> {
  const postgres = await startEmbeddedPostgres({ dir: join(dataDir, 'postgres'), log: () => {} })
  const { db } = openDatabase({ ...postgres.connection, max: 1 })
  try {
    return installationMark((await ensureInstallation(db)).id)
  } finally {
    await db.destroy()
    await postgres.stop()
  }
}

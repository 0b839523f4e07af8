/** A PostgreSQL of our own to measure, as durable as a server's, with our tables and nothing in them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase } from '@garrison/server/database/database'
import { startEmbeddedPostgres } from '@garrison/server/database/embedded-postgres'
import { migrate } from '@garrison/server/database/migrate'

const connections = 16

export async function startBareDatabase() {
  await using starting = new AsyncDisposableStack()
  const dir = await mkdtemp(join(tmpdir(), 'garrison-bench-database-'))
  starting.defer(() => rm(dir, { recursive: true, force: true }))
  const postgres = await startEmbeddedPostgres({ dir, log: () => {} })
  starting.defer(() => postgres.stop())
  await migrate(postgres.connection, () => {})
  const { db } = openDatabase({ ...postgres.connection, max: connections })
  starting.defer(() => db.destroy())
  const scope = starting.move()
  return { db, [Symbol.asyncDispose]: () => scope.disposeAsync() }
}

/** What is forgotten after a while, so that the database stays as large as what is owned. */
import { keptOnHosts } from './catalog/regions-in-use.ts'
import type { Database } from './database/database.ts'
import { forgetOldAnswers } from './http/idempotency.ts'
import type { Log } from './log.ts'

/** Details of what is deleted, and of operations that have ended, stay readable this long. */
const keptMs = 30 * 24 * 60 * 60_000

/** Each by itself, so that one that cannot be tidied holds up no other; the log says so. */
export async function tidy(db: Database, now: Date, log: Log) {
  const attempt = (what: string, work: Promise<unknown>) =>
    work.catch((error: unknown) => log('warn', 'cannot tidy up', { what, error }))

  await attempt('idempotency_keys', forgetOldAnswers(db, now))
  const before = new Date(now.getTime() - keptMs)
  for (const { table } of keptOnHosts) {
    await attempt(table, db.deleteFrom(table).where('deleted_at', '<', before).execute())
  }
  for (const table of ['operations', 'deploy_requests'] as const) {
    await attempt(table, db.deleteFrom(table).where('finished_at', '<', before).execute())
  }
}

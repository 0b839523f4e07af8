/** What is forgotten after a while, so that the database stays as large as what is owned. */
import type { Database } from './database/database.ts'
import { forgetOldAnswers } from './http/write.ts'

/** Details of what is deleted, and of operations that have ended, stay readable this long. */
const keptMs = 30 * 24 * 60 * 60_000

export async function tidy(db: Database, now: Date) {
  await forgetOldAnswers(db, now)
  const before = new Date(now.getTime() - keptMs)
  for (const table of ['instances', 'snapshots', 'images'] as const) {
    await db.deleteFrom(table).where('deleted_at', '<', before).execute()
  }
  for (const table of ['operations', 'deploy_requests'] as const) {
    await db.deleteFrom(table).where('finished_at', '<', before).execute()
  }
}

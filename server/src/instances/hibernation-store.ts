import type { Database } from '../database/database.ts'

/** Latest first. */
export function hibernatedInstances(db: Database, accountId: string) {
  return db
    .selectFrom('instances')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('status', '=', 'HIBERNATED')
    .where('hibernated_at', 'is not', null)
    .where('deleted_at', 'is', null)
    .orderBy('hibernated_at', 'desc')
    .orderBy('id', 'desc')
    .execute()
}

/** Exports in the database. Every function takes the account: nothing is found without one. */
import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import type { Schema } from '../database/schema.ts'

export type SnapshotExport = Selectable<Schema['snapshot_exports']>

const of = (db: Database | Tx, accountId: string, snapshotId: string) =>
  db
    .selectFrom('snapshot_exports')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('snapshot_id', '=', snapshotId)

/** There is one at most of each snapshot, by its internal id. */
export const findExport = (db: Database | Tx, accountId: string, snapshotId: string) =>
  of(db, accountId, snapshotId).executeTakeFirst()

/** The same, and nobody else changes it until the transaction ends. */
export const lockExport = (tx: Tx, accountId: string, snapshotId: string) =>
  of(tx, accountId, snapshotId).forUpdate().executeTakeFirst()

export async function insertExport(tx: Tx, row: Insertable<Schema['snapshot_exports']>) {
  await tx.insertInto('snapshot_exports').values(row).execute()
}

export async function updateExport(
  tx: Tx,
  accountId: string,
  id: string,
  set: Updateable<Schema['snapshot_exports']> & { updated_at: Date },
) {
  await tx
    .updateTable('snapshot_exports')
    .set(set)
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .execute()
}

export async function deleteExport(tx: Tx, accountId: string, id: string) {
  await tx
    .deleteFrom('snapshot_exports')
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .execute()
}

/** Whoever owns them: those whose time is over. */
export const expiredExports = (db: Database, now: Date) =>
  db
    .selectFrom('snapshot_exports')
    .innerJoin('snapshots', 'snapshots.id', 'snapshot_exports.snapshot_id')
    .select(['snapshot_exports.account_id', 'snapshots.public_id as snapshot_public_id'])
    .where('expires_at', '<', now)
    .where('snapshot_exports.status', '=', 'SUCCESS')
    .execute()

/** Ids of everything that exists, in whatever region: what an engine may keep. */
export async function exportsToKeep(db: Database) {
  const rows = await db.selectFrom('snapshot_exports').select('id').execute()
  return new Set(rows.map((row) => row.id))
}

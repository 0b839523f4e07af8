/** Imports in the database. Every function takes the account: nothing is found without one. */
import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import type { Schema } from '../database/schema.ts'

export type SnapshotImport = Selectable<Schema['snapshot_imports']>

const of = (db: Database | Tx, accountId: string, snapshotId: string) =>
  db
    .selectFrom('snapshot_imports')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('snapshot_id', '=', snapshotId)

/** By the internal id of the snapshot that it makes. */
export const findImport = (db: Database | Tx, accountId: string, snapshotId: string) =>
  of(db, accountId, snapshotId).executeTakeFirst()

/** The same, and nobody else changes it until the transaction ends. */
export const lockImport = (tx: Tx, accountId: string, snapshotId: string) =>
  of(tx, accountId, snapshotId).forUpdate().executeTakeFirst()

/** By internal id, for operations. */
export const getImport = (db: Database | Tx, accountId: string, snapshotId: string) =>
  of(db, accountId, snapshotId).executeTakeFirstOrThrow()

export async function insertImport(tx: Tx, row: Insertable<Schema['snapshot_imports']>) {
  await tx.insertInto('snapshot_imports').values(row).execute()
}

export async function updateImport(
  db: Database | Tx,
  accountId: string,
  snapshotId: string,
  set: Updateable<Schema['snapshot_imports']> & { updated_at: Date },
) {
  await db
    .updateTable('snapshot_imports')
    .set(set)
    .where('snapshot_id', '=', snapshotId)
    .where('account_id', '=', accountId)
    .execute()
}

/** Another piece came: it is kept for longer, if it still waits for pieces. */
export async function keepUploading(
  db: Database,
  accountId: string,
  snapshotId: string,
  { now, until }: { now: Date; until: Date },
) {
  await db
    .updateTable('snapshot_imports')
    .set({ expires_at: until, updated_at: now })
    .where('snapshot_id', '=', snapshotId)
    .where('account_id', '=', accountId)
    .where('status', '=', 'UPLOADING')
    .execute()
}

/** Whoever owns them: those that nobody has sent a piece of for long enough. */
export const abandonedImports = (db: Database, now: Date) =>
  db
    .selectFrom('snapshot_imports')
    .innerJoin('snapshots', 'snapshots.id', 'snapshot_imports.snapshot_id')
    .select(['snapshot_imports.account_id', 'snapshots.public_id as snapshot_public_id'])
    .where('snapshot_imports.status', '=', 'UPLOADING')
    .where('snapshots.deleted_at', 'is', null)
    .where('expires_at', '<', now)
    .execute()

/** Snapshots in the database. Every function takes the account: nothing is found without one. */
import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import { counterOf, countOfMatches, type Range, readPage } from '../database/pages.ts'
import { containing } from '../database/patterns.ts'
import type { Schema } from '../database/schema.ts'

export type Snapshot = Selectable<Schema['snapshots']>

/** What differs from one new snapshot to the next. */
export type NewSnapshot = Omit<
  Insertable<Schema['snapshots']>,
  | 'id'
  | 'public_id'
  | 'account_id'
  | 'status'
  | 'size_bytes'
  | 'consistency'
  | 'hourly_rate_micros'
  | 'currency'
  | 'error'
  | `${string}_at`
>

const alive = (db: Database | Tx, accountId: string) =>
  db.selectFrom('snapshots').where('account_id', '=', accountId).where('deleted_at', 'is', null)

export function findSnapshot(db: Database | Tx, accountId: string, publicId: string) {
  return alive(db, accountId).selectAll().where('public_id', '=', publicId).executeTakeFirst()
}

/** The same, and nobody else changes it until the transaction ends. */
export function lockSnapshot(tx: Tx, accountId: string, publicId: string) {
  return alive(tx, accountId)
    .selectAll()
    .where('public_id', '=', publicId)
    .forUpdate()
    .executeTakeFirst()
}

/** By internal id, for operations. */
export function getSnapshot(db: Database | Tx, accountId: string, id: string) {
  return db
    .selectFrom('snapshots')
    .selectAll()
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .executeTakeFirstOrThrow()
}

export async function isSnapshotNameTaken(db: Database | Tx, accountId: string, name: string) {
  const row = await alive(db, accountId)
    .select('id')
    .where((where) => where(where.fn('lower', ['name']), '=', name.toLowerCase()))
    .executeTakeFirst()
  return row !== undefined
}

/** Internal ids of its exports, which go with it. */
export async function exportsOf(db: Database | Tx, accountId: string, id: string) {
  const rows = await db
    .selectFrom('snapshot_exports')
    .select('id')
    .where('account_id', '=', accountId)
    .where('snapshot_id', '=', id)
    .execute()
  return rows.map((row) => row.id)
}

export async function insertSnapshot(tx: Tx, snapshot: Insertable<Schema['snapshots']>) {
  await tx.insertInto('snapshots').values(snapshot).execute()
}

export async function updateSnapshot(
  tx: Tx,
  accountId: string,
  id: string,
  set: Updateable<Schema['snapshots']> & { updated_at: Date },
) {
  await tx
    .updateTable('snapshots')
    .set(set)
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .execute()
}

export type SnapshotFilter = { search?: string | undefined; region?: string | undefined }

/** Newest first. */
export async function pageOfSnapshots(
  db: Database,
  accountId: string,
  { search, region }: SnapshotFilter,
  range: Range,
) {
  let matching = alive(db, accountId)
  if (search) matching = matching.where('name', 'ilike', containing(search))
  if (region) matching = matching.where('region', '=', region)
  const newestFirst = matching.selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc')
  const filtered = Boolean(search || region)
  return readPage(newestFirst, filtered ? countOfMatches : counterOf(accountId, 'snapshots'), range)
}

/** Totals of the statistics cards: bytes held, and how many can be restored. */
export async function snapshotTotals(db: Database, accountId: string, region: string | undefined) {
  let all = alive(db, accountId)
  if (region) all = all.where('region', '=', region)
  const row = await all
    .select((select) => [
      select.fn.countAll<number>().as('total'),
      select.fn.sum<number | null>('size_bytes').as('bytes'),
      select.fn.countAll<number>().filterWhere('status', '=', 'SUCCESS').as('restorable'),
    ])
    .executeTakeFirstOrThrow()
  return {
    total: Number(row.total),
    bytes: Number(row.bytes ?? 0),
    restorable: Number(row.restorable),
  }
}

/** Which of these snapshots have an image made from them. */
export async function withImages(db: Database | Tx, accountId: string, ids: readonly string[]) {
  if (ids.length === 0) return new Set<string>()
  const rows = await db
    .selectFrom('images')
    .select('snapshot_id')
    .distinct()
    .where('account_id', '=', accountId)
    .where('deleted_at', 'is', null)
    .where('snapshot_id', 'in', ids)
    .execute()
  return new Set(rows.map((row) => row.snapshot_id))
}

export async function existingSnapshots(
  db: Database,
  accountId: string,
  publicIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await alive(db, accountId)
    .select('public_id')
    .where('public_id', 'in', publicIds)
    .execute()
  return new Set(rows.map((row) => row.public_id))
}

/** Ids of everything that exists, in whatever region: one that was renamed is not nobody's: what an engine may keep. */
export async function snapshotsToKeep(db: Database) {
  const rows = await db
    .selectFrom('snapshots')
    .select('id')
    .where('deleted_at', 'is', null)
    .execute()
  return new Set(rows.map((row) => row.id))
}

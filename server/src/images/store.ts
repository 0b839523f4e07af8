/** Custom images in the database. Every function takes the account: nothing is found without one. */
import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import { counterOf, countOfMatches, type Range, readPage } from '../database/pages.ts'
import { containing } from '../database/patterns.ts'
import type { Schema } from '../database/schema.ts'

export type Image = Selectable<Schema['images']>

const alive = (db: Database | Tx, accountId: string) =>
  db.selectFrom('images').where('account_id', '=', accountId).where('deleted_at', 'is', null)

export function findImage(db: Database | Tx, accountId: string, publicId: string) {
  return alive(db, accountId).selectAll().where('public_id', '=', publicId).executeTakeFirst()
}

/** The same, and nobody else changes it until the transaction ends. */
export function lockImage(tx: Tx, accountId: string, publicId: string) {
  return alive(tx, accountId)
    .selectAll()
    .where('public_id', '=', publicId)
    .forUpdate()
    .executeTakeFirst()
}

/** Shared: several machines may be made from it at once, but none while it is being deleted. */
export function shareImage(tx: Tx, accountId: string, publicId: string) {
  return alive(tx, accountId)
    .selectAll()
    .where('public_id', '=', publicId)
    .forShare()
    .executeTakeFirst()
}

export async function isImageNameTaken(db: Database | Tx, accountId: string, name: string) {
  const row = await alive(db, accountId)
    .select('id')
    .where((where) => where(where.fn('lower', ['name']), '=', name.toLowerCase()))
    .executeTakeFirst()
  return row !== undefined
}

export async function insertImage(tx: Tx, image: Insertable<Schema['images']>) {
  await tx.insertInto('images').values(image).execute()
}

export async function updateImage(
  tx: Tx,
  accountId: string,
  id: string,
  set: Updateable<Schema['images']> & { updated_at: Date },
) {
  await tx
    .updateTable('images')
    .set(set)
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .execute()
}

export type ImageFilter = { search?: string | undefined; region?: string | undefined }

/** Newest first. */
export async function pageOfImages(
  db: Database,
  accountId: string,
  { search, region }: ImageFilter,
  range: Range,
) {
  let matching = alive(db, accountId)
  if (search) matching = matching.where('name', 'ilike', containing(search))
  if (region) matching = matching.where('region', '=', region)
  const newestFirst = matching.selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc')
  const filtered = Boolean(search || region)
  return readPage(newestFirst, filtered ? countOfMatches : counterOf(accountId, 'images'), range)
}

/** Images made from these snapshots, by the snapshots' public ids; newest first. */
export function imagesOfSnapshots(
  db: Database,
  accountId: string,
  snapshotPublicIds: readonly string[],
) {
  return alive(db, accountId)
    .selectAll()
    .where('snapshot_public_id', 'in', snapshotPublicIds)
    .orderBy('created_at', 'desc')
    .execute()
}

/** Ids of everything that exists, in whatever region: one that was renamed is not nobody's: what an engine may keep. */
export async function imagesToKeep(db: Database) {
  const rows = await db.selectFrom('images').select('id').where('deleted_at', 'is', null).execute()
  return new Set(rows.map((row) => row.id))
}

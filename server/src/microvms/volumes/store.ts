/** Volumes of microVMs in the database, with what is in them. Volumes are found by their account only. */
import { type Insertable, type Selectable, sql, type Updateable } from 'kysely'
import type { Database, Tx } from '../../database/database.ts'
import type { Schema } from '../../database/schema.ts'

export type Volume = Selectable<Schema['microvm_volumes']> & { readonly used_bytes: number }
export type VolumeFile = {
  readonly path: string
  readonly size_bytes: number
  readonly modified_at: Date
}
export type Checkpoint = Selectable<Schema['microvm_volume_checkpoints']> & {
  readonly files: number
}

const usedBytes = sql<number>`(
  select coalesce(sum(size_bytes), 0)::bigint from microvm_volume_blobs
  where volume_id = microvm_volumes.id
)`.as('used_bytes')

const owned = (db: Database | Tx, accountId: string) =>
  db
    .selectFrom('microvm_volumes')
    .where('account_id', '=', accountId)
    .selectAll('microvm_volumes')
    .select(usedBytes)

export const listVolumes = (db: Database, accountId: string) =>
  owned(db, accountId).orderBy('created_at', 'desc').orderBy('id', 'desc').execute()

export const findVolume = (db: Database | Tx, accountId: string, publicId: string) =>
  owned(db, accountId).where('public_id', '=', publicId).executeTakeFirst()

/** Nobody else changes what is in it until the transaction ends. */
export async function lockVolume(tx: Tx, accountId: string, publicId: string) {
  const row = await tx
    .selectFrom('microvm_volumes')
    .select('id')
    .where('account_id', '=', accountId)
    .where('public_id', '=', publicId)
    .forUpdate()
    .executeTakeFirst()
  // Asked again: what it holds, as of now that it is locked.
  return row && findVolume(tx, accountId, publicId)
}

/** How many the account has, and the bytes of their quotas. */
export async function totals(tx: Tx, accountId: string) {
  const row = await tx
    .selectFrom('microvm_volumes')
    .where('account_id', '=', accountId)
    .select(({ fn }) => [
      fn.countAll<number>().as('count'),
      sql<number>`coalesce(sum(quota_bytes), 0)::bigint`.as('quota'),
    ])
    .executeTakeFirstOrThrow()
  return { count: Number(row.count), quota: Number(row.quota) }
}

export async function findByName(tx: Tx, accountId: string, name: string) {
  return tx
    .selectFrom('microvm_volumes')
    .select('id')
    .where('account_id', '=', accountId)
    .where(sql<string>`lower(name)`, '=', sql<string>`lower(${name})`)
    .executeTakeFirst()
}

export async function insertVolume(tx: Tx, row: Insertable<Schema['microvm_volumes']>) {
  await tx.insertInto('microvm_volumes').values(row).execute()
}

export async function updateVolume(tx: Tx, id: string, set: Updateable<Schema['microvm_volumes']>) {
  await tx.updateTable('microvm_volumes').set(set).where('id', '=', id).execute()
}

export async function deleteVolume(tx: Tx, id: string) {
  await tx.deleteFrom('microvm_volumes').where('id', '=', id).execute()
}

const filesOf = (db: Database | Tx, volumeId: string, checkpointId: string | null) =>
  db
    .selectFrom('microvm_volume_files as file')
    .innerJoin('microvm_volume_blobs as blob', 'blob.id', 'file.blob_id')
    .where('file.volume_id', '=', volumeId)
    .where(sql<boolean>`file.checkpoint_id is not distinct from ${checkpointId}`)

export const findFile = (
  db: Database | Tx,
  volumeId: string,
  checkpointId: string | null,
  path: string,
) =>
  filesOf(db, volumeId, checkpointId)
    .where('file.path', '=', path)
    .select(['file.path', 'file.blob_id', 'file.modified_at', 'blob.size_bytes'])
    .executeTakeFirst()

/** Something is below it, so that it is a folder. */
export const findBelow = (tx: Tx, volumeId: string, path: string) =>
  filesOf(tx, volumeId, null)
    .where(sql<boolean>`starts_with(file.path, ${`${path}/`})`)
    .select('file.path')
    .limit(1)
    .executeTakeFirst()

export async function contentOf(db: Database, blobId: string) {
  const row = await db
    .selectFrom('microvm_volume_blobs')
    .select('content')
    .where('id', '=', blobId)
    .executeTakeFirst()
  return row?.content
}

/** Those whose path begins so, by path. What is deeper than `prefix` comes as its folder, unless all is wanted. */
export async function listFiles(
  db: Database,
  of: { volumeId: string; checkpointId: string | null },
  { prefix, recursive, limit }: { prefix: string; recursive: boolean; limit: number },
) {
  const depth = recursive ? null : prefix.split('/').length
  const { rows } = await sql<VolumeFile & { is_folder: boolean }>`
    select shown as path, bool_or(path <> shown) as is_folder,
      sum(size_bytes)::bigint as size_bytes, max(modified_at) as modified_at
    from (
      select file.path, blob.size_bytes, file.modified_at,
        case when ${depth}::int is null then file.path
          else array_to_string((string_to_array(file.path, '/'))[1:${depth}::int], '/') end as shown
      from microvm_volume_files file join microvm_volume_blobs blob on blob.id = file.blob_id
      where file.volume_id = ${of.volumeId}
        and file.checkpoint_id is not distinct from ${of.checkpointId}
        and starts_with(file.path, ${prefix})
    ) found
    group by shown order by shown collate "C" limit ${limit}
  `.execute(db)
  return rows
}

export async function countFiles(tx: Tx, volumeId: string) {
  const { n } = await filesOf(tx, volumeId, null)
    .select(({ fn }) => fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow()
  return Number(n)
}

/** Of the volume as it is now, in place of what was there. */
export async function putFile(
  tx: Tx,
  volumeId: string,
  file: { blobId: string; path: string; content: Buffer; now: Date },
) {
  await tx
    .insertInto('microvm_volume_blobs')
    .values({
      ...{ id: file.blobId, volume_id: volumeId, content: file.content },
      size_bytes: file.content.length,
    })
    .execute()
  await removeFile(tx, volumeId, file.path)
  await tx
    .insertInto('microvm_volume_files')
    .values({
      ...{ volume_id: volumeId, checkpoint_id: null, path: file.path, blob_id: file.blobId },
      modified_at: file.now,
    })
    .execute()
}

export async function removeFile(tx: Tx, volumeId: string, path: string) {
  await tx
    .deleteFrom('microvm_volume_files')
    .where('volume_id', '=', volumeId)
    .where('checkpoint_id', 'is', null)
    .where('path', '=', path)
    .execute()
}

/** Contents that neither the volume nor a checkpoint names any more. */
export async function forgetContents(tx: Tx, volumeId: string) {
  await sql`
    delete from microvm_volume_blobs blob where volume_id = ${volumeId}
      and not exists (select from microvm_volume_files where blob_id = blob.id)
  `.execute(tx)
}

const checkpoints = (db: Database | Tx, volumeId: string) =>
  db
    .selectFrom('microvm_volume_checkpoints as checkpoint')
    .selectAll('checkpoint')
    .select(
      sql<number>`(
        select count(*)::int from microvm_volume_files where checkpoint_id = checkpoint.id
      )`.as('files'),
    )
    .where('checkpoint.volume_id', '=', volumeId)

export const listCheckpoints = (db: Database | Tx, volumeId: string) =>
  checkpoints(db, volumeId)
    .orderBy('checkpoint.created_at', 'desc')
    .orderBy('checkpoint.id', 'desc')
    .execute()

export const findCheckpoint = (db: Database | Tx, volumeId: string, publicId: string) =>
  checkpoints(db, volumeId).where('checkpoint.public_id', '=', publicId).executeTakeFirst()

/** Names all files as they are. */
export async function insertCheckpoint(
  tx: Tx,
  row: Insertable<Schema['microvm_volume_checkpoints']>,
) {
  await tx.insertInto('microvm_volume_checkpoints').values(row).execute()
  await sql`
    insert into microvm_volume_files (volume_id, checkpoint_id, path, blob_id, modified_at)
    select volume_id, ${row.id}, path, blob_id, modified_at from microvm_volume_files
    where volume_id = ${row.volume_id} and checkpoint_id is null
  `.execute(tx)
}

export async function deleteCheckpoint(tx: Tx, id: string) {
  await tx.deleteFrom('microvm_volume_checkpoints').where('id', '=', id).execute()
}

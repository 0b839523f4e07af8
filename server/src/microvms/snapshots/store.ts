/** Snapshots of microVMs in the database. People find their own and public ones, nobody else's. */
import { type Insertable, type Selectable, sql, type Updateable } from 'kysely'
import type { Database, Tx } from '../../database/database.ts'
import type { Schema } from '../../database/schema.ts'

export type MicrovmSnapshot = Selectable<Schema['microvm_snapshots']>

/** More than anybody looks at: an account has no more of them than its limit. */
const mostListed = 1_000

const there = (db: Database | Tx) =>
  db.selectFrom('microvm_snapshots').where('deleted_at', 'is', null)

const visible = (db: Database | Tx, accountId: string) =>
  there(db).where((where) =>
    where.or([where('account_id', '=', accountId), where('is_public', '=', true)]),
  )

export function listSnapshots(
  db: Database,
  accountId: string,
  type: 'user' | 'system' | undefined,
) {
  let found = visible(db, accountId).where('hidden', '=', false)
  if (type === 'system') found = found.where('is_public', '=', true)
  if (type === 'user') found = found.where('is_public', '=', false)
  return found
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(mostListed)
    .execute()
}

export const findSnapshot = (db: Database | Tx, accountId: string, publicId: string) =>
  visible(db, accountId).selectAll().where('public_id', '=', publicId).executeTakeFirst()

/** Those that the account may delete. */
export const lockOwnSnapshot = (tx: Tx, accountId: string, publicId: string) =>
  there(tx)
    .selectAll()
    .where('account_id', '=', accountId)
    .where('public_id', '=', publicId)
    .forUpdate()
    .executeTakeFirst()

/** By internal id, for operations. */
export const getSnapshot = (db: Database | Tx, accountId: string, id: string) =>
  db
    .selectFrom('microvm_snapshots')
    .selectAll()
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .executeTakeFirstOrThrow()

export async function countSnapshots(tx: Tx, accountId: string): Promise<number> {
  const { n } = await there(tx)
    .select((select) => select.fn.countAll<number>().as('n'))
    .where('account_id', '=', accountId)
    .executeTakeFirstOrThrow()
  return Number(n)
}

export const insertSnapshot = (tx: Tx, snapshot: Insertable<Schema['microvm_snapshots']>) =>
  tx.insertInto('microvm_snapshots').values(snapshot).returningAll().executeTakeFirstOrThrow()

export async function updateSnapshot(
  tx: Database | Tx,
  accountId: string,
  id: string,
  set: Updateable<Schema['microvm_snapshots']> & { updated_at: Date },
) {
  await tx
    .updateTable('microvm_snapshots')
    .set(set)
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .execute()
}

/** The latest that was registered under this name, whatever became of it. */
export const latestBase = (db: Database | Tx, name: string) =>
  there(db)
    .selectAll()
    .where('origin', '=', 'base')
    .where('name', '=', name)
    .orderBy('created_at', 'desc')
    .limit(1)
    .executeTakeFirst()

/** Ids of those that the engine is to keep. This spans accounts. */
export async function snapshotIdsToKeep(db: Database): Promise<Set<string>> {
  const rows = await there(db).select('id').execute()
  return new Set(rows.map(({ id }) => id))
}

/** Everybody's of a region that can be started from. */
export const readyIn = (db: Database, region: string) =>
  there(db)
    .select(['id', 'public_id', 'account_id', 'origin'])
    .where('region', '=', region)
    .where('status', '=', 'ready')
    .execute()

/** Of clones that never came to be. */
export const forgottenSnapshots = (db: Database, before: Date) =>
  there(db)
    .select(['public_id', 'account_id'])
    .where('hidden', '=', true)
    .where('status', 'in', ['ready', 'failed'])
    .where('created_at', '<', before)
    .limit(100)
    .execute()

const longestLog = 1024 * 1024

export async function appendBuildLog(db: Database, snapshotId: string, text: string) {
  // PostgreSQL stores no NUL, and programs print what they like.
  const sound = text.replaceAll('\0', '').toWellFormed()
  await sql`
    insert into microvm_build_logs (snapshot_id, text) values (${snapshotId}, ${sound})
    on conflict (snapshot_id) do update
      set text = left(microvm_build_logs.text || excluded.text, ${longestLog})
  `.execute(db)
}

export async function readBuildLog(db: Database, snapshotId: string, offset: number) {
  const { rows } = await sql<{ text: string }>`
    select substr(text, ${offset + 1}) as text from microvm_build_logs
    where snapshot_id = ${snapshotId}
  `.execute(db)
  return rows[0]?.text ?? ''
}

/** The account that public snapshots of the installation belong to; null: none was ever registered. */
export async function houseAccount(db: Database | Tx): Promise<string | null> {
  const row = await db.selectFrom('microvm_house').select('account_id').executeTakeFirst()
  return row?.account_id ?? null
}

export const lockHouse = (tx: Tx) =>
  sql`select pg_advisory_xact_lock(hashtextextended('microvm house', 0))`.execute(tx)

export const setHouse = (tx: Tx, accountId: string) =>
  tx.insertInto('microvm_house').values({ account_id: accountId }).execute()

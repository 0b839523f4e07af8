import type { Database, Tx } from '../database/database.ts'

export type ListedKey = Awaited<ReturnType<typeof listKeys>>[number]

/** Those that were not revoked, with whoever made them. */
const live = (db: Database | Tx, accountId: string) =>
  db
    .selectFrom('api_keys as key')
    .leftJoin('people as person', 'person.id', 'key.person_id')
    .selectAll('key')
    .select(['person.name as person_name', 'person.email as person_email'])
    .where('key.account_id', '=', accountId)
    .where('key.revoked_at', 'is', null)

export const listKeys = (db: Database | Tx, accountId: string) =>
  live(db, accountId).orderBy('key.created_at').orderBy('key.id').execute()

/** Ids of another form than ours are nobody's. */
export const findKey = (db: Database | Tx, accountId: string, id: string) =>
  live(db, accountId)
    .where((where) => where(where.cast<string>('key.id', 'text'), '=', id.toLowerCase()))
    .executeTakeFirst()

export const renameKey = (tx: Tx, accountId: string, id: string, name: string) =>
  tx
    .updateTable('api_keys')
    .set({ name })
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .execute()

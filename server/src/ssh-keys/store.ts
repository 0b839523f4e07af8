/** SSH keys in the database. Every function takes the account: nothing is found without one. */
import type { Insertable, Selectable } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import { counterOf, countOfMatches, type Range, readPage } from '../database/pages.ts'
import { containing } from '../database/patterns.ts'
import type { Schema } from '../database/schema.ts'

export type SshKey = Selectable<Schema['ssh_keys']>

const owned = (db: Database | Tx, accountId: string) =>
  db.selectFrom('ssh_keys').where('account_id', '=', accountId)

export const findSshKey = (db: Database | Tx, accountId: string, publicId: string) =>
  owned(db, accountId).selectAll().where('public_id', '=', publicId).executeTakeFirst()

/** The same, and nobody deletes it until the transaction ends. */
export const lockSshKey = (tx: Tx, accountId: string, publicId: string) =>
  owned(tx, accountId).selectAll().where('public_id', '=', publicId).forUpdate().executeTakeFirst()

/** Shared: several machines may be deployed with a key at once, but none while it is being deleted. */
export const shareSshKeys = (tx: Tx, accountId: string, publicIds: readonly string[]) =>
  owned(tx, accountId).selectAll().where('public_id', 'in', publicIds).forShare().execute()

export const findConflicting = (
  tx: Tx,
  accountId: string,
  { name, fingerprint }: { name: string; fingerprint: string },
) =>
  owned(tx, accountId)
    .select(['name', 'fingerprint'])
    .where((where) =>
      where.or([
        where(where.fn('lower', ['name']), '=', name.toLowerCase()),
        where('fingerprint', '=', fingerprint),
      ]),
    )
    .executeTakeFirst()

export const insertSshKey = (tx: Tx, key: Insertable<Schema['ssh_keys']>) =>
  tx.insertInto('ssh_keys').values(key).returningAll().executeTakeFirstOrThrow()

export const deleteSshKey = (tx: Tx, accountId: string, id: string) =>
  tx.deleteFrom('ssh_keys').where('account_id', '=', accountId).where('id', '=', id).execute()

/** A machine that is not deleted and was given this key. */
export const userOfSshKey = (db: Database | Tx, accountId: string, id: string) =>
  db
    .selectFrom('instance_ssh_keys as given')
    .innerJoin('instances', 'instances.id', 'given.instance_id')
    .select(['instances.public_id', 'instances.name'])
    .where('given.ssh_key_id', '=', id)
    .where('instances.account_id', '=', accountId)
    .where('instances.deleted_at', 'is', null)
    .executeTakeFirst()

/** Newest first. */
export async function pageOfSshKeys(
  db: Database,
  accountId: string,
  search: string | undefined,
  range: Range,
) {
  let matching = owned(db, accountId)
  if (search) matching = matching.where('name', 'ilike', containing(search))
  const newestFirst = matching.selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc')
  const filtered = Boolean(search)
  return readPage(newestFirst, filtered ? countOfMatches : counterOf(accountId, 'ssh_keys'), range)
}

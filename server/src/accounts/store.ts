import { lesserRole } from '@garrison/contract/accounts/roles'
import { type Insertable, type Selectable, sql, type Updateable } from 'kysely'
import type { Caller } from '../caller.ts'
import type { Database, Tx } from '../database/database.ts'
import type { Schema } from '../database/schema.ts'

export type Account = Selectable<Schema['accounts']>
export type ApiKey = Selectable<Schema['api_keys']>

export const insertAccount = (tx: Tx, account: Insertable<Schema['accounts']>) =>
  tx.insertInto('accounts').values(account).returningAll().executeTakeFirstOrThrow()

export const listAccounts = (db: Database | Tx) =>
  db.selectFrom('accounts').selectAll().orderBy('created_at').orderBy('id').execute()

export const findAccount = (db: Database | Tx, publicId: string) =>
  db.selectFrom('accounts').selectAll().where('public_id', '=', publicId).executeTakeFirst()

/** Nobody else adds keys to the account until the transaction ends. */
export const lockAccount = (tx: Tx, id: string) =>
  tx
    .selectFrom('accounts')
    .selectAll()
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirstOrThrow()

export const getAccount = (db: Database | Tx, id: string) =>
  db.selectFrom('accounts').selectAll().where('id', '=', id).executeTakeFirstOrThrow()

export const updateAccount = (tx: Tx, id: string, set: Updateable<Schema['accounts']>) =>
  tx.updateTable('accounts').set(set).where('id', '=', id).returningAll().executeTakeFirstOrThrow()

export const findPerson = (db: Database | Tx, accountId: string, id: string) =>
  db
    .selectFrom('people')
    .select(['id', 'name', 'email'])
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .executeTakeFirst()

export const insertApiKey = (tx: Tx, key: Insertable<Schema['api_keys']>) =>
  tx.insertInto('api_keys').values(key).returningAll().executeTakeFirstOrThrow()

/** Those that were not revoked; expired ones are shown as such. */
export const liveApiKeys = (db: Database | Tx, accountId: string) =>
  db
    .selectFrom('api_keys')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('revoked_at', 'is', null)
    .orderBy('created_at')
    .orderBy('id')
    .execute()

export const revokeApiKey = (
  tx: Tx,
  accountId: string,
  which: string | { id: string },
  now: Date,
) =>
  tx
    .updateTable('api_keys')
    .set({ revoked_at: now })
    .where('account_id', '=', accountId)
    .where((where) =>
      typeof which === 'string'
        ? where(where.fn('lower', ['name']), '=', which.toLowerCase())
        : where('id', '=', which.id),
    )
    .where('revoked_at', 'is', null)
    .returningAll()
    .executeTakeFirst()

/** Whom a key acts for. */
export type KeyHolder = Pick<
  Caller,
  'accountId' | 'accountPublicId' | 'currency' | 'personId' | 'role' | 'access'
> & { keyId: string; keyName: string; expiresAt: Date | null }

/** One indexed read: the key, the account that it acts for and who made it. */
export const findByKeyHash = async (db: Database, hash: Buffer) =>
  holderOf(await keyHolders(db).where('key.hash', '=', hash).executeTakeFirst())

export const findByKeyId = async (db: Database | Tx, id: string) =>
  holderOf(await keyHolders(db).where('key.id', '=', id).executeTakeFirst())

/** Those that were not revoked, of people who are there. */
const keyHolders = (db: Database | Tx) =>
  db
    .selectFrom('api_keys as key')
    .innerJoin('accounts as account', 'account.id', 'key.account_id')
    .leftJoin('people as person', 'person.id', 'key.person_id')
    .select([
      'key.id as keyId',
      'key.name as keyName',
      'key.expires_at as expiresAt',
      'key.role',
      'key.access',
      'key.person_id as personId',
      'person.role as personRole',
      'account.id as accountId',
      'account.public_id as accountPublicId',
      'account.currency',
    ])
    .where('key.revoked_at', 'is', null)
    .where('person.removed_at', 'is', null)

/** A key may never do more than its maker may by now. */
function holderOf(
  found: Awaited<ReturnType<ReturnType<typeof keyHolders>['executeTakeFirst']>>,
): KeyHolder | undefined {
  if (found === undefined) return undefined
  const { personRole, ...holder } = found
  return personRole === null ? holder : { ...holder, role: lesserRole(holder.role, personRole) }
}

/** Who signed in, with the account that they belong to; not those who are only invited, or gone. */
export const findPersonCaller = (db: Database | Tx, id: string) =>
  db
    .selectFrom('people as person')
    .innerJoin('accounts as account', 'account.id', 'person.account_id')
    .select([
      'person.id as personId',
      'person.role',
      'account.id as accountId',
      'account.public_id as accountPublicId',
      'account.currency',
    ])
    .where('person.id', '=', id)
    .where('person.joined_at', 'is not', null)
    .where('person.removed_at', 'is', null)
    .executeTakeFirst()

/** Another process may have seen the same key later: then that stays. */
export async function touchApiKeys(db: Database, used: readonly { id: string; at: Date }[]) {
  await sql`
    update api_keys set last_used_at = greatest(last_used_at, used.at)
    from unnest(${used.map((use) => use.id)}::uuid[], ${used.map((use) => use.at)}::timestamptz[])
      as used (id, at)
    where api_keys.id = used.id
  `.execute(db)
}

/** Of people who may decide about the account, and can be written to. */
export async function ownersEmails(db: Database | Tx, accountId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('people')
    .select('email')
    .where('account_id', '=', accountId)
    .where('role', 'in', ['owner', 'operator'])
    .where('joined_at', 'is not', null)
    .where('removed_at', 'is', null)
    .orderBy('created_at')
    .orderBy('id')
    .execute()
  return rows.flatMap(({ email }) => (email === null ? [] : [email]))
}

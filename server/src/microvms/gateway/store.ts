import type { Database } from '../../database/database.ts'

/** An account by a key of its own. */
export type Holder = {
  /** Of the row in `ssh_keys`. */
  readonly keyId: string
  readonly keyPublicId: string
  readonly publicKey: string
  readonly accountId: string
  readonly accountPublicId: string
}

/** Without an account, unlike all others: this is what tells whose it is. */
export const holdersOf = (db: Database, fingerprint: string): Promise<Holder[]> =>
  db
    .selectFrom('ssh_keys as key')
    .innerJoin('accounts as account', 'account.id', 'key.account_id')
    .select([
      'key.id as keyId',
      'key.public_id as keyPublicId',
      'key.public_key as publicKey',
      'account.id as accountId',
      'account.public_id as accountPublicId',
    ])
    .where('key.fingerprint', '=', fingerprint)
    .orderBy('key.account_id')
    .execute()

/** Those of these keys that are still there. */
export async function keysThere(db: Database, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set()
  const rows = await db.selectFrom('ssh_keys').select('id').where('id', 'in', ids).execute()
  return new Set(rows.map(({ id }) => id))
}

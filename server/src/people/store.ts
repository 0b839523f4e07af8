import { type Insertable, type Selectable, sql, type Updateable } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import type { Schema } from '../database/schema.ts'

export type Person = Selectable<Schema['people']>

const present = (db: Database | Tx, accountId: string) =>
  db
    .selectFrom('people')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('removed_at', 'is', null)

export const listPeople = (db: Database | Tx, accountId: string) =>
  present(db, accountId).orderBy('created_at').orderBy('id').execute()

/** Ids of another form than ours are nobody's. */
export const findPerson = (db: Database | Tx, accountId: string, id: string) =>
  present(db, accountId)
    .where((where) => where(where.cast<string>('id', 'text'), '=', id.toLowerCase()))
    .executeTakeFirst()

export const findByEmail = (db: Database | Tx, accountId: string, email: string) =>
  present(db, accountId)
    .where((where) => where(where.fn('lower', ['email']), '=', email.toLowerCase()))
    .executeTakeFirst()

export const insertPerson = (tx: Tx, person: Insertable<Schema['people']>) =>
  tx.insertInto('people').values(person).returningAll().executeTakeFirstOrThrow()

export const updatePerson = (
  tx: Tx,
  accountId: string,
  id: string,
  set: Updateable<Schema['people']>,
) =>
  tx
    .updateTable('people')
    .set(set)
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()

/** How many were invited since then, also those who are gone again. */
export async function countInvitations(db: Database | Tx, accountId: string, since: Date) {
  const { n } = await db
    .selectFrom('people')
    .select((select) => select.fn.countAll<number>().as('n'))
    .where('account_id', '=', accountId)
    .where('invited_at', '>', since)
    .executeTakeFirstOrThrow()
  return Number(n)
}

/** Whoever has the token's hash finds it, in whatever account. */
export const findInvitation = (db: Database | Tx, hash: Buffer) =>
  db
    .selectFrom('people')
    .innerJoin('accounts', 'accounts.id', 'people.account_id')
    .selectAll('people')
    .select(['accounts.name as account_name', 'accounts.public_id as account_public_id'])
    .where('invitation_hash', '=', hash)
    .where('joined_at', 'is', null)
    .where('removed_at', 'is', null)
    .executeTakeFirst()

/** Those that the account has, by table; what is deleted does not count. */
const belongings: readonly (readonly [table: string, where: string, one: string, many: string])[] =
  [
    ['instances', "status <> 'DELETED'", 'instance', 'instances'],
    ['snapshots', 'deleted_at is null', 'snapshot', 'snapshots'],
    ['images', 'deleted_at is null', 'custom image', 'custom images'],
    ['volumes', 'deleted_at is null', 'volume', 'volumes'],
    ['firewalls', 'true', 'firewall', 'firewalls'],
    ['ssh_keys', 'true', 'SSH key', 'SSH keys'],
    ['scripts', 'true', 'startup script', 'startup scripts'],
    ['snapshot_policies', 'true', 'snapshot policy', 'snapshot policies'],
    [
      'deploy_requests',
      "state in ('waiting', 'deploying')",
      'waiting deployment',
      'waiting deployments',
    ],
    ['billing_records', 'metered_until is not null', 'unsettled bill', 'unsettled bills'],
  ]

/** What an account has in it, for people: `2 instances`. */
export async function inventory(db: Database | Tx, accountId: string): Promise<string[]> {
  const counts = belongings.map(
    ([table, where], index) => sql`
      select ${index}::int as index, count(*)::int as n from ${sql.table(table)}
      where account_id = ${accountId} and ${sql.raw(where)}`,
  )
  const { rows } = await sql<{ index: number; n: number }>`
    ${sql.join(counts, sql` union all `)} order by index
  `.execute(db)
  return rows.flatMap(({ index, n }) => {
    const [, , one, many] = belongings[index] ?? []
    return n === 0 ? [] : [`${n} ${n === 1 ? one : many}`]
  })
}

/** A left account does not keep the address from whoever had it. */
export const releaseEmail = (tx: Tx, accountId: string) =>
  tx.updateTable('accounts').set({ email: null }).where('id', '=', accountId).execute()

import type { Database, Tx } from './database.ts'

/** How many there are in all, without counting: triggers keep the number. */
export async function counter(
  db: Database | Tx,
  accountId: string,
  kind:
    | 'instances'
    | 'snapshots'
    | 'images'
    | 'ssh_keys'
    | 'operations'
    | 'firewalls'
    | 'scripts'
    | 'volumes',
): Promise<number> {
  const row = await db
    .selectFrom('counters')
    .select('value')
    .where('account_id', '=', accountId)
    .where('kind', '=', kind)
    .executeTakeFirst()
  return row?.value ?? 0
}

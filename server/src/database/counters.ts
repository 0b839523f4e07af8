import type { Database, Tx } from './database.ts'
import type { Counted } from './pages.ts'

/** How many there are in all, without counting: triggers keep the number. */
export async function counter(
  db: Database | Tx,
  accountId: string,
  kind: Counted,
): Promise<number> {
  const row = await db
    .selectFrom('counters')
    .select('value')
    .where('account_id', '=', accountId)
    .where('kind', '=', kind)
    .executeTakeFirst()
  return row?.value ?? 0
}

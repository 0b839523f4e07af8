/** One page of a list with the number of all its rows, in one query. */
import { type RawBuilder, type SelectQueryBuilder, sql } from 'kysely'

export type Range = { readonly limit: number; readonly offset: number }

/** What triggers keep the number of, by the names of tables. */
export type Counted =
  | 'instances'
  | 'snapshots'
  | 'images'
  | 'ssh_keys'
  | 'operations'
  | 'firewalls'
  | 'scripts'
  | 'volumes'
  | 'snapshot_policies'
  | 'deploy_requests'
  | 'webhooks'
  | 'credit_orders'

/** How many an account has, without counting: triggers keep the number. */
export const counterOf = (accountId: string, kind: Counted) =>
  sql<number>`coalesce((select value from counters where account_id = ${accountId} and kind = ${kind}), 0)`

/** How many match, by counting them. */
export const countOfMatches = sql<number>`count(*) over ()`

/** `query` selects and orders; `total` says where the number of all rows comes from. */
export async function readPage<DB, TB extends keyof DB, O extends object>(
  query: SelectQueryBuilder<DB, TB, O>,
  total: RawBuilder<number>,
  { limit, offset }: Range,
): Promise<{ rows: O[]; total: number }> {
  const rows = await query
    .select(total.as('total'))
    .limit(limit)
    .offset(offset)
    .$castTo<O & { total: number }>()
    .execute()
  const [first] = rows
  if (first !== undefined) return { rows, total: Number(first.total) }
  if (offset === 0) return { rows: [], total: 0 }
  // Past the end nothing carries the number.
  const { n } = await query
    .clearSelect()
    .clearOrderBy()
    .select(sql<number>`count(*)`.as('n'))
    .$castTo<{ n: number }>()
    .executeTakeFirstOrThrow()
  return { rows: [], total: Number(n) }
}

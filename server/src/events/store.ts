/** Events in the database, by their position. Every function that finds some takes the account. */
import { sql } from 'kysely'
import type { Database } from '../database/database.ts'
import type { PlacedEvent } from './positions.ts'

export type Reach = {
  after: number
  /** The last position to look at. */
  upTo: number
  limit: number
}

/** What an account may see, oldest first: its own, and what concerns everybody. */
export async function eventsOf(
  db: Database,
  accountId: string,
  { after, upTo, limit }: Reach,
): Promise<PlacedEvent[]> {
  // Two reads of an index each; an OR would read everybody's.
  const { rows } = await sql<PlacedEvent>`
    (select * from events where account_id = ${accountId}
      and position > ${after} and position <= ${upTo} order by position limit ${limit})
    union all
    (select * from events where account_id is null
      and position > ${after} and position <= ${upTo} order by position limit ${limit})
    order by position limit ${limit}
  `.execute(db)
  return rows
}

/** Everybody's, for the one reader of this process. */
export async function allEvents(db: Database, after: number, limit: number) {
  const rows = await db
    .selectFrom('events')
    .selectAll()
    .where('position', '>', after)
    .orderBy('position')
    .limit(limit)
    .execute()
  return rows as PlacedEvent[]
}

/** Removes some of those that are older; answers how many. */
export async function forgetEvents(db: Database, before: Date, limit: number): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    with gone as (
      delete from events where id in (
        select id from events where created_at < ${before} and position is not null
        order by created_at limit ${limit}
      ) returning position
    ), marked as (
      update event_positions set forgotten = greatest(forgotten, (select max(position) from gone))
    )
    select count(*) as count from gone
  `.execute(db)
  return rows[0]?.count ?? 0
}

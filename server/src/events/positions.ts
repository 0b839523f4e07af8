/**
 * The order in which the world hears of events. Ids are given out when events are written, and
 * transactions commit in any order; so an event gets its position after its commit, from whoever holds the
 * one row of `event_positions`. Positions are therefore committed in their own order, without gaps: a
 * reader that has seen one has seen all before it. What is written for an event that is placed (the
 * deliveries to webhooks) is written in the same transaction, so once.
 *
 * Comparing transaction ids with the oldest that is open would do without a second write; but ids of
 * transactions are shared by the whole database server, whose slowest writer would hold up all events,
 * and they begin again when a dump is restored.
 */
import { type Selectable, sql } from 'kysely'
import { type Database, type Tx, transaction } from '../database/database.ts'
import type { Schema } from '../database/schema.ts'

type Row = Selectable<Schema['events']>
/** One that has its place. */
export type PlacedEvent = Row & { position: number }

const batch = 500

/** Returns when none was waiting. `placed` is called for each batch, in the transaction that places it. */
export async function placeEvents(
  db: Database,
  placed: (tx: Tx, events: readonly PlacedEvent[]) => Promise<void>,
): Promise<void> {
  for (;;) {
    const count = await transaction(db, async (tx) => {
      const { given } = await tx
        .selectFrom('event_positions')
        .select('given')
        .forUpdate()
        .executeTakeFirstOrThrow()
      const waiting = await tx
        .selectFrom('events')
        .selectAll()
        .where('position', 'is', null)
        .orderBy('id')
        .limit(batch)
        .execute()
      if (waiting.length === 0) return 0
      const events = waiting.map((event, index) => ({ ...event, position: given + index + 1 }))
      await setPositions(tx, events)
      await tx
        .updateTable('event_positions')
        .set({ given: given + events.length })
        .execute()
      await placed(tx, events)
      return events.length
    })
    if (count < batch) return
  }
}

/** The ids are in their order, and so are the positions. */
async function setPositions(tx: Tx, events: readonly PlacedEvent[]) {
  const ids = events.map(({ id }) => id)
  const positions = events.map(({ position }) => position)
  await sql`
    update events set position = placed.position
    from unnest(${ids}::bigint[], ${positions}::bigint[]) as placed (id, position)
    where events.id = placed.id
  `.execute(tx)
}

/** The last position that was given, and the last that is forgotten. */
export const eventBounds = (db: Database) =>
  db.selectFrom('event_positions').select(['given', 'forgotten']).executeTakeFirstOrThrow()

/**
 * The one reader of events in this process: it places what is new, keeps the latest in memory, and wakes
 * whoever follows. Who is further behind reads the database for a while.
 */
import type { Database, Tx } from '../database/database.ts'
import type { Listener } from '../database/listen.ts'
import type { Log } from '../log.ts'
import { repeat } from '../repeat.ts'
import { eventBounds, type PlacedEvent, placeEvents } from './positions.ts'
import { allEvents } from './store.ts'

/** Kept in memory, and for how many bytes at most two hundred times that: data is small. */
const mostKept = 2_000
const batch = 500
/** In case a notification was lost. */
const lookMs = 5_000

export type EventFeed = ReturnType<typeof createEventFeed>

export function createEventFeed() {
  let kept: PlacedEvent[] = []
  /** All after this one are in `kept`. */
  let from = 0
  let newest = 0
  let changed = Promise.withResolvers<void>()

  function advance(events: readonly PlacedEvent[]) {
    const last = events.at(-1)
    if (last === undefined) return
    kept = [...kept, ...events].slice(-mostKept)
    from = Math.max(from, (kept[0]?.position ?? 0) - 1)
    newest = last.position
    const waiting = changed
    changed = Promise.withResolvers()
    waiting.resolve()
  }

  return {
    newest: () => newest,
    /** When there is more than there is now. */
    change: () => changed.promise,
    /** Those after a position; null when they are no longer in memory. */
    after(position: number): readonly PlacedEvent[] | null {
      if (position < from) return null
      // Without gaps, so the place in the list is the difference.
      const first = kept[0]?.position ?? 0
      return kept.slice(Math.max(0, position - first + 1))
    },

    /** `placed`: in the transaction that gives events their places. `told`: after it. */
    async start(deps: {
      db: Database
      listener: Listener
      log: Log
      placed: (tx: Tx, events: readonly PlacedEvent[]) => Promise<void>
      told: () => void
    }) {
      const { db, listener, log, placed, told } = deps
      from = (await eventBounds(db)).given
      newest = from

      async function look() {
        await placeEvents(db, placed)
        for (;;) {
          const events = await allEvents(db, newest, batch)
          advance(events)
          if (events.length > 0) told()
          if (events.length < batch) return
        }
      }

      const looking = repeat('events', look, { everyMs: lookMs, log })
      await listener.subscribe('event', looking.poke)
      listener.onReconnect(looking.poke)
      return { close: looking.close }
    },
  }
}

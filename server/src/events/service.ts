/** What happens, for those who ask what has happened, and for those who follow. */
import { matchesAny } from '@garrison/contract/events/patterns'
import type { AccountService } from '../accounts/service.ts'
import type { RequestCaller } from '../caller.ts'
import type { Clock } from '../clock.ts'
import type { Database } from '../database/database.ts'
import { createEventFeed } from './feed.ts'
import { createFollowers } from './followers.ts'
import { eventBounds, type PlacedEvent } from './positions.ts'
import * as store from './store.ts'
import { eventStream, message } from './stream.ts'

export type EventFilter = {
  kinds?: readonly string[] | undefined
  subject?: string | undefined
}

const dayMs = 24 * 60 * 60_000
/** Of the database at a time, when a list or the past is looked through. */
const batch = 500

export function createEventService(deps: {
  clock: Clock
  accounts: AccountService
  keepDays: number
}) {
  const { clock, accounts, keepDays } = deps
  const feed = createEventFeed()
  const followers = createFollowers()

  const wantedBy =
    ({ kinds, subject }: EventFilter) =>
    (event: PlacedEvent) =>
      (kinds === undefined || matchesAny(kinds, event.kind)) &&
      (subject === undefined || event.subject_id === subject)

  /** Whether what is asked for cannot be given, and where to go on instead. 0: from the oldest on. */
  function reach(after: number, { given, forgotten }: { given: number; forgotten: number }) {
    if (after > given) return { gone: true, from: given }
    return { gone: after > 0 && after < forgotten, from: Math.max(after, forgotten) }
  }

  return {
    feed,

    /** Oldest first. Looks through everything that the account may see, until there are enough. */
    async list(
      db: Database,
      { accountId }: Pick<RequestCaller, 'accountId'>,
      { after, limit, ...filter }: EventFilter & { after: number; limit: number },
    ) {
      const bounds = await eventBounds(db)
      const { gone, from } = reach(after, bounds)
      const wants = wantedBy(filter)
      const found: PlacedEvent[] = []
      let cursor = from
      while (found.length <= limit && cursor < bounds.given) {
        const look = { after: cursor, upTo: bounds.given, limit: batch }
        const rows = await store.eventsOf(db, accountId, look)
        found.push(...rows.filter(wants))
        cursor = rows.length === batch ? (rows.at(-1)?.position ?? bounds.given) : bounds.given
      }
      const events = found.slice(0, limit)
      const more = found.length > limit
      return { events, more, gone, nextAfter: more ? (events.at(-1)?.position ?? from) : cursor }
    },

    /** The id that was given last. */
    newest: async (db: Database) => (await eventBounds(db)).given,

    /**
     * A stream, until the key or the session ends, or the reader. `after` left out: from now on. `hangUp`
     * is called when the reader takes nothing any more; `hasSession` tells of who signed in. Throws
     * LIMIT_EXCEEDED.
     */
    async follow(
      db: Database,
      caller: RequestCaller,
      { after, ...filter }: EventFilter & { after: number | undefined },
      { hangUp, hasSession }: { hangUp: () => void; hasSession: () => Promise<boolean> },
    ) {
      const { keyId } = caller
      const hasKey = async () => keyId !== null && (await accounts.holder(db, keyId)) !== null
      const isWelcome = keyId === null ? hasSession : hasKey
      const bounds = await eventBounds(db)
      const { gone, from } = reach(after ?? bounds.given, bounds)
      // Nothing is waited for from here to the taking of the place, or many at once would each find one.
      followers.requirePlace(caller.accountId)
      const ending = new AbortController()
      const leave = followers.enter({ caller, isWelcome, end: (reason) => ending.abort(reason) })
      return eventStream({
        ...{ db, feed, accountId: caller.accountId, after: from, wants: wantedBy(filter) },
        greeting: gone ? goneMessage(after ?? 0, from) : '',
        signal: ending.signal,
        ended: leave,
        stuck: hangUp,
      })
    },

    /** Those who followed by this key hear no more. */
    endOfKey: followers.endOfKey,
    endOfPerson: followers.endOfPerson,
    endAll: followers.endAll,

    /** Of sessions that have ended, and keys that have expired by now, or whose end nobody here heard of. */
    endOfGone: followers.endOfGone,

    /** Those that are older than is kept. */
    async forget(db: Database) {
      const before = new Date(clock.now().getTime() - keepDays * dayMs)
      while ((await store.forgetEvents(db, before, 5_000)) === 5_000);
    },
  }
}

export type EventService = ReturnType<typeof createEventService>

const goneMessage = (asked: number, from: number) =>
  message({
    id: from,
    event: 'gone',
    data: {
      asked,
      after: from,
      message: 'Not all events since then are kept; what follows is all that there is',
    },
  })

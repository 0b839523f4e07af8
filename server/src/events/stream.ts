/**
 * One follower's stream of server-sent events. It is made as it is read: nothing is kept for a reader that
 * does not read, who is let go after a while and resumes where it was.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { aliveEvent, aliveSeconds } from '@garrison/contract/events/facts'
import type { Database } from '../database/database.ts'
import type { EventFeed } from './feed.ts'
import type { PlacedEvent } from './positions.ts'
import { eventsOf } from './store.ts'
import { eventAnswer } from './view.ts'

/** Of the database, for those who are far behind. */
const page = 200
/** Taking nothing for so long is being gone. */
const patienceMs = 60_000
/** How soon a browser comes again. */
const retryMs = 2_000

export type StreamOptions = {
  db: Database
  feed: EventFeed
  accountId: string
  /** The position that was seen last. */
  after: number
  wants: (event: PlacedEvent) => boolean
  /** What is to be said first. */
  greeting: string
  /** Aborted with why it ends, for the reader. */
  signal: AbortSignal
  /** It is over, whoever ended it. */
  ended: () => void
  /** The reader takes nothing any more. */
  stuck: () => void
  aliveMs?: number
}

export function eventStream(options: StreamOptions): ReadableStream<Uint8Array> {
  const { signal, ended, stuck, greeting } = options
  const { aliveMs = aliveSeconds * 1000 } = options
  const encoder = new TextEncoder()
  const reader = batches(options)
  let state: 'new' | 'open' | 'closing' = 'new'
  let taken = Number.POSITIVE_INFINITY
  // A reader that is gone without a word does not ask again; nor would it hear that it is let go.
  const watch = setInterval(() => {
    if (Date.now() - taken > patienceMs) stuck()
  }, patienceMs / 4)
  watch.unref()
  const finish = () => {
    clearInterval(watch)
    ended()
  }

  /** Null: it is over. */
  async function chunk(): Promise<string | null> {
    if (state === 'closing') return null
    if (state === 'new') {
      state = 'open'
      return `retry: ${retryMs}\n${idLine(reader.seen())}\n${greeting}`
    }
    const text = await reader.next(aliveMs)
    if (text === 'quiet') return message({ id: reader.seen(), event: aliveEvent, data: {} })
    if (text !== null) return text.said
    state = 'closing'
    return message({ event: 'closed', data: { reason: String(signal.reason) } })
  }

  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        taken = Number.POSITIVE_INFINITY
        try {
          const text = await chunk()
          taken = Date.now()
          if (text !== null) return controller.enqueue(encoder.encode(text))
          finish()
          controller.close()
        } catch (error) {
          finish()
          throw error
        }
      },
      cancel: finish,
    },
    { highWaterMark: 0 },
  )
}

type Batch = { readonly said: string; readonly upTo: number }

/** What is to be sent next, each once, however often the wait for it is cut short. */
function batches({ db, feed, accountId, after, wants, signal }: StreamOptions) {
  let cursor = after
  /** Nothing up to here is still to be sent. */
  let seen = after
  let pending: Promise<Batch | null> | null = null

  async function read(): Promise<readonly PlacedEvent[]> {
    const inMemory = feed.after(cursor)
    if (inMemory !== null) {
      cursor = inMemory.at(-1)?.position ?? cursor
      return inMemory.filter((event) => [accountId, null].includes(event.account_id))
    }
    const upTo = feed.newest()
    const found = await eventsOf(db, accountId, { after: cursor, upTo, limit: page })
    cursor = found.length === page ? (found.at(-1)?.position ?? upTo) : upTo
    return found
  }

  async function find(): Promise<Batch | null> {
    while (!signal.aborted) {
      const change = feed.change()
      if (cursor < feed.newest()) {
        const said = (await read()).filter(wants).map(eventMessage).join('')
        if (said !== '') return { said, upTo: cursor }
        seen = cursor
      } else await either(change, signal)
    }
    return null
  }

  return {
    /** For whoever resumes. */
    seen: () => seen,

    /** Null: it is over. `quiet`: nothing came within the time. */
    async next(withinMs: number): Promise<Batch | 'quiet' | null> {
      pending ??= find()
      const timer = new AbortController()
      const quiet = pause(withinMs, 'quiet' as const, { signal: timer.signal })
      const first = await Promise.race([pending, quiet]).finally(() => timer.abort())
      if (first === 'quiet') return first
      pending = null
      if (first !== null) seen = first.upTo
      return signal.aborted ? null : first
    },
  }
}

/** Leaves nothing behind on a signal that lives as long as the stream. */
function either(change: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done)
    change.then(done)
    if (signal.aborted) done()
  })
}

const idLine = (id: number) => `id: ${id}\n`

const eventMessage = (event: PlacedEvent) =>
  message({ id: event.position, event: event.kind, data: eventAnswer(event) })

type Message = { readonly id?: number; readonly event: string; readonly data: object }

/** JSON has no line breaks of its own. */
export const message = ({ id, event, data }: Message) =>
  `${id === undefined ? '' : idLine(id)}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`

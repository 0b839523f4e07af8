/**
 * The way of what no transaction can hold, such as code that runs in a machine: with an Idempotency-Key it is
 * written down that it begins before it does, so that it happens once, whoever hears of it. Without a key
 * this costs nothing.
 */
import type { Clock } from '../clock.ts'
import { type Database, transaction } from '../database/database.ts'
import { DomainError } from '../errors.ts'
import type { Log } from '../log.ts'
import { type AppContext, callerOf } from './answers.ts'
import { claim, giveUp, type Keyed, keep, keyedRequest, release, update } from './idempotency.ts'

export type OnceOptions<Body> = {
  /** What takes longer is gone, with its process. */
  longestMs: number
  /** What may be kept for the key: without secrets that are shown only once. */
  keepable?: (body: Body) => Body
}

/** What is asked to happen. */
export type Deed<Body> = (once: {
  /** Whoever asked may hang up: it goes on all the same, so that the next request hears of it. */
  readonly keyed: boolean
  /** To be called before anything happens. What is refused until then has not happened, and can be tried again. */
  begins(): void
}) => Promise<Body>

export type Once = ReturnType<typeof createOnce>

export function createOnce({ db, clock, log }: { db: Database; clock: Clock; log: Log }) {
  return async function once<Body extends object>(
    c: AppContext,
    { longestMs, keepable = (body) => body }: OnceOptions<Body>,
    deed: Deed<Body>,
  ): Promise<Body> {
    const keyed = await keyedRequest(c, callerOf(c))
    if (keyed === null) return deed({ keyed: false, begins() {} })
    const known = await claimed(keyed, longestMs)
    if (known !== null) {
      c.header('Idempotency-Replayed', 'true')
      return known as Body
    }
    let begun = false
    try {
      const begins = () => {
        begun = true
      }
      const body = await deed({ keyed: true, begins })
      const answered = { body: JSON.stringify(keepable(body)), awaited_until: null }
      // It has happened. That the answer is not kept is told to whoever asks again, as nobody knows it then.
      await update(db, keyed.key, answered).catch((error: unknown) =>
        log('warn', 'an answer was not kept for its Idempotency-Key', { error }),
      )
      return body
    } catch (error) {
      const end = begun ? giveUp(db, keyed.key, clock.now()) : release(db, keyed.key)
      // If even this fails, time does the same.
      await end.catch(() => {})
      throw error
    }
  }

  /** What is kept; null: from now on it is for this request to bring. */
  function claimed(keyed: Keyed, longestMs: number): Promise<object | null> {
    return transaction(db, async (tx) => {
      const now = clock.now()
      const kept = await claim(tx, keyed, now)
      if (kept === undefined) {
        const awaitedUntil = new Date(now.getTime() + longestMs)
        await keep(tx, keyed, { body: {}, awaitedUntil, now })
        return null
      }
      if (kept.awaited_until === null) return kept.body as object
      throw new DomainError(
        'IDEMPOTENCY_KEY_IN_USE',
        'The first request with this Idempotency-Key began and has no answer, so it may have happened; look, and use a new key to do it again',
      )
    })
  }
}

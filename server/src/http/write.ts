/**
 * The way of every change: one transaction, in which the answer to its Idempotency-Key is kept too, so
 * that a client which did not hear the answer can ask again and nothing happens twice.
 */
import type { Context } from 'hono'
import pLimit, { type LimitFunction } from 'p-limit'
import type { RequestCaller } from '../caller.ts'
import type { Clock } from '../clock.ts'
import { type Database, isUnavailable, type Tx, transaction } from '../database/database.ts'
import { OperationFailed } from '../errors.ts'
import { type AppContext, type AppEnv, callerOf } from './answers.ts'
import { claim, giveUp, keep, keyedRequest, release, update } from './idempotency.ts'

/**
 * Transactions that one account has open at a time; its others wait here rather than for each other's rows
 * in the database, with a connection each, while everybody else and the work that is under way need those.
 */
const atOncePerAccount = 4
/** A request that waits for longer after its commit is gone, with its process. */
const longestWaitMs = 60_000

export type WriteOptions<Body> = {
  /**
   * May wait for something, for less than a minute, and answer a better body, which replaces what is
   * kept for the key. It goes by the committed body and by what is true: where a request died in it, or
   * it threw, the next one with the key runs it again; but after {@link OperationFailed} it begins anew.
   */
  afterCommit?: (body: Body) => Promise<Body>
  /** What may be kept for the key: without secrets that are shown only once. */
  keepable?: (body: Body) => Body
  /** Sets the headers that `change` sets, when an answer is given again. */
  onReplay?: (tx: Tx, body: Body) => Promise<void>
}

export type Write = ReturnType<typeof createWrite>

export function createWrite({ db, clock }: { db: Database; clock: Clock }) {
  /** Of every account that has written since the start. */
  const turns = new Map<string, LimitFunction>()

  async function inTurn<T>(accountId: string, work: (tx: Tx) => Promise<T>): Promise<T> {
    const limit = turns.get(accountId) ?? pLimit(atOncePerAccount)
    turns.set(accountId, limit)
    return limit(() => transaction(db, work))
  }

  /** `change` runs in the transaction and answers the body. */
  return async function write<C extends Context<AppEnv>, Body extends object>(
    c: C,
    change: (tx: Tx, caller: RequestCaller) => Promise<Body>,
    { afterCommit, keepable = (body) => body, onReplay }: WriteOptions<Body> = {},
  ): Promise<ReturnType<typeof answer<Body>>> {
    const caller = callerOf(c)
    const keyed = await keyedRequest(c, caller)
    const outcome = await inTurn(caller.accountId, async (tx) => {
      const kept = keyed === null ? undefined : await claim(tx, keyed, clock.now())
      if (kept !== undefined) {
        if (kept.awaited_until !== null) await update(tx, kept, { awaited_until: waitingEnds() })
        const body = kept.body as Body
        await onReplay?.(tx, body)
        return { body, replayed: true, final: kept.awaited_until === null }
      }
      const body = await change(tx, caller)
      const final = afterCommit === undefined
      if (keyed !== null) {
        const awaitedUntil = final ? null : waitingEnds()
        await keep(tx, keyed, { body: keepable(body), awaitedUntil, now: clock.now() })
      }
      return { body, replayed: false, final }
    })
    if (outcome.replayed) c.header('Idempotency-Replayed', 'true')
    if (outcome.final || afterCommit === undefined) return answer<Body>(c, outcome.body)

    let body = outcome.body
    const key = keyed?.key
    try {
      body = await afterCommit(outcome.body)
      if (key !== undefined) {
        await update(db, key, { body: JSON.stringify(keepable(body)), awaited_until: null })
      }
    } catch (error) {
      if (!isUnavailable(error)) {
        // If even this fails, time does the same.
        if (key !== undefined) {
          const end =
            error instanceof OperationFailed ? release(db, key) : giveUp(db, key, clock.now())
          await end.catch(() => {})
        }
        throw error
      }
      // What is committed stays true without the database; how it goes on, the next request hears.
    }
    return answer<Body>(c, body)
  }

  function waitingEnds() {
    return new Date(clock.now().getTime() + longestWaitMs)
  }
}

const answer = <Body extends object>(c: AppContext, body: Body) => c.json(body, 200)

/**
 * The way of every change: one transaction, in which the answer to its Idempotency-Key is kept too, so
 * that a client which did not hear the answer can ask again and nothing happens twice.
 */
import { createHash } from 'node:crypto'
import type { Context } from 'hono'
import { sql } from 'kysely'
import type { RequestCaller } from '../caller.ts'
import type { Clock } from '../clock.ts'
import { type Database, isUnavailable, type Tx, transaction } from '../database/database.ts'
import { DomainError } from '../errors.ts'
import { type AppContext, type AppEnv, callerOf } from './answers.ts'

const keptMs = 24 * 60 * 60_000
/** A request that waits for longer after its commit is gone, with its process. */
const longestWaitMs = 60_000

type Key = { account_id: string; method: string; path: string; key: string }

export type WriteOptions<Body> = {
  /**
   * May wait for something, for less than a minute, and answer a better body, which replaces what is
   * kept for the key. It goes by the committed body and by what is true: where a request died in it, or
   * it threw, the next one with the key runs it again.
   */
  afterCommit?: (body: Body) => Promise<Body>
  /** What may be kept for the key: without secrets that are shown only once. */
  keepable?: (body: Body) => Body
  /** Sets the headers that `change` sets, when an answer is given again. */
  onReplay?: (tx: Tx, body: Body) => Promise<void>
}

export type Write = ReturnType<typeof createWrite>

export function createWrite({ db, clock }: { db: Database; clock: Clock }) {
  /** `change` runs in the transaction and answers the body. */
  return async function write<C extends Context<AppEnv>, Body extends object>(
    c: C,
    change: (tx: Tx, caller: RequestCaller) => Promise<Body>,
    { afterCommit, keepable = (body) => body, onReplay }: WriteOptions<Body> = {},
  ): Promise<ReturnType<typeof answer<Body>>> {
    const caller = callerOf(c)
    const key = keyOf(c, caller)
    const fingerprint =
      key === null
        ? null
        : createHash('sha256')
            // Whoever may do less than the one before is not to hear what that one was answered.
            .update(JSON.stringify([caller.role, caller.access, new URL(c.req.url).search]))
            .update(await c.req.text())
            .digest()
    const outcome = await transaction(db, async (tx) => {
      const kept = key === null ? undefined : await claim(tx, key)
      if (kept !== undefined) {
        if (!fingerprint?.equals(kept.fingerprint)) throw reused()
        if (kept.awaited_until !== null) {
          if (kept.awaited_until > clock.now()) throw inUse()
          await update(tx, kept, { awaited_until: waitingEnds() })
        }
        const body = kept.body as Body
        await onReplay?.(tx, body)
        return { body, replayed: true, final: kept.awaited_until === null }
      }
      const body = await change(tx, caller)
      const final = afterCommit === undefined
      if (key !== null && fingerprint !== null) {
        await keep(tx, key, fingerprint, keepable(body), final ? null : waitingEnds())
      }
      return { body, replayed: false, final }
    })
    if (outcome.replayed) c.header('Idempotency-Replayed', 'true')
    if (outcome.final || afterCommit === undefined) return answer<Body>(c, outcome.body)

    let body = outcome.body
    try {
      body = await afterCommit(outcome.body)
      if (key !== null) {
        await update(db, key, { body: JSON.stringify(keepable(body)), awaited_until: null })
      }
    } catch (error) {
      if (!isUnavailable(error)) {
        // If even this fails, time does the same.
        if (key !== null) await giveUp(db, key, clock.now()).catch(() => {})
        throw error
      }
      // What is committed stays true without the database; how it goes on, the next request hears.
    }
    return answer<Body>(c, body)
  }

  function waitingEnds() {
    return new Date(clock.now().getTime() + longestWaitMs)
  }

  /** What is kept for the key, if anything; nobody else uses it until the transaction ends. */
  async function claim(tx: Tx, key: Key) {
    const name = JSON.stringify(key)
    const { rows } = await sql<{ free: boolean }>`
      select pg_try_advisory_xact_lock(hashtextextended(${name}, 0)) as free
    `.execute(tx)
    if (rows[0]?.free !== true) throw inUse()
    const kept = await within(tx.selectFrom('idempotency_keys').selectAll(), key).executeTakeFirst()
    if (kept === undefined || kept.created_at.getTime() > clock.now().getTime() - keptMs)
      return kept
    await within(tx.deleteFrom('idempotency_keys'), key).execute()
    return undefined
  }

  async function keep(
    tx: Tx,
    key: Key,
    fingerprint: Buffer,
    body: object,
    awaitedUntil: Date | null,
  ) {
    await tx
      .insertInto('idempotency_keys')
      .values({
        ...key,
        fingerprint,
        status: 200,
        body: JSON.stringify(body),
        awaited_until: awaitedUntil,
        created_at: clock.now(),
      })
      .execute()
  }
}

/** Answers older than a day are forgotten. */
export async function forgetOldAnswers(db: Database, now: Date) {
  await db
    .deleteFrom('idempotency_keys')
    .where('created_at', '<', new Date(now.getTime() - keptMs))
    .execute()
}

async function update(
  db: Database | Tx,
  key: Key,
  set: { body?: string; awaited_until: Date | null },
) {
  await within(db.updateTable('idempotency_keys').set(set), key).execute()
}

/** The next request with the key goes on at once, unless another one has brought the answer meanwhile. */
async function giveUp(db: Database, key: Key, now: Date) {
  const waiting = db.updateTable('idempotency_keys').where('awaited_until', 'is not', null)
  await within(waiting.set({ awaited_until: now }), key).execute()
}

type Narrowed<Q> = { where(column: keyof Key, op: '=', value: string): Q }

const within = <Q extends Narrowed<Q>>(query: Q, key: Key): Q =>
  query
    .where('account_id', '=', key.account_id)
    .where('method', '=', key.method)
    .where('path', '=', key.path)
    .where('key', '=', key.key)

function keyOf(c: AppContext, caller: RequestCaller): Key | null {
  const key = c.req.header('idempotency-key')
  if (key === undefined) return null
  return { account_id: caller.accountId, method: c.req.method, path: c.req.path, key }
}

const answer = <Body extends object>(c: AppContext, body: Body) => c.json(body, 200)

const inUse = () =>
  new DomainError(
    'IDEMPOTENCY_KEY_IN_USE',
    'A request with this Idempotency-Key is still running; wait for its answer',
  )

const reused = () =>
  new DomainError(
    'IDEMPOTENCY_KEY_REUSED',
    'This Idempotency-Key was used with another body, another query or by a key with other permissions; ' +
      'use a new one for a new request',
  )

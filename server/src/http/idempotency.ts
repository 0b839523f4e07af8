/**
 * What was answered to an Idempotency-Key: kept for a day, so that a client which did not hear the answer can
 * ask again and nothing happens twice. `write.ts` keeps it for changes of the database, `once.ts` for the rest.
 */
import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import type { RequestCaller } from '../caller.ts'
import type { Database, Tx } from '../database/database.ts'
import { DomainError } from '../errors.ts'
import type { AppContext } from './answers.ts'

const keptMs = 24 * 60 * 60_000

/** A request that has shown a key. `fingerprint`: of all that must be the same when it is sent again. */
export type Keyed = {
  readonly key: { account_id: string; method: string; path: string; key: string }
  readonly fingerprint: Buffer
}

export async function keyedRequest(c: AppContext, caller: RequestCaller): Promise<Keyed | null> {
  const key = c.req.header('idempotency-key')
  if (key === undefined) return null
  const { accountId: account_id, role, access } = caller
  const { method, path } = c.req
  // Whoever may do less than the one before is not to hear what that one was answered.
  const hash = createHash('sha256').update(
    JSON.stringify([role, access, new URL(c.req.url).search]),
  )
  if (/^multipart\/form-data(;|$)/i.test(c.req.header('content-type') ?? '')) {
    // What is between its parts is another each time.
    for (const [name, value] of await c.req.formData()) {
      const isText = typeof value === 'string'
      hash.update(JSON.stringify([name, isText ? value : [value.name, value.size]]))
      if (!isText) hash.update(new Uint8Array(await value.arrayBuffer()))
    }
  } else hash.update(await c.req.text())
  return { key: { account_id, method, path, key }, fingerprint: hash.digest() }
}

/**
 * What is kept for the key, if anything; nobody else uses it until the transaction ends. Throws
 * IDEMPOTENCY_KEY_IN_USE where somebody does, and IDEMPOTENCY_KEY_REUSED for another request.
 */
export async function claim(tx: Tx, { key, fingerprint }: Keyed, now: Date) {
  const name = JSON.stringify(key)
  const { rows } = await sql<{ free: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended(${name}, 0)) as free
  `.execute(tx)
  if (rows[0]?.free !== true) throw inUse()
  const kept = await within(tx.selectFrom('idempotency_keys').selectAll(), key).executeTakeFirst()
  if (kept === undefined) return undefined
  if (kept.created_at.getTime() > now.getTime() - keptMs) {
    if (!fingerprint.equals(kept.fingerprint)) throw reused()
    if (kept.awaited_until !== null && kept.awaited_until > now) throw inUse()
    return kept
  }
  await release(tx, key)
  return undefined
}

/** `awaitedUntil`: the answer is not there yet, and can come until then. */
export async function keep(
  tx: Tx,
  { key, fingerprint }: Keyed,
  kept: { body: object; awaitedUntil: Date | null; now: Date },
) {
  await tx
    .insertInto('idempotency_keys')
    .values({
      ...{ ...key, fingerprint, status: 200, body: JSON.stringify(kept.body) },
      ...{ awaited_until: kept.awaitedUntil, created_at: kept.now },
    })
    .execute()
}

export async function update(
  db: Database | Tx,
  key: Keyed['key'],
  set: { body?: string; awaited_until: Date | null },
) {
  await within(db.updateTable('idempotency_keys').set(set), key).execute()
}

/** The next request with the key goes on at once, unless another one has brought the answer meanwhile. */
export async function giveUp(db: Database, key: Keyed['key'], now: Date) {
  const waiting = db.updateTable('idempotency_keys').where('awaited_until', 'is not', null)
  await within(waiting.set({ awaited_until: now }), key).execute()
}

/** As if it had never been used. */
export async function release(db: Database | Tx, key: Keyed['key']) {
  await within(db.deleteFrom('idempotency_keys'), key).execute()
}

/** Answers older than a day are forgotten. */
export async function forgetOldAnswers(db: Database, now: Date) {
  await db
    .deleteFrom('idempotency_keys')
    .where('created_at', '<', new Date(now.getTime() - keptMs))
    .execute()
}

type Narrowed<Q> = { where(column: keyof Keyed['key'], op: '=', value: string): Q }

const within = <Q extends Narrowed<Q>>(query: Q, key: Keyed['key']): Q =>
  query
    .where('account_id', '=', key.account_id)
    .where('method', '=', key.method)
    .where('path', '=', key.path)
    .where('key', '=', key.key)

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

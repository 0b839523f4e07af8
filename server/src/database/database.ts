/**
 * One pool of connections to PostgreSQL, typed by Kysely. A database that goes away and comes back must
 * not take the process with it: every pool and client has an error handler.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { Kysely, PostgresDialect, sql, type Transaction } from 'kysely'
import pg from 'pg'
import type { Schema } from './schema.ts'

export type Database = Kysely<Schema>
export type Tx = Transaction<Schema>

/** Money and sizes fit: beyond 2^53 a number would no longer be exact, so that is an error. */
const int8 = (text: string) => {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError(`${text} is too large for a number`)
  return value
}

const types: pg.CustomTypesConfig = {
  getTypeParser: (oid, format) =>
    oid === pg.types.builtins.INT8 ? int8 : pg.types.getTypeParser(oid, format ?? 'text'),
}

/** A request waits no longer than this for a connection, nor for a statement; then it is a 503. */
const patience = {
  connectionTimeoutMillis: 5_000,
  statement_timeout: 30_000,
  idle_in_transaction_session_timeout: 60_000,
} satisfies pg.PoolConfig

/**
 * `onError` hears of connections that broke, also of those that nobody uses at the moment. Connections
 * are made when they are needed: this returns at once, whether or not the database is there.
 */
export function openDatabase(
  connection: pg.PoolConfig,
  onError: (error: Error) => void = () => {},
): { db: Database; pool: pg.Pool } {
  const pool = new pg.Pool({
    max: 20,
    application_name: 'garrison',
    keepAlive: true,
    ...patience,
    ...connection,
    types,
  })
  pool.on('connect', (client) => client.on('error', onError))
  // The client has told already; an error that the pool tells to nobody would end the process.
  pool.on('error', () => {})
  return { db: new Kysely<Schema>({ dialect: new PostgresDialect({ pool }) }), pool }
}

/** Rejects when the database does not answer. */
export async function ping(db: Database): Promise<void> {
  await sql`select 1`.execute(db)
}

const serializationFailure = '40001'
const deadlock = '40P01'
const maxAttempts = 5

/**
 * Runs `fn` in a transaction; again, a few times, when the database chose it to give way to others. So
 * `fn` may run more than once and must have no effect but in the database.
 */
export async function transaction<T>(db: Database, fn: (tx: Tx) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      const waiting: (() => void)[] = []
      const result = await db.transaction().execute((tx) => {
        awaitingCommit.set(tx, waiting)
        return fn(tx)
      })
      for (const committed of waiting) committed()
      return result
    } catch (error) {
      if (!gaveWay(error) || attempt === maxAttempts) throw error
      // At random, or those who met once would meet again.
      await pause(Math.random() * 10 * 2 ** attempt)
    }
  }
}

const awaitingCommit = new WeakMap<Tx, (() => void)[]>()

/**
 * Runs `committed` once {@link transaction} has committed `tx`. Never when it did not, nor when that is not
 * known; what was rolled back to a savepoint counts as committed. `committed` must not throw.
 */
export function afterCommit(tx: Tx, committed: () => void) {
  const waiting = awaitingCommit.get(tx)
  if (waiting === undefined) throw new Error('Nobody would tell when this transaction commits')
  waiting.push(committed)
}

/** The database chose this transaction to give way to another; {@link transaction} runs it again. */
export function gaveWay(error: unknown): boolean {
  const code = codeOf(error)
  return code === serializationFailure || code === deadlock
}

export function isUniqueViolation(error: unknown, constraint?: string): boolean {
  return (
    error instanceof pg.DatabaseError &&
    error.code === '23505' &&
    (constraint === undefined || error.constraint === constraint)
  )
}

/** What it refers to is gone. */
export function isForeignKeyViolation(error: unknown): boolean {
  return error instanceof pg.DatabaseError && error.code === '23503'
}

/**
 * SQLSTATEs: connection lost (08), out of disk, memory or connections (53), shutting down or starting
 * (57P), the limits above (57014, 25P03), a standby that does not take writes yet (25006).
 */
const unavailableStates = /^(08...|53...|57P..|57014|25P03|25006)$/
const networkCodes =
  /^(ECONNREFUSED|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$/
/** Errors of `pg`, and of Kysely once the pool is closed, which have no code. */
const messages =
  /^(Connection terminated|Client (has encountered a connection error|was closed)|timeout exceeded when trying to connect|Cannot use a pool after|driver has already been destroyed)/

/** The database is away, overloaded or shutting down: an answer now is not possible, one later is. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.every(isUnavailable)
  if (!(error instanceof Error)) return false
  const code = codeOf(error)
  if (code === undefined) return messages.test(error.message)
  if (error instanceof pg.DatabaseError) return unavailableStates.test(code)
  // The socket of a server that does not run, but not any file that is missing.
  const noSocket = code === 'ENOENT' && 'syscall' in error && error.syscall === 'connect'
  return noSocket || networkCodes.test(code)
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined

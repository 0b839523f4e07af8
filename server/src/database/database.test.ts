import { mkdtemp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { sql } from 'kysely'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { isUnavailable, isUniqueViolation, openDatabase, ping, transaction } from './database.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts'
import { copyFreshData, createTestDatabase, type TestDatabase } from './testing.ts'
import { testServerFolder } from './testing-setup.ts'

const failureOf = (promise: Promise<unknown>) =>
  promise.then(
    () => expect.fail('it did not fail'),
    (error: unknown) => error,
  )

describe('on a database', () => {
  let test: TestDatabase

  beforeAll(async () => {
    test = await createTestDatabase()
  })
  afterAll(() => test.drop())

  it('reads bigint as a number, numeric as text, timestamptz as a Date', async () => {
    const { rows } = await sql`
      select 9007199254740991 as big, 1.10::numeric as exact,
        '2026-01-02T03:04:05.678+02'::timestamptz as at, null::bigint as nothing`.execute(test.db)
    expect(rows).toEqual([
      {
        big: Number.MAX_SAFE_INTEGER,
        exact: '1.10',
        at: new Date('2026-01-02T01:04:05.678Z'),
        nothing: null,
      },
    ])
  })

  it('fails rather than round a number that is too large', async () => {
    const tooLarge = sql`select 9007199254740993 as big`.execute(test.db)
    await expect(tooLarge).rejects.toThrow('9007199254740993 is too large')
    await ping(test.db)
  })

  it('recognises a unique violation, and by which constraint', async () => {
    const insert = () => test.db.insertInto('public_ids').values({ id: 'BRK-1A' }).execute()
    await insert()
    const error = await failureOf(insert())
    expect(isUniqueViolation(error)).toBe(true)
    expect(isUniqueViolation(error, 'public_ids_pkey')).toBe(true)
    expect(isUniqueViolation(error, 'accounts_email')).toBe(false)
    expect(isUniqueViolation(new Error('other'))).toBe(false)
    expect(isUnavailable(error)).toBe(false)
  })

  it('repeats a transaction that gave way in a deadlock', async () => {
    await test.db
      .insertInto('public_ids')
      .values([{ id: 'one' }, { id: 'two' }])
      .execute()
    const bothHold = barrier(2)
    let runs = 0
    const lockBoth = (first: string, second: string) =>
      transaction(test.db, async (tx) => {
        runs++
        const lock = (id: string) =>
          tx.selectFrom('public_ids').where('id', '=', id).select('id').forUpdate().execute()
        await lock(first)
        await bothHold()
        await lock(second)
      })
    await Promise.all([lockBoth('one', 'two'), lockBoth('two', 'one')])
    expect(runs).toBe(3)
  })

  /** Lets through once `count` have come, and everybody from then on. */
  function barrier(count: number) {
    const open = Promise.withResolvers<void>()
    let arrived = 0
    return () => {
      if (++arrived === count) open.resolve()
      return open.promise
    }
  }

  it('gives up on a transaction that always gives way', async () => {
    let runs = 0
    const error = await failureOf(
      transaction(test.db, async (tx) => {
        runs++
        await sql`do $$ begin raise exception using errcode = '40001'; end $$`.execute(tx)
      }),
    )
    expect(error).toMatchObject({ code: '40001' })
    expect(runs).toBe(5)
  })

  it('does not repeat a transaction for any other reason, and leaves nothing of it', async () => {
    let runs = 0
    const error = await failureOf(
      transaction(test.db, async (tx) => {
        runs++
        await tx.insertInto('public_ids').values({ id: 'gone' }).execute()
        throw new Error('no')
      }),
    )
    expect(error).toEqual(new Error('no'))
    expect(runs).toBe(1)
    const rows = await test.db
      .selectFrom('public_ids')
      .where('id', '=', 'gone')
      .select('id')
      .execute()
    expect(rows).toEqual([])
  })

  it('calls a statement that takes too long unavailable', async () => {
    const { db } = openDatabase({ ...test.connection, statement_timeout: 20 })
    const error = await failureOf(sql`select pg_sleep(5)`.execute(db))
    expect(isUnavailable(error)).toBe(true)
    await db.destroy()
  })

  it('calls a pool without a free connection unavailable', async () => {
    const { db } = openDatabase({ ...test.connection, max: 1, connectionTimeoutMillis: 20 })
    const free = Promise.withResolvers<void>()
    const busy = db.connection().execute(() => free.promise)
    expect(isUnavailable(await failureOf(ping(db)))).toBe(true)
    free.resolve()
    await busy
    await db.destroy()
    expect(isUnavailable(await failureOf(ping(db)))).toBe(true)
  })
})

describe('when the server stops and comes back', () => {
  let dir: string
  let postgres: EmbeddedPostgres

  const start = () => startEmbeddedPostgres({ dir, log() {}, settings: { fsync: 'off' } })

  beforeAll(async () => {
    dir = await mkdtemp(join(dirname(testServerFolder()), 'garrison-restart-'))
    await copyFreshData(join(dir, 'data'))
    postgres = await start()
  })
  afterAll(async () => {
    await postgres.stop()
    await rm(dir, { recursive: true })
  })

  it('fails what is under way as unavailable, and works again afterwards', async () => {
    const onError = vi.fn()
    const { db, pool } = openDatabase(postgres.connection, onError)
    const sleeping = failureOf(sql`select pg_sleep(60)`.execute(db))
    const inTransaction = Promise.withResolvers<void>()
    const stopped = Promise.withResolvers<void>()
    const torn = failureOf(
      transaction(db, async (tx) => {
        await sql`select 1`.execute(tx)
        inTransaction.resolve()
        await stopped.promise
        await sql`select 2`.execute(tx)
      }),
    )
    const idle = await Promise.all([pool.connect(), pool.connect()])
    for (const client of idle) client.release()
    await inTransaction.promise

    await postgres.stop()
    stopped.resolve()
    expect(isUnavailable(await sleeping)).toBe(true)
    expect(isUnavailable(await torn)).toBe(true)
    expect(isUnavailable(await failureOf(ping(db)))).toBe(true)
    expect(onError).toHaveBeenCalled()

    postgres = await start()
    await ping(db)
    await transaction(db, (tx) => sql`select 1`.execute(tx))
    await db.destroy()
  })
})

describe('isUnavailable', () => {
  const systemError = (code: string, syscall: string) =>
    Object.assign(new Error(code), { code, syscall })

  it('is true of servers that cannot be reached', () => {
    for (const code of ['ECONNREFUSED', 'ENOENT', 'ETIMEDOUT', 'EHOSTUNREACH']) {
      expect(isUnavailable(systemError(code, 'connect'))).toBe(true)
    }
    const bothAddresses = [
      systemError('ECONNREFUSED', 'connect'),
      systemError('ETIMEDOUT', 'connect'),
    ]
    expect(isUnavailable(new AggregateError(bothAddresses))).toBe(true)
  })

  it('is true of servers that start, stop, or have no room', () => {
    for (const code of ['57P01', '57P03', '53100', '53300', '08006']) {
      const error = new pg.DatabaseError('away', 0, 'error')
      error.code = code
      expect(isUnavailable(error)).toBe(true)
    }
  })

  it('is false of everything else', () => {
    const broken = new pg.DatabaseError('syntax error', 0, 'error')
    broken.code = '42601'
    for (const error of [broken, systemError('ENOENT', 'open'), new Error('no'), 'text', null]) {
      expect(isUnavailable(error)).toBe(false)
    }
  })
})

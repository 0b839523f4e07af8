import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { holdAdvisoryLock } from './advisory-lock.ts'
import { withClient } from './embedded/readiness.ts'
import { createTestDatabase, type TestDatabase } from './testing.ts'

let test: TestDatabase

beforeEach(async () => {
  test = await createTestDatabase()
})
afterEach(() => test.drop())

it('is held by one at a time, and free again when released', async () => {
  const first = await holdAdvisoryLock(test.connection, 'host')
  expect(first).not.toBeNull()
  expect(await holdAdvisoryLock(test.connection, 'host')).toBeNull()
  const other = await holdAdvisoryLock(test.connection, 'another host')
  expect(other).not.toBeNull()

  await first?.release()
  expect(first?.lost.aborted).toBe(false)
  await vi.waitFor(async () => {
    const second = await holdAdvisoryLock(test.connection, 'host')
    expect(second).not.toBeNull()
    await second?.release()
  })
  await other?.release()
})

it('tells when it is lost', async () => {
  const lock = await holdAdvisoryLock(test.connection, 'host')
  await withClient(test.connection, (client) =>
    client.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'garrison-lock'`),
  )
  await vi.waitFor(() => expect(lock?.lost.aborted).toBe(true))
  expect(lock?.lost.reason).toEqual(new Error('Lost the lock "host" with its database connection'))
})

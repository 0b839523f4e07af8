import { sql } from 'kysely'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { lockRegion } from './catalog/store.ts'
import { holdAdvisoryLock } from './database/advisory-lock.ts'
import { transaction } from './database/database.ts'
import { withClient } from './database/embedded/readiness.ts'
import { createTestDatabase, type TestDatabase } from './database/testing.ts'
import { ownRegions, RegionTaken } from './ownership.ts'

let test: TestDatabase
let said: string[]
let alive: number
let begun: number

beforeEach(async () => {
  test = await createTestDatabase()
  said = []
  alive = 0
  begun = 0
})
afterEach(() => test.drop())

const own = (...regions: string[]) =>
  ownRegions({
    connection: test.connection,
    regions,
    log: (_level, message) => void said.push(message),
  })

const work = async (stack: AsyncDisposableStack) => {
  begun += 1
  alive += 1
  stack.defer(() => {
    alive -= 1
  })
}

const breakConnections = () =>
  withClient(test.connection, (client) =>
    client.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'garrison-lock'`),
  )

it('is refused to a second server on the database, whatever else it runs', async () => {
  const first = await own('LOCAL-1')
  await expect(own('SIM-1', 'LOCAL-1')).rejects.toThrow(RegionTaken)
  const other = await own('SIM-1')
  await first.release()
  await vi.waitFor(async () => (await own('LOCAL-1')).release())
  await other.release()
})

it('does not hold up who looks for room in the region', async () => {
  const ownership = await own('LOCAL-1')
  await transaction(test.db, async (tx) => {
    await sql`set local lock_timeout = '1s'`.execute(tx)
    await lockRegion(tx, 'LOCAL-1')
  })
  await ownership.release()
})

it('that is lost ends the work, which begins anew when it is back', async () => {
  const ownership = await own('LOCAL-1', 'SIM-1')
  const held = await ownership.whileHeld(work)
  expect(alive).toBe(1)
  await breakConnections()
  await vi.waitFor(() => expect(begun).toBe(2))
  expect(alive).toBe(1)
  expect(await holdAdvisoryLock(test.connection, 'owner of region LOCAL-1')).toBeNull()
  await held.close()
  expect(alive).toBe(0)
  await ownership.release()
})

it('that somebody else has got meanwhile leaves the work ended until they let go', async () => {
  const ownership = await own('LOCAL-1')
  const thief = Promise.withResolvers<Awaited<ReturnType<typeof holdAdvisoryLock>>>()
  const held = await ownership.whileHeld(async (stack) => {
    await work(stack)
    // Ownership is tried for again only when the work has ended: by then it is taken.
    stack.defer(async () => {
      if (begun > 1) return
      await vi.waitFor(async () => {
        const lock = await holdAdvisoryLock(test.connection, 'owner of region LOCAL-1')
        expect(lock).not.toBeNull()
        thief.resolve(lock)
      })
    })
  })
  await breakConnections()
  const stolen = await thief.promise
  await vi.waitFor(() => expect(said).toContain('cannot own these regions again yet'))
  expect({ alive, begun }).toEqual({ alive: 0, begun: 1 })
  await stolen?.release()
  await vi.waitFor(() => expect(begun).toBe(2), { timeout: 5_000 })
  await held.close()
  await ownership.release()
})

it('ends while it is being tried for again', async () => {
  const ownership = await own('LOCAL-1')
  const held = await ownership.whileHeld(async (stack) => {
    await work(stack)
    if (begun > 1) throw new Error('the database is away')
  })
  await breakConnections()
  await vi.waitFor(() => expect(said).toContain('cannot own these regions again yet'))
  await held.close()
  expect(alive).toBe(0)
  await ownership.release()
})

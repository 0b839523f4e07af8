import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { createTestDatabase } from './testing.ts'

it('gives each test a migrated database of its own', async () => {
  const [one, other] = await Promise.all([createTestDatabase(), createTestDatabase()])
  await one.db.insertInto('public_ids').values({ id: 'BRK-100000A' }).execute()
  expect(await other.db.selectFrom('public_ids').selectAll().execute()).toEqual([])
  await Promise.all([one.drop(), other.drop()])
})

it('removes a database that somebody still uses', async () => {
  const lasting = await createTestDatabase()
  const dropped = await createTestDatabase()
  const { rows } = await sql`select 1 as one`.execute(dropped.db)
  expect(rows).toEqual([{ one: 1 }])
  await dropped.drop()
  const names = await sql<{ datname: string }>`select datname from pg_database`.execute(lasting.db)
  expect(names.rows.map((row) => row.datname)).not.toContain(dropped.connection.database)
  await lasting.drop()
})

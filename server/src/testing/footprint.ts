/** All that a request can leave behind, to compare before and after one that must leave nothing. */
import { sql } from 'kysely'
import type { World } from './world.ts'

/** Every row of every table, and what the engine holds. */
export async function footprint({ db, engine }: Pick<World, 'db' | 'engine'>) {
  const tables = await db.introspection.getTables()
  const contents = tables.map(
    ({ schema = 'public', name }) => sql`
      select ${name}::text as name, coalesce(jsonb_agg(t order by t::text), '[]') as rows
      from ${sql.id(schema, name)} t`,
  )
  const { rows } = await sql<{ name: string; rows: unknown[] }>`
    ${sql.join(contents, sql` union all `)}
  `.execute(db)
  return {
    tables: Object.fromEntries(rows.map(({ name, rows }) => [name, rows])),
    holdings: await engine.holdings(),
  }
}

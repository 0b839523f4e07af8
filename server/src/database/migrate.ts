/**
 * Brings the tables to what this build expects, forwards only: `migrations/NNNN-name.ts`, in their
 * order, each in a transaction of its own that also records it. Any number of processes may start at
 * once; a lock in the database lets one at a time work.
 */
import { readdir } from 'node:fs/promises'
import { Kysely, PostgresDialect, sql } from 'kysely'
import { type Migration, Migrator } from 'kysely/migration'
import pg from 'pg'
import type { Log } from '../log.ts'
import { oldestMajor } from './embedded/binaries.ts'

const ourMigrations = new URL('./migrations/', import.meta.url)
const fileName = /^(\d{4}-[a-z0-9-]+)\.ts$/

/**
 * Answers the names of the migrations that it ran. Throws when the database is newer than this build, or
 * when a migration fails; that one has then changed nothing. `folder`: its URL ends with a slash.
 */
export async function migrate(
  connection: pg.PoolConfig,
  log: Log,
  folder: URL = ourMigrations,
): Promise<string[]> {
  const migrations = await findMigrations(folder)
  // A connection of its own: migrations, and waiting for another process's, may take long.
  const pool = new pg.Pool({ application_name: 'garrison-migrate', ...connection, max: 1 })
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  const db = new Kysely<unknown>({ dialect: new PostgresDialect({ pool }) })
  try {
    await requireVersion(db)
    const recorded = await recordedMigrations(db)
    requireKnown(recorded, Object.keys(migrations))
    const missing = Object.keys(migrations).filter((name) => !recorded.includes(name))
    return missing.length === 0 ? [] : await runMissing(db, migrations, log)
  } finally {
    await db.destroy()
  }
}

async function runMissing(
  db: Kysely<unknown>,
  migrations: Record<string, Migration>,
  log: Log,
): Promise<string[]> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => migrations },
    // Those of two branches may have come to a database in the order in which they were merged.
    allowUnorderedMigrations: true,
  })
  const done: string[] = []
  for (;;) {
    const began = performance.now()
    const { error, results = [] } = await migrator.migrateUp()
    const name = results[0]?.migrationName
    if (error !== undefined) {
      const what =
        name === undefined ? 'The database cannot be migrated' : `Migration ${name} failed`
      const reason = error instanceof Error ? error.message : String(error)
      throw new Error(`${what}; nothing of it was changed: ${reason}`, { cause: error })
    }
    if (name === undefined) return done
    done.push(name)
    log('info', 'migrated the database', { name, ms: Math.round(performance.now() - began) })
  }
}

/** By name, in their order; a file is only loaded when it is to run. */
async function findMigrations(folder: URL): Promise<Record<string, Migration>> {
  const names = (await readdir(folder)).sort().flatMap((file) => fileName.exec(file)?.[1] ?? [])
  return Object.fromEntries(
    names.map((name) => [
      name,
      {
        async up(db) {
          const migration: Migration = await import(new URL(`${name}.ts`, folder).href)
          await migration.up(db)
        },
      } satisfies Migration,
    ]),
  )
}

async function requireVersion(db: Kysely<unknown>) {
  const { rows } = await sql<{ version: string; number: number }>`
    select current_setting('server_version') as version,
      current_setting('server_version_num')::int as number`.execute(db)
  const [server] = rows
  if (server === undefined || server.number >= oldestMajor * 10_000) return
  throw new Error(
    `The database server is PostgreSQL ${server.version}; Garrison needs ${oldestMajor} or newer. ` +
      'Upgrade it, or leave out DATABASE_URL and Garrison brings its own.',
  )
}

async function recordedMigrations(db: Kysely<unknown>): Promise<string[]> {
  const table = sql`select 1 where to_regclass('kysely_migration') is not null`
  if ((await table.execute(db)).rows.length === 0) return []
  const { rows } = await sql<{ name: string }>`select name from kysely_migration`.execute(db)
  return rows.map((row) => row.name)
}

function requireKnown(recorded: readonly string[], known: readonly string[]) {
  const strange = recorded.filter((name) => !known.includes(name)).sort()
  if (strange.length === 0) return
  throw new Error(
    `The database was used by a newer Garrison than this one: it has ${strange.join(', ')}, and this ` +
      `build knows nothing after ${known.at(-1)}. Start the newer version, or restore a backup from before it.`,
  )
}

/**
 * Real PostgreSQL for tests: one server for a whole run of Vitest, started by the first test that asks,
 * and a database of its own for each test, copied from one that is migrated already.
 */
import { execFile } from 'node:child_process'
import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type pg from 'pg'
import { type Database, openDatabase } from './database.ts'
import { ensureDataFolder, versionOfData } from './embedded/data-folder.ts'
import { ensurePrivateFolder } from './embedded/ownership.ts'
import { placeFolder } from './embedded/place-folder.ts'
import { findPrograms } from './embedded/programs.ts'
import { withClient } from './embedded/readiness.ts'
import { waysToRun } from './embedded/ways.ts'
import { startEmbeddedPostgres } from './embedded-postgres.ts'
import { migrate } from './migrate.ts'
import { testServerFolder } from './testing-setup.ts'

export type EmptyDatabase = {
  readonly connection: pg.PoolConfig
  /** Removes the database, whoever is connected to it. */
  drop(): Promise<void>
}

export type TestDatabase = EmptyDatabase & { readonly db: Database }

/** These data need not outlive the run. */
const forgetful = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_wal_size: '64MB',
  max_connections: '400',
}

let server: Promise<{ admin: pg.ClientConfig; template: string }> | undefined

/** Migrated, without rows, and nobody else's. */
export async function createTestDatabase(): Promise<TestDatabase> {
  server ??= startServer()
  const { connection, drop } = await copyDatabase((await server).template)
  const { db } = openDatabase({ ...connection, max: 10 })
  return {
    db,
    connection,
    async drop() {
      await db.destroy()
      await drop()
    },
  }
}

/** As initdb made it. */
export const createEmptyDatabase = (): Promise<EmptyDatabase> => copyDatabase('template0')

async function copyDatabase(template: string): Promise<EmptyDatabase> {
  server ??= startServer()
  const { admin } = await server
  const name = `test_${randomUUID().replaceAll('-', '')}`
  // Copying files beats writing them through the journal, where nothing is ever synced.
  await run(admin, `create database ${name} template ${template} strategy file_copy`)
  return {
    connection: { ...admin, database: name },
    drop: () => run(admin, `drop database if exists ${name} with (force)`),
  }
}

/** As `DATABASE_URL` has it. */
export const databaseUrlOf = ({ host = '', port, user, database }: pg.PoolConfig) =>
  `postgres://${user}@/${database}?host=${encodeURIComponent(host)}${port === undefined ? '' : `&port=${port}`}`

const run = (connection: pg.ClientConfig, statement: string) =>
  withClient(connection, async (client) => void (await client.query(statement)))

async function startServer() {
  const dir = testServerFolder()
  await ensurePrivateFolder(dir)
  await copyFreshData(join(dir, 'data'))
  const postgres = await startEmbeddedPostgres({ dir, log: () => {}, settings: forgetful })
  // Other test files use it too; it is stopped when all have ended.
  await postgres.leave()
  const admin = { ...postgres.connection, database: 'postgres' }
  return { admin, template: await ensureTemplate(admin) }
}

/** What initdb makes, which is kept between runs. */
export async function copyFreshData(dataDir: string) {
  if (versionOfData(dataDir) !== null) return
  const cache = join(
    process.env.XDG_CACHE_HOME || join(homedir(), '.cache'),
    'garrison/test-database',
  )
  await mkdir(cache, { recursive: true, mode: 0o700 })
  const programs = await findPrograms(cache, waysToRun(), null)
  const fresh = join(cache, `${programs.version}-${programs.way.owner.uid}`, 'data')
  await ensurePrivateFolder(join(fresh, '..'))
  await ensureDataFolder(fresh, programs)
  await placeFolder(dataDir, async (unfinished) => {
    await promisify(execFile)('cp', ['-a', '--reflink=auto', `${fresh}/.`, unfinished])
  })
}

/** The database that all others are copied from. Whoever comes first makes it. */
async function ensureTemplate(admin: pg.ClientConfig): Promise<string> {
  const template = `migrated_${await fingerprint(new URL('./migrations/', import.meta.url))}`
  await withClient(admin, async (client) => {
    await client.query(`select pg_advisory_lock(hashtextextended('${template}', 0))`)
    const { rowCount } = await client.query(
      `select from pg_database where datname = '${template}' and datistemplate`,
    )
    if (rowCount !== 0) return
    await client.query(`drop database if exists ${template}`)
    await client.query(`create database ${template}`)
    await migrate({ ...admin, database: template }, () => {})
    await client.query(`alter database ${template} is_template true`)
  })
  return template
}

/** Changes with any of the files: a watching Vitest keeps its server while they are edited. */
async function fingerprint(folder: URL): Promise<string> {
  const hash = createHash('sha256')
  for (const name of (await readdir(folder)).sort()) {
    hash.update(await readFile(new URL(name, folder)))
  }
  return hash.digest('hex').slice(0, 16)
}

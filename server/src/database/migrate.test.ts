import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type pg from 'pg'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { withClient } from './embedded/readiness.ts'
import { migrate } from './migrate.ts'
import { createEmptyDatabase, type EmptyDatabase } from './testing.ts'

let test: EmptyDatabase
let dir: string
let connection: pg.PoolConfig

beforeEach(async () => {
  test = await createEmptyDatabase()
  connection = test.connection
  dir = await mkdtemp(join(tmpdir(), 'garrison-migrations-'))
})
afterEach(async () => {
  await test.drop()
  await rm(dir, { recursive: true })
})

const log = () => {}
const run = () => migrate(connection, log, pathToFileURL(`${dir}/`))
const query = (text: string) =>
  withClient(connection, async (client) => (await client.query(text)).rows)

const kysely = import.meta.resolve('kysely')
const write = (name: string, statements: string) =>
  writeFile(
    join(dir, `${name}.ts`),
    `import { sql, type Kysely } from ${JSON.stringify(kysely)}
    export const up = (db: Kysely<unknown>) => sql.raw(${JSON.stringify(statements)}).execute(db)`,
  )

it('makes our tables, and has nothing to do a second time', async () => {
  expect(await migrate(connection, log)).toContain('0001-foundations')
  expect(await migrate(connection, log)).toEqual([])
  expect(await query('select * from accounts')).toEqual([])
})

it('runs what is missing, in the order of the names', async () => {
  await write('0001-first', 'create table log (name text)')
  await write('0002-second', "insert into log values ('second')")
  expect(await run()).toEqual(['0001-first', '0002-second'])
  await write('0003-third', "insert into log values ('third')")
  expect(await run()).toEqual(['0003-third'])
  expect(await query('select name from log')).toEqual([{ name: 'second' }, { name: 'third' }])
})

it('takes no other file for a migration', async () => {
  await write('0001-first', 'select 1')
  await write('0001-first.test', 'nonsense')
  await write('readme', 'nonsense')
  expect(await run()).toEqual(['0001-first'])
})

it('leaves nothing of a migration that fails, and keeps those before it', async () => {
  await write('0001-first', 'create table kept (id int)')
  await write('0002-broken', 'create table half (id int); select 1 / 0')
  await expect(run()).rejects.toThrow(
    'Migration 0002-broken failed; nothing of it was changed: division by zero',
  )
  const tables = await query(
    "select to_regclass('kept') is not null as kept, to_regclass('half') as half",
  )
  expect(tables).toEqual([{ kept: true, half: null }])
})

it('runs each migration once when several processes start at the same moment', async () => {
  await write('0001-first', 'create table log (name text); select pg_sleep(0.05)')
  await write('0002-second', "insert into log values ('second')")
  const ran = await Promise.all([run(), run(), run()])
  expect(ran.flat().sort()).toEqual(['0001-first', '0002-second'])
  expect(await query('select name from log')).toEqual([{ name: 'second' }])
})

it('refuses a database that a newer version has used', async () => {
  await write('0001-first', 'select 1')
  await write('0002-second', 'select 1')
  await run()
  await rm(join(dir, '0002-second.ts'))
  await expect(run()).rejects.toThrow(
    /used by a newer Garrison than this one: it has 0002-second, and this build knows nothing after 0001-first/,
  )
})

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { ensureDataFolder } from './embedded/data-folder.ts'
import { isPostmasterOf, readPidFile } from './embedded/postmaster.ts'
import { findPrograms } from './embedded/programs.ts'
import { withClient } from './embedded/readiness.ts'
import { waysToRun } from './embedded/ways.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded-postgres.ts'
import { copyFreshData } from './testing.ts'
import { testServerFolder } from './testing-setup.ts'

let dir: string
const started: EmbeddedPostgres[] = []
const log = vi.fn()

beforeEach(async () => {
  dir = await mkdtemp(join(dirname(testServerFolder()), 'garrison-postgres-'))
  log.mockReset()
})

afterEach(async () => {
  for (const postgres of started.splice(0)) await postgres.stop()
  await rm(dir, { recursive: true })
})

async function start(folder = dir) {
  const postgres = await startEmbeddedPostgres({ dir: folder, log, settings: { fsync: 'off' } })
  started.push(postgres)
  return postgres
}

async function startWithData(folder = dir) {
  await mkdir(folder, { recursive: true })
  await copyFreshData(join(folder, 'data'))
  return start(folder)
}

const query = (postgres: EmbeddedPostgres, text: string) =>
  withClient(postgres.connection, async (client) => (await client.query(text)).rows)

const pidOf = (folder = dir) => readPidFile(join(folder, 'data'))?.pid ?? 0
const isRunning = (pid: number) => isPostmasterOf(pid, join(dir, 'data'))
const hasEnded = (pid: number) => vi.waitFor(() => expect(isRunning(pid)).toBe(false))

it('makes a database, keeps it over a stop, and leaves no process behind', async () => {
  const first = await start()
  await query(first, 'create table kept as select 7 as answer')
  const pid = pidOf()
  await first.stop()
  await first.stop()
  expect(isRunning(pid)).toBe(false)

  const second = await start()
  expect(second.adopted).toBe(false)
  expect(await query(second, 'select answer from kept')).toEqual([{ answer: 7 }])
})

it('is open to nobody else: private folders, a unix socket, no TCP port', async () => {
  const postgres = await startWithData()
  for (const folder of [dir, join(dir, 'data'), postgres.socketDir]) {
    expect(statSync(folder).mode & 0o777).toBe(0o700)
  }
  expect(tcpSocketsOf(pidOf())).toEqual([])
})

function tcpSocketsOf(pid: number) {
  const open = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`))
  const tables = ['tcp', 'tcp6'].filter((name) => existsSync(`/proc/net/${name}`))
  const inodes = tables
    .flatMap((name) => readFileSync(`/proc/net/${name}`, 'utf8').split('\n'))
    .flatMap((line) => line.trim().split(/\s+/)[9] ?? [])
  return inodes.filter((inode) => open.includes(`socket:[${inode}]`))
}

it('lasts: commits are synced unless a test says otherwise', async () => {
  await copyFreshData(join(dir, 'data'))
  const postgres = await startEmbeddedPostgres({ dir, log })
  started.push(postgres)
  const settings = await query(
    postgres,
    `select name, setting from pg_settings
     where name in ('fsync', 'full_page_writes', 'synchronous_commit') order by name`,
  )
  expect(settings.map((row) => row.setting)).toEqual(['on', 'on', 'on'])
})

it('compares names in any case, beyond English', async () => {
  const postgres = await startWithData()
  expect(await query(postgres, "select lower('ÉÀЖ') as low")).toEqual([{ low: 'éàж' }])
})

it('survives the kill of the process that started it, and is adopted by the next', async () => {
  await copyFreshData(join(dir, 'data'))
  const module = new URL('./embedded-postgres.ts', import.meta.url).href
  const code = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(module)})
    await startEmbeddedPostgres({ dir: ${JSON.stringify(dir)}, log() {} })
    process.kill(process.pid, 'SIGKILL')`
  const starter = spawn(process.execPath, ['--input-type=module', '-e', code])
  await once(starter, 'exit')
  expect(starter.signalCode).toBe('SIGKILL')
  const pid = pidOf()

  const postgres = await start()
  expect(postgres.adopted).toBe(true)
  expect(pidOf()).toBe(pid)
  await postgres.stop()
  expect(isRunning(pid)).toBe(false)
})

it('is left running for others on request', async () => {
  const first = await startWithData()
  await first.leave()
  const second = await start()
  expect(second.adopted).toBe(true)
})

it('is started once by two who start it at the same moment', async () => {
  const both = await Promise.all([startWithData(), startWithData()])
  expect(both.map((postgres) => postgres.adopted).sort()).toEqual([false, true])
  for (const postgres of both) expect(await query(postgres, 'select 1 as one')).toHaveLength(1)
})

it('makes one database when two make it at the same moment', async () => {
  const both = await Promise.all([start(), start()])
  expect(both.map((postgres) => postgres.adopted).sort()).toEqual([false, true])
  expect(readdirSync(dir).filter((name) => name.startsWith('data'))).toEqual(['data'])
})

it('comes back by itself after kill -9, with what was committed', async () => {
  const postgres = await startWithData()
  await query(postgres, 'create table kept as select 7 as answer')
  const pid = pidOf()
  process.kill(pid, 'SIGKILL')
  await vi.waitFor(
    async () => {
      expect(pidOf()).not.toBe(pid)
      expect(await query(postgres, 'select answer from kept')).toEqual([{ answer: 7 }])
    },
    { timeout: 8_000 },
  )
})

it('starts although a pid file names a process that is gone', async () => {
  const postgres = await startWithData()
  await postgres.leave()
  const pid = pidOf()
  process.kill(pid, 'SIGKILL')
  await hasEnded(pid)
  expect(pidOf()).toBe(pid)
  expect((await start()).adopted).toBe(false)
})

it('starts although the number in a stale pid file is that of another process now', async () => {
  const postgres = await startWithData()
  const file = join(dir, 'data/postmaster.pid')
  const content = await readFile(file, 'utf8')
  await postgres.stop()
  // Not ours: PostgreSQL never minds the number of its own parent.
  const stranger = process.ppid
  await writeFile(file, content.replace(/^\d+/, String(stranger)), { mode: 0o600 })
  const lock = join(dir, 'socket/.s.PGSQL.5432.lock')
  await mkdir(join(dir, 'socket'), { recursive: true })
  await writeFile(lock, content.replace(/^\d+/, String(stranger)), { mode: 0o600 })
  expect((await start()).adopted).toBe(false)
})

it('replaces a server whose socket somebody removed', async () => {
  const first = await startWithData()
  await first.leave()
  const pid = pidOf()
  await rm(join(first.socketDir, '.s.PGSQL.5432'))
  const second = await start()
  expect(second.adopted).toBe(false)
  expect(isRunning(pid)).toBe(false)
})

it('puts the socket elsewhere when the folder has too long a name for one', async () => {
  const deep = join(dir, 'x'.repeat(120), 'postgres')
  const postgres = await startWithData(deep)
  expect(postgres.socketDir.length).toBeLessThan(90)
  expect(statSync(postgres.socketDir).mode & 0o777).toBe(0o700)
  expect(await query(postgres, 'select 1 as one')).toEqual([{ one: 1 }])
  await postgres.stop()
  expect(existsSync(postgres.socketDir)).toBe(false)
})

it('does not take a database for made when its making was killed', async () => {
  await mkdir(join(dir, 'data.new-999999999-00/base'), { recursive: true })
  const postgres = await startWithData()
  expect(await query(postgres, 'select 1 as one')).toEqual([{ one: 1 }])
  expect(readdirSync(dir)).not.toContain('data.new-999999999-00')
})

it('refuses data of another version, and says what to do', async () => {
  await mkdir(join(dir, 'data'))
  await writeFile(join(dir, 'data/PG_VERSION'), '13\n')
  await expect(start()).rejects.toThrow(
    /made by PostgreSQL 13; this build has 18.*apt-get install postgresql-13/,
  )
})

it('refuses a folder that holds something else', async () => {
  await mkdir(join(dir, 'data'))
  await writeFile(join(dir, 'data/holiday.jpg'), '')
  await expect(start()).rejects.toThrow(/data is not empty and holds no database/)
})

it('tells in PostgreSQL’s own words why it does not start', async () => {
  await copyFreshData(join(dir, 'data'))
  const settings = { shared_buffers: 'plenty' }
  await expect(startEmbeddedPostgres({ dir, log, settings })).rejects.toThrow(
    /does not start:\s+.*invalid value for parameter "shared_buffers": "plenty"/,
  )
})

it('uses the PostgreSQL of the system for data that were made by it', async ({ skip }) => {
  const bin = '/usr/lib/postgresql/15/bin'
  if (!existsSync(bin)) skip()
  await ensureDataFolder(
    join(dir, 'data'),
    await findPrograms(dir, waysToRun(), 15, [{ name: 'system', root: join(bin, '..') }]),
  )
  const postgres = await start()
  const [row] = await query(postgres, "select current_setting('server_version') as version")
  expect(row.version).toMatch(/^15\./)
})

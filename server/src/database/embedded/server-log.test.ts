import { appendFileSync, closeSync, openSync, writeFileSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { boundLog, explain, readLogSince, sizeOf } from './server-log.ts'

let dir: string
let file: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'garrison-log-'))
  file = join(dir, 'postgres.log')
})

afterEach(() => rm(dir, { recursive: true }))

it('cuts a log that grew too long while it is being written, and keeps one before it', async () => {
  const written = 'x'.repeat(8 * 1024 * 1024)
  const writer = openSync(file, 'a')
  appendFileSync(writer, written)
  boundLog(file)
  appendFileSync(writer, 'after')
  closeSync(writer)
  expect(await readFile(file, 'utf8')).toBe('after')
  expect(sizeOf(`${file}.1`)).toBe(written.length)
})

it('leaves a short log alone, and one that is not there', () => {
  boundLog(file)
  writeFileSync(file, 'short')
  boundLog(file)
  expect(sizeOf(file)).toBe(5)
  expect(sizeOf(`${file}.1`)).toBe(0)
})

it('reads what was written since', () => {
  writeFileSync(file, 'old\n')
  const before = sizeOf(file)
  appendFileSync(file, 'new\n')
  expect(readLogSince(file, before)).toBe('new\n')
  expect(readLogSince(file, sizeOf(file))).toBe('')
})

it('says so when the disk is full', () => {
  const output = 'FATAL:  could not write to file "pg_wal/xlogtemp.7": No space left on device'
  expect(explain('PostgreSQL does not start', output, '/data').message).toBe(
    'PostgreSQL does not start: the disk of /data is full. Make room there, and start again.',
  )
})

it('passes on the lines that tell, and no others', () => {
  const output = [
    'LOG:  starting PostgreSQL 18.4',
    'FATAL:  data directory "/data" has wrong ownership',
    'HINT:  The server must be started by the user that owns the data directory.',
  ].join('\n')
  const { message } = explain('PostgreSQL does not start', output, '/data')
  expect(message).not.toContain('LOG')
  expect(message).toContain('wrong ownership')
  expect(message).toContain('HINT')
})

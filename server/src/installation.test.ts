import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from './database/testing.ts'
import { ensureInstallation, matchInstallation, WrongDatabase } from './installation.ts'

let test: TestDatabase
let dataDir: string

beforeEach(async () => {
  test = await createTestDatabase()
  dataDir = mkdtempSync(join(tmpdir(), 'garrison-installation-'))
})
afterEach(async () => {
  rmSync(dataDir, { recursive: true })
  await test.drop()
})

it('is the same at every start', async () => {
  const first = await matchInstallation(test.db, dataDir)
  expect(readFileSync(join(dataDir, 'installation'), 'utf8').trim()).toBe(first.id)
  expect(await matchInstallation(test.db, dataDir)).toEqual(first)
})

it('takes the id of the database when it died before the folder had it', async () => {
  const { id } = await ensureInstallation(test.db)
  expect(await matchInstallation(test.db, dataDir)).toEqual({ id })
})

it('refuses the database of another, and says what to correct', async () => {
  const mine = '019a0000-0000-7000-8000-000000000001'
  writeFileSync(join(dataDir, 'installation'), `${mine}\n`)
  const { id } = await ensureInstallation(test.db)
  const refusal = matchInstallation(test.db, dataDir)
  await expect(refusal).rejects.toThrow(WrongDatabase)
  for (const word of [id, mine, dataDir, 'DATABASE_URL', '--data'])
    await expect(refusal).rejects.toThrow(word)
})

it('refuses an empty database, and leaves it empty', async () => {
  writeFileSync(join(dataDir, 'installation'), '019a0000-0000-7000-8000-000000000001\n')
  await expect(matchInstallation(test.db, dataDir)).rejects.toThrow('The database is empty')
  expect(await test.db.selectFrom('installation').selectAll().execute()).toEqual([])
})

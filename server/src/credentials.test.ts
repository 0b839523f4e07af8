import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { balances } from './billing/ledger.ts'
import { ensureCredentials, readCredentials } from './credentials.ts'
import { createWorld, type World } from './testing/world.ts'

let world: World
let dataDir: string

beforeEach(async () => {
  world = await createWorld()
  dataDir = mkdtempSync(join(tmpdir(), 'garrison-credentials-'))
})
afterEach(async () => {
  rmSync(dataDir, { recursive: true })
  await world.close()
})

const file = () => join(dataDir, 'credentials.json')

async function up({ demo = false } = {}) {
  const { db, services } = world
  const config = { ...world.config, dataDir, demo }
  await ensureCredentials({ db, config, services, url: 'http://127.0.0.1:8600' })
  const credentials = readCredentials(dataDir)
  if (credentials === null) throw new Error('no credentials')
  const holder = await services.accounts.authenticate(db, credentials.api_key)
  if (holder === null) throw new Error('the key does not open the door')
  return { key: credentials.api_key, accountId: holder.accountId }
}

const keyNames = async (accountId: string) =>
  (await world.services.accounts.listKeys(world.db, accountId)).map((key) => key.name)

const credits = async (accountId: string) => (await balances(world.db, accountId)).USD

it('keeps the key that works', async () => {
  const first = await up()
  expect(await up()).toEqual(first)
  expect(await keyNames(first.accountId)).toEqual(['up'])
})

describe('the credits of a demonstration', () => {
  it('are given when it begins after an ordinary start, and once only', async () => {
    const { accountId } = await up()
    expect(await credits(accountId)).toBe(0)
    await up({ demo: true })
    expect(await credits(accountId)).toBe(500_000_000)
    await up({ demo: true })
    expect(await credits(accountId)).toBe(500_000_000)
  })
})

describe('lost credentials', () => {
  it('are replaced any number of times: the lost key is revoked', async () => {
    const first = await up()
    for (let times = 0; times < 12; times++) {
      rmSync(file())
      await up()
    }
    expect(await keyNames(first.accountId)).toEqual(['up'])
    expect(await world.services.accounts.authenticate(world.db, first.key)).toBeNull()
  })

  it('reuse the name however it is written', async () => {
    const { accountId } = await up()
    await world.change(async (tx) => {
      await world.services.accounts.revokeKey(tx, accountId, 'up')
      await world.services.accounts.createKey(tx, accountId, { name: 'UP' })
    })
    await up()
    expect(await keyNames(accountId)).toEqual(['up'])
  })

  it.each(['{}', 'null', 'junk', '{"api_key":7}'])(
    'are what a file with %s is',
    async (content) => {
      writeFileSync(file(), content)
      expect(readCredentials(dataDir)).toBeNull()
      await up()
    },
  )
})

it('hold a link that signs in whoever set the host up', async () => {
  await up()
  const { services, db } = world
  const link = readCredentials(dataDir)?.sign_in_url
  expect(link).toMatch(/^http:\/\/127\.0\.0\.1:8600\/api\/auth\/link\?token=\S{43}$/)
  const [person] = await db.selectFrom('people').selectAll().execute()
  const [account] = await services.accounts.list(db)
  expect(person).toMatchObject({ account_id: account?.id, role: 'operator', email: null })
  const { rows } = await sql`select * from auth.verification`.execute(db)
  expect(rows).toHaveLength(1)
  expect(JSON.stringify(rows)).not.toContain(link?.slice(-43))
  await up()
  expect(await db.selectFrom('people').selectAll().execute()).toHaveLength(1)
})

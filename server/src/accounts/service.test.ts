import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../clock.testing.ts'
import { transaction } from '../database/database.ts'
import { createTestDatabase, type TestDatabase } from '../database/testing.ts'
import { type AccountService, createAccountService } from './service.ts'

let database: TestDatabase
let clock: ManualClock
let accounts: AccountService
beforeEach(async () => {
  database = await createTestDatabase()
  clock = new ManualClock()
  accounts = createAccountService({ clock })
})
afterEach(() => database.drop())

const hour = 3_600_000

const account = (name = 'Ada', email?: string) =>
  transaction(database.db, (tx) => accounts.create(tx, { name, currency: 'EUR', email }))
const key = (accountId: string, name = 'ci', expiresAt?: Date) =>
  transaction(database.db, (tx) => accounts.createKey(tx, accountId, { name, expiresAt }))
const revoke = (accountId: string, name: string) =>
  transaction(database.db, (tx) => accounts.revokeKey(tx, accountId, name))
const authenticate = (text: string) => accounts.authenticate(database.db, text)

describe('an account', () => {
  it('has an id of its own and a profile that needs nothing more', async () => {
    const { id, public_id } = await account()
    expect(public_id).toMatch(/^BRK-[0-9]{6}U$/)
    const { text } = await key(id)
    expect(await authenticate(text)).toEqual({
      accountId: id,
      accountPublicId: public_id,
      currency: 'EUR',
      personId: null,
      role: 'owner',
      access: 'full',
      keyId: expect.any(String),
      keyName: 'ci',
    })
    expect(await accounts.hasCompleteProfile(database.db, { accountId: id })).toBe(true)
  })

  it('is listed in the order in which accounts were made', async () => {
    for (const name of ['A', 'B']) {
      await account(name)
      await clock.advance(1)
    }
    expect((await accounts.list(database.db)).map(({ name }) => name)).toEqual(['A', 'B'])
  })

  it('has a name, and an e-mail address to itself', async () => {
    await expect(account('  ')).rejects.toMatchObject({ fields: { name: [expect.any(String)] } })
    await expect(account('A', 'nobody')).rejects.toMatchObject({
      fields: { email: [expect.any(String)] },
    })
    await account('A', 'ada@example.org')
    await expect(account('B', 'ADA@example.org')).rejects.toMatchObject({
      code: 'NAME_ALREADY_EXISTS',
    })
  })
})

describe('an API key', () => {
  it('is 40 random signs, of which the database keeps a hash and the beginning', async () => {
    const { id } = await account()
    const made = await key(id)
    expect(made.text).toMatch(/^brk_[0-9A-Za-z]{40}$/)
    expect(made.key.prefix).toBe(made.text.slice(0, 8))
    expect(made.key.hash).toHaveLength(32)
    const rows = await database.db.selectFrom('api_keys').selectAll().execute()
    expect(JSON.stringify(rows)).not.toContain(made.text.slice(8))
    expect((await key(id, 'other')).text).not.toBe(made.text)
  })

  it('has a name that no other key of the account has', async () => {
    const { id } = await account()
    const other = await account('Other')
    await key(id, 'ci')
    await expect(key(id, 'CI')).rejects.toMatchObject({ code: 'NAME_ALREADY_EXISTS' })
    await key(other.id, 'ci')
    for (const name of ['', 'a'.repeat(51), 'a/b']) {
      await expect(key(id, name), name).rejects.toMatchObject({ code: 'VALIDATION_ERROR' })
    }
  })

  it('is one of ten at most, also when many are made at once', async () => {
    const { id } = await account()
    const made = await Promise.allSettled(
      Array.from({ length: 14 }, (_, index) => key(id, `key ${index}`)),
    )
    const refused = made.filter((each) => each.status === 'rejected')
    expect(refused).toHaveLength(4)
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'LIMIT_EXCEEDED' })
  })

  it('works until it is revoked, whatever the case of its name', async () => {
    const { id } = await account()
    const { text } = await key(id, 'Ci')
    expect(await authenticate(text)).not.toBeNull()
    await revoke(id, 'cI')
    expect(await authenticate(text)).toBeNull()
    expect(await accounts.listKeys(database.db, id)).toEqual([])
    await expect(revoke(id, 'ci')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await key(id, 'ci')
  })

  it('works until it expires, to the moment', async () => {
    const { id } = await account()
    const { text } = await key(id, 'ci', new Date(clock.now().getTime() + hour))
    await clock.advance(hour - 1)
    expect(await authenticate(text)).not.toBeNull()
    await clock.advance(1)
    expect(await authenticate(text)).toBeNull()
    await expect(key(id, 'past', clock.now())).rejects.toMatchObject({ code: 'VALIDATION_ERROR' })
  })

  it("is not another account's to see or to revoke", async () => {
    const mine = await account()
    const { text } = await key(mine.id)
    const other = await account('Other')
    expect(await accounts.listKeys(database.db, other.id)).toEqual([])
    await expect(revoke(other.id, 'ci')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    expect(await authenticate(text)).not.toBeNull()
  })
})

it('what the operator does to an account is in its audit log, without the key itself', async () => {
  const { id, public_id } = await account()
  const made = await key(id)
  await revoke(id, 'ci')
  const entries = await database.db.selectFrom('audit_log').selectAll().orderBy('id').execute()
  expect(entries).toMatchObject([
    { action: 'account.create', subject_id: public_id, detail: { name: 'Ada' } },
    { action: 'api-key.create', subject_id: made.key.id, detail: { name: 'ci' } },
    { action: 'api-key.revoke', subject_id: made.key.id, detail: { name: 'ci' } },
  ])
  for (const entry of entries) expect(entry).toMatchObject({ account_id: id, api_key_id: null })
  expect(JSON.stringify(entries)).not.toContain(made.text.slice(0, 8))
})

it('an account that is locked can still be referred to', async () => {
  const { id } = await account()
  await transaction(database.db, async (tx) => {
    await accounts.lock(tx, id)
    const counter = { account_id: id, kind: 'test', value: 0 }
    await database.db.insertInto('counters').values(counter).execute()
  })
})

describe('when a key was last used', () => {
  const lastUsed = async () =>
    (await database.db.selectFrom('api_keys').select('last_used_at').executeTakeFirstOrThrow())
      .last_used_at

  it('is written in batches, not with each request', async () => {
    const { text } = await key((await account()).id)
    await authenticate(text)
    expect(await lastUsed()).toBeNull()
    await accounts.flushKeyUse(database.db)
    expect(await lastUsed()).toEqual(clock.now())
  })

  it('never goes back, though another process may write late', async () => {
    const { text } = await key((await account()).id)
    await authenticate(text)
    await clock.advance(hour)
    const another = createAccountService({ clock })
    await another.authenticate(database.db, text)
    await another.flushKeyUse(database.db)
    await accounts.flushKeyUse(database.db)
    expect(await lastUsed()).toEqual(clock.now())
  })
})

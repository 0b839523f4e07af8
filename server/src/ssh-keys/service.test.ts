import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Caller } from '../caller.ts'
import { createWorld, newPublicKey, strangers, type World } from '../testing/world.ts'

let world: World
let owner: Caller
let stranger: Caller
beforeEach(async () => {
  world = await createWorld()
  const callers = await strangers(world)
  owner = callers.owner
  stranger = callers.stranger
})
afterEach(() => world.close())

const keys = () => world.services.sshKeys
const create = (caller: Caller, name: string, public_key = newPublicKey()) =>
  world.change((tx) => keys().create(tx, caller, { name, public_key }))
const remove = (caller: Caller, id: string) => world.change((tx) => keys().delete(tx, caller, id))
const list = (caller: Caller, search?: string, range = { limit: 20, offset: 0 }) =>
  keys().list(world.db, caller, search, range)

describe('creating', () => {
  it('imports a key with its type and fingerprint', async () => {
    const { key, privateKey } = await create(owner, 'laptop')
    expect(privateKey).toBeNull()
    expect(key).toMatchObject({
      public_id: expect.stringMatching(/^BRK-[0-9]{6}K$/),
      name: 'laptop',
      key_type: 'ssh-ed25519',
      fingerprint: expect.stringMatching(/^SHA256:[A-Za-z0-9+/]{43}$/),
    })
  })

  it('makes a pair when there is nothing to import, and keeps the public half only', async () => {
    const { key, privateKey } = await world.change((tx) =>
      keys().create(tx, owner, { name: 'made' }),
    )
    expect(privateKey).toContain('BEGIN RSA PRIVATE KEY')
    expect(key).toMatchObject({ key_type: 'ssh-rsa', public_key: expect.stringMatching(/ made$/) })
    const row = await keys().require(world.db, owner, key.public_id)
    expect(JSON.stringify(row)).not.toContain('PRIVATE')
  })

  it('says what is wrong with a text that is no key', async () => {
    await expect(create(owner, 'bad', 'ssh-dss AAAA')).rejects.toMatchObject({
      code: 'VALIDATION_ERROR',
      fields: { public_key: [expect.stringContaining('ssh-dss')] },
    })
  })

  it('takes a name once, whatever the case, and a key once, whatever the comment', async () => {
    const line = newPublicKey()
    await create(owner, 'Laptop', line)
    const taken = { code: 'NAME_ALREADY_EXISTS' }
    await expect(create(owner, 'lAPTOP')).rejects.toMatchObject(taken)
    await expect(create(owner, 'other', `${line} again`)).rejects.toMatchObject({
      ...taken,
      message: expect.stringContaining('"Laptop"'),
    })
    await create(stranger, 'Laptop', line)
  })

  it('takes one of many with the same name at once', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 8 }, () => create(owner, 'laptop')),
    )
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1)
    for (const result of results) {
      if (result.status === 'rejected') {
        expect(result.reason).toMatchObject({ code: 'NAME_ALREADY_EXISTS' })
      }
    }
  })

  it('stops at 25, also when many come at once', async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 30 }, (_, index) => create(owner, `key-${index}`)),
    )
    const refused = results.filter((result) => result.status === 'rejected')
    expect(refused).toHaveLength(5)
    for (const { reason } of refused) expect(reason).toMatchObject({ code: 'LIMIT_EXCEEDED' })
    expect((await list(owner)).total).toBe(25)
    await create(stranger, 'unaffected')
  })

  it('is in the audit log, without the key itself', async () => {
    const { key } = await create(owner, 'laptop')
    const entries = await world.db
      .selectFrom('audit_log')
      .selectAll()
      .where('subject_kind', '=', 'ssh-key')
      .execute()
    expect(entries).toMatchObject([
      {
        account_id: owner.accountId,
        api_key_id: owner.keyId,
        action: 'ssh-key.create',
        subject_id: key.public_id,
        request_id: owner.requestId,
        detail: { name: 'laptop', fingerprint: key.fingerprint },
      },
    ])
  })
})

describe('listing', () => {
  it('shows the newest first, a page at a time', async () => {
    for (const name of ['a', 'b', 'c']) await create(owner, name)
    const { rows, total } = await list(owner, undefined, { limit: 2, offset: 1 })
    expect(rows.map((row) => row.name)).toEqual(['b', 'a'])
    expect(total).toBe(3)
  })

  it('searches in names, whatever the case, and takes signs for themselves', async () => {
    for (const name of ['Laptop', 'desktop_1', 'desktopx1', 'other']) await create(owner, name)
    const names = async (search: string) =>
      (await list(owner, search)).rows.map((row) => row.name).sort()
    expect(await names('TOP')).toEqual(['Laptop', 'desktop_1', 'desktopx1'])
    expect(await names('p_1')).toEqual(['desktop_1'])
    expect(await names('%')).toEqual([])
  })
})

describe('deleting', () => {
  it('lets name and key be used again, but not the id', async () => {
    const line = newPublicKey()
    const { key } = await create(owner, 'laptop', line)
    await remove(owner, key.public_id)
    expect((await list(owner)).total).toBe(0)
    const again = await create(owner, 'laptop', line)
    expect(again.key.public_id).not.toBe(key.public_id)
  })

  it('is refused while a machine has the key, and says which', async () => {
    const instance = await world.runningInstance(owner, 'web-1')
    const [key] = (await list(owner)).rows
    const id = key?.public_id ?? ''
    await expect(remove(owner, id)).rejects.toMatchObject({
      code: 'KEY_IN_USE',
      message: expect.stringContaining(instance.public_id),
    })
    await world.change((tx) => world.services.instances.delete(tx, owner, instance.public_id))
    await world.settle()
    expect(await remove(owner, id)).toMatchObject({ public_id: id })
  })

  it('is done once', async () => {
    const { key } = await create(owner, 'laptop')
    const results = await Promise.allSettled([1, 2, 3].map(() => remove(owner, key.public_id)))
    expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(1)
  })
})

describe('a stranger', () => {
  it('finds nothing, uses nothing and deletes nothing', async () => {
    const { key } = await create(owner, 'laptop')
    const notFound = { code: 'NOT_FOUND', message: `SSH key ${key.public_id} not found` }
    await expect(keys().require(world.db, stranger, key.public_id)).rejects.toMatchObject(notFound)
    await expect(remove(stranger, key.public_id)).rejects.toMatchObject(notFound)
    await expect(
      world.change((tx) => keys().requireAll(tx, stranger, [key.public_id])),
    ).rejects.toMatchObject(notFound)
    expect(await list(stranger)).toEqual({ rows: [], total: 0 })
    expect(await list(stranger, 'laptop')).toEqual({ rows: [], total: 0 })
    expect((await list(owner)).total).toBe(1)
  })
})

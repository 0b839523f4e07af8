import { expect, test } from 'vitest'
import { Identities } from './identities.ts'

test('each machine has a user, always the same', () => {
  const identities = new Identities('a1b2c3')
  const [one, two] = [identities.uidOf('one'), identities.uidOf('two')]
  expect(one).not.toBe(two)
  expect(identities.uidOf('one')).toBe(one)
})

test('users are beyond those of containers and fit into 31 bits', () => {
  for (const mark of ['a', 'b2', 'ffffff', '00000000']) {
    const uid = new Identities(mark).uidOf('one')
    expect(uid).toBeGreaterThan(0x6fff_ffff)
    expect(uid).toBeLessThan(2 ** 31)
  }
})

test('installations have users of their own', () => {
  const uid = new Identities('a1b2c3').uidOf('one')
  expect(new Identities('d4e5f6').isOurs(uid)).toBe(false)
})

test('does not give away what a record says is taken', () => {
  const before = new Identities('a1b2c3')
  const [uid, gid] = [before.uidOf('one'), before.gidOf('tenant')]
  const after = new Identities('a1b2c3')
  after.remember({ machine: 'one', uid, tenant: 'tenant', gid })
  expect(after.uidOf('two')).not.toBe(uid)
  expect(after.gidOf('other')).not.toBe(gid)
  expect(after.gidOf('tenant')).toBe(gid)
})

test('lets a number rest before it is given again', () => {
  const identities = new Identities('a1b2c3')
  const uid = identities.uidOf('one')
  identities.releaseUid('one')
  expect(identities.uidOf('two')).not.toBe(uid)
})

test('goes round when it comes to the end', () => {
  const identities = new Identities('a1b2c3')
  const first = identities.uidOf('first')
  identities.remember({ machine: 'last', uid: first + 0xfffe, tenant: 'tenant', gid: first })
  expect(identities.uidOf('next')).toBe(first + 1)
})

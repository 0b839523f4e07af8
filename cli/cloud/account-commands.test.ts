/** The commands about an account itself: its people, profile, orders and log, and prices for operators. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest'
import { createCloud } from './cloud.testing.ts'

let cloud: Awaited<ReturnType<typeof createCloud>>
let me: Awaited<ReturnType<typeof cloud.somebody>>

beforeAll(async () => {
  cloud = await createCloud()
})
afterAll(() => cloud.close())
beforeEach(async () => {
  me = await cloud.somebody('Ada', { role: 'owner' })
})

it('invites people, changes what they may, and lets them go', async () => {
  expect(
    await me.garrison('person', 'invite', 'grace@example.org', '--name', 'Grace'),
  ).toMatchObject({ code: 0, output: 'grace@example.org is invited as member.\n' })
  expect((await me.garrison('person', 'list')).output).toMatch(/grace@example\.org +Grace +member/)
  const resent = await me.garrison('person', 'resend', 'Grace')
  expect(resent.errors).toContain('less than a minute ago')
  expect(
    await me.garrison('person', 'change', 'grace@example.org', '--role', 'owner'),
  ).toMatchObject({ code: 0, output: 'grace@example.org is owner now.\n' })
  expect(await me.garrison('person', 'remove', 'Grace', '--yes')).toMatchObject({ code: 0 })
  expect((await me.garrison('person', 'remove', 'Grace', '--yes')).errors).toContain(
    './garrison person list',
  )
})

it('knows which roles there are', async () => {
  expect(await me.garrison('person', 'invite', 'a@example.org', '--role', 'king')).toMatchObject({
    code: 2,
    errors: expect.stringContaining('member'),
  })
})

it('changes of the profile what is said, and keeps the rest', async () => {
  const home = ['--address-line', 'Hauptstraße 1', '--postal-code', '10115', '--country', 'DE']
  expect((await me.garrison('profile', 'set', '--name', 'Ada Lovelace', ...home)).code).toBe(0)
  expect((await me.garrison('profile', 'set', '--city', 'Berlin')).code).toBe(0)
  expect(await me.json('profile', 'show')).toMatchObject({
    name: 'Ada Lovelace',
    address_line: 'Hauptstraße 1',
    city: 'Berlin',
    country: 'DE',
    complete: true,
  })
  await me.garrison('profile', 'set', '--city', '')
  expect((await me.json('profile', 'show')).city).toBeNull()
  expect((await me.garrison('profile', 'set', '--country', 'Atlantis')).code).toBe(2)
})

it('lists who did what', async () => {
  await me.garrison('person', 'invite', 'grace@example.org')
  const { output } = await me.garrison('audit', 'list', '--action', 'person.', '--limit', '5')
  expect(output).toMatch(/^WHEN +WHO +DID +TO +FROM\n.+ person\.invite /)
  expect(await me.json('audit', 'list', '--from', '2020-01-01', '--to', '2020-02-01')).toEqual([])
  expect((await me.garrison('audit', 'list', '--from', 'yesterday')).code).toBe(2)
})

it('says why nothing can be bought here, and what was', async () => {
  expect((await me.garrison('credits', 'packages')).code).toBe(0)
  expect((await me.garrison('credits', 'order', '--amount', '50')).code).toBe(1)
  expect((await me.garrison('credits', 'orders')).errors).toContain('Nothing was ordered yet')
  expect((await me.garrison('credits', 'orders', 'BRK-123456O')).code).toBe(1)
})

it('announces a price and withdraws it, for operators', async () => {
  const operator = await cloud.somebody('Operator', { role: 'operator' })
  const price = ['--usd', '0.02', '--eur', '0.02', '--inr', '0']
  const changed = await operator.garrison(
    ...['operator', 'change-price', 'flavor', 'cpu-small', ...price],
    ...['--from', '2090-01-01', '--reason', 'Electricity'],
  )
  expect(changed).toMatchObject({ code: 0, output: expect.stringContaining('cpu-small') })
  const [change] = await operator.json('operator', 'prices', '--changes')
  expect(change).toMatchObject({ state: 'future', prices: { USD: 0.02, INR: 0 } })
  expect((await operator.garrison('operator', 'withdraw-price', change.id, '--yes')).code).toBe(0)
  expect(await operator.json('operator', 'prices', '--changes')).toEqual([])
  expect((await operator.garrison('operator', 'change-price', 'moon', ...price)).code).toBe(2)
  me.use()
  expect((await me.garrison('operator', 'change-price', 'snapshot', ...price, '--yes')).code).toBe(
    1,
  )
})

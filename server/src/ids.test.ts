import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { transaction } from './database/database.ts'
import { createTestDatabase, type TestDatabase } from './database/testing.ts'
import { issueNumber, issuePublicId, newUuid } from './ids.ts'

const randomInt = vi.fn<(from: number, to: number) => number>()

let database: TestDatabase
beforeEach(async () => {
  database = await createTestDatabase()
  randomInt.mockImplementation((from, to) => from + Math.floor(Math.random() * (to - from)))
})
afterEach(() => database.drop())

const issue = (letter: 'D' | 'K') =>
  transaction(database.db, (tx) => issuePublicId(tx, letter, randomInt))

it('issues public ids of six digits and a letter, and image ids of digits alone', async () => {
  expect(await issue('D')).toMatch(/^BRK-[0-9]{6}D$/)
  expect(await transaction(database.db, (tx) => issueNumber(tx))).toMatch(/^[0-9]{6}$/)
})

it('takes another number when one was given out before', async () => {
  randomInt.mockReturnValueOnce(123_456)
  expect(await issue('K')).toBe('BRK-123456K')
  randomInt.mockReturnValueOnce(123_456).mockReturnValueOnce(123_457)
  expect(await issue('K')).toBe('BRK-123457K')
})

it('grows to seven digits when six have run short', async () => {
  randomInt.mockImplementation((from) => from)
  expect([await issue('D'), await issue('D')]).toEqual(['BRK-100000D', 'BRK-1000000D'])
})

it('gives no id out twice among many at once', async () => {
  randomInt.mockImplementation((from) => from + Math.floor(Math.random() * 40))
  const ids = await Promise.all(Array.from({ length: 20 }, () => issue('D')))
  expect(new Set(ids).size).toBe(20)
})

it('makes internal ids that sort by time', () => {
  const ids = Array.from({ length: 50 }, newUuid)
  expect([...ids].sort()).toEqual(ids)
})

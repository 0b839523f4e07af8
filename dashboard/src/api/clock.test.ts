import { afterEach, expect, it } from 'vitest'
import { heardTime, serverTime } from './clock.ts'

const noon = Date.parse('2026-01-10T12:00:00Z')
afterEach(() => heardTime(new Date(0).toUTCString(), 0))

it('the time of the server goes on from what it told, whatever the clock here says', () => {
  for (const wrong of [-3_600_000, 0, 86_400_000]) {
    heardTime('Sat, 10 Jan 2026 12:00:00 GMT', noon + wrong)
    expect(serverTime(noon + wrong + 5_000)).toBe(noon + 5_000)
  }
})

it('an answer that tells no time changes nothing', () => {
  heardTime('Sat, 10 Jan 2026 12:00:00 GMT', 0)
  heardTime(null, 7)
  heardTime('noon', 7)
  expect(serverTime(0)).toBe(noon)
})

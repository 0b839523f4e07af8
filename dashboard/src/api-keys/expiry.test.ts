import { expect, it } from 'vitest'
import { expiryAt, expiryProblem } from './expiry.ts'

const now = new Date('2026-01-10T09:00:00')

it('counts in days, or to the end of a day', () => {
  expect(expiryAt('never', '', now)).toBeNull()
  expect(expiryAt('30', '', now)?.getTime()).toBe(now.getTime() + 30 * 86_400_000)
  expect(expiryAt('day', '2026-01-12', now)).toEqual(new Date('2026-01-12T23:59:59'))
})

it('is in the future', () => {
  expect(expiryProblem('day', '', now)).toBe('Choose a day.')
  expect(expiryProblem('day', '2026-01-09', now)).toMatch('later')
  expect(expiryProblem('day', '2026-01-10', now)).toBeNull()
  expect(expiryProblem('90', '', now)).toBeNull()
})

import { expect, it } from 'vitest'
import { hourlyNow } from './cost.ts'

it('is the lower rate while it sleeps, and nothing when it is broken or gone', () => {
  const row = { hourly_rate: 2, hibernation_rate: null } as const
  expect(hourlyNow({ ...row, status: 'SHUTOFF' })).toBe(2)
  expect(hourlyNow({ ...row, status: 'HIBERNATED', hibernation_rate: 0.1 })).toBe(0.1)
  expect(hourlyNow({ ...row, status: 'ERROR' })).toBe(0)
})

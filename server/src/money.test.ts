import fc from 'fast-check'
import { expect, it } from 'vitest'
import { formatMoney, fromDecimal, perMinute, toDecimal } from './money.ts'

it('keeps every amount of six decimals exactly', () => {
  fc.assert(
    fc.property(fc.integer({ min: -1e12, max: 1e12 }), (micros) => {
      expect(fromDecimal(toDecimal(micros))).toBe(micros)
    }),
  )
})

it('shows amounts with the sign of their currency and two decimals', () => {
  expect(formatMoney(150_250_000, 'USD')).toBe('$150.25')
  expect(formatMoney(0, 'EUR')).toBe('€0.00')
  expect(formatMoney(-1_000_000, 'INR')).toBe('-₹1.00')
})

it('leaves parts of a cent out', () => {
  expect(formatMoney(1_999_999, 'USD')).toBe('$1.99')
  expect(formatMoney(-1_000, 'USD')).toBe('$0.00')
  expect(formatMoney(-1_999_999, 'USD')).toBe('-$1.99')
  expect(formatMoney(1_150_000, 'USD')).toBe('$1.15')
})

it('shows a rate per minute with four decimals', () => {
  expect(perMinute(9_960_000)).toBe(0.166)
  expect(perMinute(0)).toBe(0)
})

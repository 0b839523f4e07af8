import { expect, it } from 'vitest'
import { longestGap, percentile, summarize } from './statistics.ts'

it('takes the middle one of an odd count and the mean of the two middle ones of an even count', () => {
  expect(summarize([30, 10, 20])).toEqual({ median: 20, min: 10, max: 30, n: 3 })
  expect(summarize([4, 1, 3, 2]).median).toBe(2.5)
})

it('orders by size and not by spelling', () => {
  expect(percentile([100, 9], 100)).toBe(100)
})

it('refuses to stand for nothing', () => {
  expect(() => summarize([])).toThrow(RangeError)
})

it('finds the longest time between neighbours', () => {
  expect(longestGap([0, 10, 35, 40])).toBe(25)
  expect(longestGap([5])).toBe(0)
})

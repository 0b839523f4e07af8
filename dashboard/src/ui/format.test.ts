import { expect, it } from 'vitest'
import { money, rate } from './format.ts'

it.each([
  [0, '$0.00'],
  [2.489, '$2.49'],
  [0.0127, '$0.0127'],
  [0.001, '$0.0010'],
  [0.00031, '$0.00031'],
  [0.000004, '$0.000004'],
  [-0.00002, '-$0.00002'],
])('writes %d with as many decimals as it takes to be something', (amount, words) => {
  expect(money(amount, 'USD')).toBe(words)
})

it('says what an hour and a minute cost, also of what is very small', () => {
  expect(rate(2.49, 'USD')).toBe('$2.49/h · $0.0415/min')
  expect(rate(0.0127, 'USD')).toBe('$0.0127/h · $0.0002/min')
  expect(rate(0.0003, 'USD')).toBe('$0.0003/h · $0.000005/min')
})

import { expect, it } from 'vitest'
import { changeOf, different, priceName, priceProblem } from './price-words.ts'

it('takes what the ledger can count', () => {
  expect(['0', '1', '0.000001', ' 2.5 ', '1000000'].map(priceProblem)).toEqual(Array(5).fill(null))
  expect(['', '.', '-1', '1,5', '0.0000001', '1e3', '1000001'].every(priceProblem)).toBe(true)
})

it('names a price by its item, or its kind where there is one of it', () => {
  expect(priceName({ kind: 'flavor', item: 'cpu-small' })).toBe('cpu-small')
  expect(priceName({ kind: 'snapshot', item: '' })).toBe('Snapshots')
})

it('says what is different, and by how much', () => {
  expect(different({ USD: 1, EUR: 1, INR: 85 }, { USD: 1, EUR: 2, INR: 90 })).toEqual([
    'EUR',
    'INR',
  ])
  expect(changeOf(2, 3)).toBe(0.5)
  expect(changeOf(0, 3)).toBeNull()
})

import { describe, expect, it } from 'vitest'
import { creditedOrderStates, orderStates, whyNot } from './order-states.ts'

describe('the state table of orders', () => {
  it('credits an order that was not credited before, and no other', () => {
    const credited: readonly string[] = creditedOrderStates
    for (const state of orderStates)
      expect(whyNot('credit', state) === null, state).toBe(!credited.includes(state))
  })

  it('refunds only what was credited and is not refunded altogether', () => {
    expect(orderStates.filter((state) => whyNot('refund', state) === null)).toEqual([
      'paid',
      'partially_refunded',
    ])
  })

  it('refuses with a sentence', () => {
    expect(whyNot('refund', 'open')).toBe(
      'Order must be paid or partially_refunded to be refunded; it is open',
    )
  })
})

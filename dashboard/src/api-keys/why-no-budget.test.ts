import { expect, it } from 'vitest'
import { capOf, capProblem, whyNoBudget } from './why-no-budget.ts'

it('lets owners limit what is charged', () => {
  expect(whyNoBudget({ role: 'owner', billing_mode: 'prepaid' })).toBeNull()
  expect(whyNoBudget({ role: 'member', billing_mode: 'prepaid' })).toMatch('Only owners')
  expect(whyNoBudget({ role: 'owner', billing_mode: 'off' })).toMatch('nothing to limit')
})

it('reads amounts as people type them', () => {
  expect(capOf(' 20 ')).toBe(20)
  expect(capOf('20,5')).toBe(20.5)
  for (const none of ['', '0', '1.234', '-1', '1e3', 'x', '99999999999']) {
    expect(capOf(none)).toBeNull()
  }
  expect(capProblem('')).toBeNull()
  expect(capProblem('0')).toMatch('0.01')
})

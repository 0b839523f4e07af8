import { expect, it } from 'vitest'
import { emptyRule } from '../firewalls/rule-form.tsx'
import { advancedBody, advancedProblem, plain } from './advanced.tsx'

it('lets nobody deploy while a rule is begun and not added', () => {
  const begun = {
    ...plain,
    begunRule: { ...emptyRule, port_range_min: '22', port_range_max: '22' },
  }
  expect(advancedProblem(begun)).toMatch(/security rule that you have begun/)
  expect(advancedProblem({ ...begun, begunRule: null })).toBeNull()
})

it('sends only what was touched', () => {
  expect(advancedBody(plain)).toEqual({})
})

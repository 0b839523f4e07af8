import { expect, it } from 'vitest'
import { describeFailure, Failure } from './failure.ts'

it('tells what happened and what to do next', () => {
  const failure = new Failure('The port is taken', { advice: ['Take another'] })
  expect(describeFailure(failure)).toEqual(['The port is taken', '  Take another'])
})

it('gives the words of others without their stack', () => {
  expect(describeFailure(new Error('The disk is full'))).toEqual(['The disk is full'])
})

it('shows where a mistake of our own happened', () => {
  const [first, stack] = describeFailure(new TypeError('x is not a function'))
  expect(first).toBe('This is a bug of Garrison:')
  expect(stack).toContain('failure.test.ts')
})

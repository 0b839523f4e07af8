import { describe, expect, it } from 'vitest'
import { deployRequestStates, whyNot } from './states.ts'

describe('the state table of deploy requests', () => {
  it('lets only those be cancelled that wait', () => {
    expect(deployRequestStates.filter((state) => whyNot('cancel', state) === null)).toEqual([
      'waiting',
    ])
  })

  it('refuses with a sentence', () => {
    expect(whyNot('cancel', 'deployed')).toBe(
      'Deploy request must be waiting to be cancelled; it is deployed',
    )
  })
})

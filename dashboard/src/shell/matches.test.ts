import { describe, expect, it } from 'vitest'
import { matches, ownWordsFirst } from './matches.ts'

const volumes = { words: 'Create a volume', group: 'Begin', also: 'new disk' }

describe('what is found by a few letters', () => {
  it('is what has words that begin so, in any order', () => {
    expect(matches(volumes, 'vol cr')).toBe(true)
    expect(matches(volumes, ' DISK ')).toBe(true)
  })

  it('is not what only contains them', () => {
    expect(matches(volumes, 'olume')).toBe(false)
    expect(matches(volumes, 'create snapshot')).toBe(false)
  })
})

describe('the order of what is found', () => {
  it('begins with what is called so', () => {
    const hibernate = { words: 'Hibernate web-1', group: 'Instance', also: 'sleep suspend' }
    const suspend = { words: 'Suspend tests', group: 'MicroVM' }
    expect(ownWordsFirst([hibernate, suspend], 'suspend')).toEqual([suspend, hibernate])
  })
})

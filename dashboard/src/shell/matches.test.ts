import { describe, expect, it } from 'vitest'
import { matches } from './matches.ts'

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

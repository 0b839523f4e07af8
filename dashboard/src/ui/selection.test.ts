import { describe, expect, it } from 'vitest'
import { ticked } from './selection.ts'

const ids = ['a', 'b', 'c', 'd']
const after = (before: string[], id: string, how: { on: boolean; last: string | null }) =>
  [...ticked(new Set(before), ids, id, how)].sort().join('')

describe('ticking rows', () => {
  it('ticks one, and takes it back', () => {
    expect(after([], 'b', { on: true, last: null })).toBe('b')
    expect(after(['b', 'c'], 'b', { on: false, last: null })).toBe('c')
  })

  it('takes all between with shift, in both directions', () => {
    expect(after(['b'], 'd', { on: true, last: 'b' })).toBe('bcd')
    expect(after(['d'], 'b', { on: true, last: 'd' })).toBe('bcd')
    expect(after(['a', 'b', 'c', 'd'], 'c', { on: false, last: 'a' })).toBe('d')
  })

  it('begins anew where the last one is no longer on the page', () => {
    expect(after([], 'c', { on: true, last: 'gone' })).toBe('c')
  })
})

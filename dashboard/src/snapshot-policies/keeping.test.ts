import { describe, expect, it } from 'vitest'
import {
  clockOf,
  keepingWords,
  minutesOf,
  mostOfOne,
  reachWords,
  whenWords,
  whyNotCounts,
} from './keeping.ts'

const none = { hourly: 0, daily: 0, weekly: 0, monthly: 0 }

describe('what a policy keeps', () => {
  it('is said without the frequencies of which it keeps none', () => {
    expect(keepingWords({ ...none, hourly: 24, weekly: 4 })).toBe('24 hourly, 4 weekly')
  })

  it('reaches back as far as the rarest of them', () => {
    expect(reachWords({ ...none, hourly: 24, monthly: 12 })).toBe('the last 12 months')
    expect(reachWords({ ...none, daily: 1 })).toBe('the last day')
    expect(reachWords(none)).toBeNull()
  })

  it('is at most all of them together', () => {
    expect(mostOfOne({ hourly: 24, daily: 7, weekly: 4, monthly: 12 })).toBe(47)
  })

  it('must be something, and no more than there may be', () => {
    expect(whyNotCounts(none)).toBe('Keep at least one snapshot of some frequency')
    expect(whyNotCounts({ ...none, daily: 367 })).toBe('Keep 0 to 366 daily snapshots')
    expect(whyNotCounts({ ...none, daily: 1.5 })).toBe('Keep 0 to 366 daily snapshots')
    expect(whyNotCounts({ ...none, daily: Number.NaN })).toBe('Keep 0 to 366 daily snapshots')
    expect(whyNotCounts({ ...none, daily: 7 })).toBeNull()
  })
})

describe('when a policy takes them', () => {
  it('is a time of the day', () => {
    expect(clockOf(210)).toBe('03:30')
    expect(minutesOf('03:30')).toBe(210)
    expect(minutesOf('24:00')).toBeNull()
    expect(minutesOf('')).toBeNull()
  })

  it('is only a minute where only hourly ones are taken', () => {
    expect(whenWords({ ...none, daily: 7 }, 210)).toBe('at 03:30 UTC')
    expect(whenWords({ ...none, hourly: 24 }, 210)).toBe('at minute 30 of each hour')
    expect(whenWords({ ...none, hourly: 24, daily: 7 }, 210)).toBe(
      'at minute 30 of each hour, the others at 03:30 UTC',
    )
  })
})

import { describe, expect, it } from 'vitest'
import { forecast, isReached, look, monthOf, reachedAt, thresholdAt } from './rules.ts'

const use = (usedMicros: number, capMicros = 100) => ({ usedMicros, capMicros })

describe('a month', () => {
  it('is the calendar month of UTC', () => {
    expect(monthOf(new Date('2026-02-28T23:59:59.999Z')).first).toBe('2026-02-01')
    expect(monthOf(new Date('2026-03-01T00:00:00Z')).first).toBe('2026-03-01')
    expect(monthOf(new Date('2026-12-31T12:00:00Z')).ends.toISOString()).toBe(
      '2027-01-01T00:00:00.000Z',
    )
  })
})

describe('a threshold', () => {
  it('is reached at exactly its part of the cap', () => {
    expect([49, 50, 79, 80, 99, 100, 250].map((used) => thresholdAt(use(used)))).toEqual([
      ...[0, 50, 50, 80, 80, 100, 100],
    ])
    expect(isReached(use(99))).toBe(false)
    expect(isReached(use(100))).toBe(true)
  })

  it('is told of once', () => {
    const first = look(null, use(60), '2026-01-01')
    expect(first).toEqual({ month: '2026-01-01', told: 50, tell: 50 })
    expect(look(first, use(70), '2026-01-01').tell).toBeNull()
    expect(look(first, use(100), '2026-01-01').tell).toBe(100)
  })

  it('is told of anew in the next month', () => {
    const before = { month: '2026-01-01', told: 100 }
    expect(look(before, use(0), '2026-02-01')).toEqual({ month: '2026-02-01', told: 0, tell: null })
    expect(look(before, use(55), '2026-02-01').tell).toBe(50)
  })

  it('is told of again when a raised cap is reached too', () => {
    const before = { month: '2026-01-01', told: 100 }
    const raised = look(before, use(100, 190), '2026-01-01')
    expect(raised).toMatchObject({ told: 50, tell: null })
    expect(look(raised, use(190, 190), '2026-01-01').tell).toBe(100)
  })

  it('is not told of when the clock goes back a month', () => {
    const before = { month: '2026-02-01', told: 0 }
    expect(look(before, use(100), '2026-01-01')).toEqual({ ...before, tell: null })
  })
})

describe('the forecast of a month', () => {
  const noon = new Date('2026-01-31T12:00:00Z')

  it('adds what the rest of it costs at the present rate', () => {
    expect(forecast(1_000, 10, noon)).toBe(1_120)
  })

  it('says when the cap is reached, if it is in this month', () => {
    expect(reachedAt(use(40), 10, noon)?.toISOString()).toBe('2026-01-31T18:00:00.000Z')
    expect(reachedAt(use(40), 1, noon)).toBeNull()
    expect(reachedAt(use(40), 0, noon)).toBeNull()
    expect(reachedAt(use(140), 0, noon)).toEqual(noon)
  })
})

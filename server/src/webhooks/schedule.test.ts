import { expect, it } from 'vitest'
import { delayAfter } from './schedule.ts'

const all = (random: number) => {
  const delays: number[] = []
  for (let attempt = 1; ; attempt++) {
    const delay = delayAfter(attempt, null, random)
    if (delay === null) return delays
    delays.push(delay)
  }
}

it('begins after seconds, slows down, and gives up after about a day', () => {
  for (const random of [0, 0.5, 0.999]) {
    const delays = all(random)
    expect(delays[0]).toBeGreaterThanOrEqual(4_000)
    expect(delays[0]).toBeLessThanOrEqual(6_000)
    expect(delays).toEqual([...delays].sort((a, b) => a - b))
    const hours = delays.reduce((sum, delay) => sum + delay, 0) / 3_600_000
    expect(hours).toBeGreaterThan(18)
    expect(hours).toBeLessThan(30)
  }
})

it('is later when the receiver asks for it, and never sooner', () => {
  expect(delayAfter(1, 60_000, 0.5)).toBe(60_000)
  expect(delayAfter(2, 1_000, 0.5)).toBe(60_000)
})

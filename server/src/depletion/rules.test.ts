import { describe, expect, it } from 'vitest'
import {
  type Depleted,
  type Funds,
  floorOf,
  graceAt,
  hoursLeft,
  isAtRest,
  judge,
  runsOutAt,
  type Standing,
  wellOff,
} from './rules.ts'

const at = (hour: number) => new Date(Date.UTC(2026, 0, 1) + hour * 3_600_000)
/** Credits for so many hours, at 1 an hour. */
const lasting = (hours: number): Funds => ({ balanceMicros: hours * 1e6, burnMicros: 1e6 })

/** What is told, look by look, an hour apart unless said. */
function told(looks: (Funds | number)[], hoursApart = 1) {
  let standing: Standing = wellOff
  return looks.map((look, index) => {
    const funds = typeof look === 'number' ? lasting(look) : look
    const { tell, recovered, ...next } = judge(standing, funds, at(index * hoursApart))
    standing = next
    return recovered ? 'recovered' : (tell ?? '-')
  })
}

describe('the forecast', () => {
  it('is balance by spending, and nothing where nothing is spent', () => {
    expect(hoursLeft(lasting(12.5))).toBe(12.5)
    expect(hoursLeft(lasting(-3))).toBe(0)
    expect(hoursLeft({ balanceMicros: 5e6, burnMicros: 0 })).toBeNull()
    expect(runsOutAt(lasting(12.5), at(0))).toEqual(at(12.5))
  })

  it('names a date also for credits that outlast every date', () => {
    const ages = runsOutAt({ balanceMicros: Number.MAX_SAFE_INTEGER, burnMicros: 1 }, at(0))
    expect(ages?.toISOString()).toMatch(/^\+275760/)
  })
})

describe('a fall', () => {
  it('is told of at each stage, once', () => {
    expect(told([30, 24, 23.9, 23, 6, 5.9, 1, 0.9, 0.5, 0, -1])).toEqual([
      ...['-', '-', 'low-24h', '-', '-', 'low-6h', '-', 'low-1h', '-', 'depleted', '-'],
    ])
  })

  it('that is steep is told of once, as what it has come to', () => {
    expect(told([30, 0.5])).toEqual(['-', 'low-1h'])
    expect(told([30, -5])).toEqual(['-', 'depleted'])
  })

  it('is not told of again for a little more or less', () => {
    expect(told([23, 25, 23, 35.9, 23])).toEqual(['low-24h', '-', '-', '-', '-'])
  })

  it('is told of again when credits have risen in between', () => {
    expect(told([23, 40, 23.5])).toEqual(['low-24h', '-', 'low-24h'])
  })

  it('is not told of each time that somebody stops and starts a machine', () => {
    const idle: Funds = { balanceMicros: 20e6, burnMicros: 0 }
    expect(told([20, idle, 20, idle, 20])).toEqual(['low-24h', '-', '-', '-', '-'])
  })

  it('is told of again after half a day', () => {
    const idle: Funds = { balanceMicros: 20e6, burnMicros: 0 }
    expect(told([20, idle, 20], 6)).toEqual(['low-24h', '-', 'low-24h'])
  })

  it('goes on to be told of at the next stages after a pause', () => {
    const idle: Funds = { balanceMicros: 5e6, burnMicros: 0 }
    expect(told([5, idle, 0.5, -1])).toEqual(['low-6h', '-', 'low-1h', 'depleted'])
  })
})

describe('credits that come back', () => {
  it('are a recovery as soon as there are any, and the next end is told of', () => {
    expect(told([-1, -2, 0.1, -1])).toEqual(['depleted', '-', 'recovered', 'depleted'])
  })

  it('are none while the balance is still not above 0', () => {
    expect(told([-5, -1, 0])).toEqual(['depleted', '-', '-'])
  })

  it('let all stages be told of again', () => {
    expect(told([-1, 100, 23])).toEqual(['depleted', 'recovered', 'low-24h'])
  })
})

describe('the grace', () => {
  const day = (days: number) => at(days * 24)

  const grace = (remindedDay: number, days: number, from = 0) => {
    const { from: began, ...due } = graceAt(day(from), remindedDay, day(days))
    return { from: (began.getTime() - at(0).getTime()) / (24 * 60 * 60_000), ...due }
  }

  it('reminds on days 3, 6 and 7, and only then lets go', () => {
    expect(grace(0, 2.9)).toEqual({ from: 0, remind: null, reclaim: false })
    expect(grace(0, 3)).toEqual({ from: 0, remind: 3, reclaim: false })
    expect(grace(3, 5.9)).toEqual({ from: 0, remind: null, reclaim: false })
    expect(grace(3, 6)).toEqual({ from: 0, remind: 6, reclaim: false })
    expect(grace(6, 7)).toEqual({ from: 0, remind: 7, reclaim: false })
    expect(grace(7, 7)).toEqual({ from: 0, remind: null, reclaim: true })
  })

  it('leaves the time between reminders also where nobody could send them in theirs', () => {
    expect(grace(0, 30)).toEqual({ from: 27, remind: 3, reclaim: false })
    expect(grace(3, 30, 27)).toEqual({ from: 27, remind: null, reclaim: false })
    expect(grace(3, 8)).toEqual({ from: 2, remind: 6, reclaim: false })
    expect(grace(6, 8)).toEqual({ from: 0, remind: 7, reclaim: false })
  })

  it('does nothing when the clock went back', () => {
    expect(grace(0, -3)).toEqual({ from: 0, remind: null, reclaim: false })
  })

  it('charges down to seven days of what is stored', () => {
    expect(floorOf(100)).toBe(-16_800)
    expect(floorOf(0)).toBe(0)
  })
})

describe('an account without credits is at rest', () => {
  const settled: Depleted = {
    ...{ burnMicros: 100, floorMicros: floorOf(100), reclaimFrom: null, remindedDay: 0 },
    ...{ isAwake: false, ownsAnything: true },
  }
  const rests = (change: Partial<Depleted>, reclaim = false) =>
    isAtRest({ ...settled, ...change }, reclaim, at(7 * 24))

  it('once all is hibernated and the floor is what that comes to', () => {
    expect(rests({})).toBe(true)
    expect(rests({ isAwake: true })).toBe(false)
    expect(rests({ burnMicros: 101 })).toBe(false)
  })

  it('where things are deleted, between the reminders and when nothing is left', () => {
    expect(rests({}, true)).toBe(false)
    expect(rests({ reclaimFrom: at(0) })).toBe(false)
    expect(rests({ reclaimFrom: at(24), remindedDay: 6 }, true)).toBe(true)
    expect(rests({ reclaimFrom: at(0), remindedDay: 6 }, true)).toBe(false)
    expect(rests({ reclaimFrom: at(0), remindedDay: 7 }, true)).toBe(false)
    expect(rests({ reclaimFrom: at(0), remindedDay: 7, ownsAnything: false }, true)).toBe(true)
  })
})

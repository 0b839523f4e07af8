import { frequencies } from '@garrison/contract/snapshot-policies/frequencies'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Counts,
  latestSlot,
  nextSlot,
  type Schedule,
  slotToTake,
  snapshotName,
  type Taken,
  verdicts,
} from './rules.ts'

const none: Counts = { hourly: 0, daily: 0, weekly: 0, monthly: 0 }
const every = (counts: Partial<Counts>, offsetMinutes = 0): Schedule => ({
  counts: { ...none, ...counts },
  offsetMinutes,
})
const at = (text: string) => new Date(`${text}Z`)
const slot = (schedule: Schedule, after: string) => {
  const { at: next, frequency } = nextSlot(schedule, at(after))
  return `${frequency} ${next.toISOString().slice(0, 16)}`
}

describe('the next slot', () => {
  const all = every({ hourly: 24, daily: 7, weekly: 4, monthly: 12 })

  it.each([
    [all, '2026-01-10T09:30', 'hourly 2026-01-10T10:00'],
    [all, '2026-01-10T23:00', 'daily 2026-01-11T00:00'],
    // 2026-01-12 is a Monday.
    [all, '2026-01-11T23:59', 'weekly 2026-01-12T00:00'],
    [all, '2026-01-31T23:00', 'monthly 2026-02-01T00:00'],
    [all, '2026-12-31T23:30', 'monthly 2027-01-01T00:00'],
    [every({ daily: 1 }), '2026-01-10T00:00', 'daily 2026-01-11T00:00'],
    [every({ daily: 1 }, 210), '2026-01-10T03:29', 'daily 2026-01-10T03:30'],
    [every({ hourly: 1 }, 210), '2026-01-10T03:30', 'hourly 2026-01-10T04:30'],
    [every({ weekly: 1 }, 1439), '2026-01-12T00:00', 'weekly 2026-01-12T23:59'],
    [every({ monthly: 1 }, 60), '2028-02-01T00:30', 'monthly 2028-02-01T01:00'],
    [every({ monthly: 1 }, 60), '2028-02-01T01:00', 'monthly 2028-03-01T01:00'],
  ])('of %j after %s is %s', (schedule, after, expected) => {
    expect(slot(schedule, after)).toBe(expected)
  })
})

describe('after downtime', () => {
  const all = every({ hourly: 24, daily: 7, weekly: 4, monthly: 12 })

  it.each([
    ['one hour is missed', '2026-01-10T09:00', '2026-01-10T10:20', 'hourly 2026-01-10T10:00'],
    ['a midnight is missed', '2026-01-10T22:00', '2026-01-11T09:59', 'daily 2026-01-11T09:00'],
    ['a month begins', '2026-01-30T22:00', '2026-02-03T09:01', 'monthly 2026-02-03T09:00'],
    ['nothing is missed', '2026-01-10T10:00', '2026-01-10T10:00', 'hourly 2026-01-10T10:00'],
  ])('one snapshot does for all when %s', (_, due, now, expected) => {
    const taken = slotToTake(all, at(due), at(now))
    expect(`${taken.frequency} ${taken.at.toISOString().slice(0, 16)}`).toBe(expected)
  })
})

describe('what is kept', () => {
  const taken = (when: string, more: Partial<Taken> = {}): Taken => ({
    id: when,
    at: at(when),
    status: 'SUCCESS',
    pinned: false,
    ...more,
  })
  const verdict = (schedule: Schedule, ...all: Taken[]) =>
    verdicts(schedule, all).map(
      ({ snapshot, keep, reasons }) =>
        `${snapshot.id} ${keep ? 'stays' : 'goes'}: ${reasons.join(', ')}`,
    )

  it('is the newest of each frequency, each with its reason', () => {
    expect(
      verdict(
        every({ hourly: 2, daily: 2 }),
        taken('2026-01-09T00:00'),
        taken('2026-01-10T00:00'),
        taken('2026-01-11T00:00'),
        taken('2026-01-11T01:00'),
        taken('2026-01-11T02:00'),
        taken('2026-01-11T03:00'),
      ),
    ).toEqual([
      '2026-01-11T03:00 stays: hourly: 1 of 2, it is the newest good one',
      '2026-01-11T02:00 stays: hourly: 2 of 2',
      '2026-01-11T01:00 goes: it is not among the 2 newest hourly ones or the 2 newest daily ones',
      '2026-01-11T00:00 stays: daily: 1 of 2',
      '2026-01-10T00:00 stays: daily: 2 of 2',
      '2026-01-09T00:00 goes: it is not among the 2 newest hourly ones or the 2 newest daily ones',
    ])
  })

  it('is what was taken late, when the one in time failed', () => {
    expect(
      verdict(
        every({ daily: 1 }),
        taken('2026-01-10T00:00', { status: 'ERROR' }),
        taken('2026-01-10T01:00'),
      ),
    ).toEqual([
      '2026-01-10T01:00 stays: daily: 1 of 1, it is the newest good one',
      '2026-01-10T00:00 goes: it failed, and a later one is good',
    ])
  })

  it('is the last good one, however old, when the newer ones failed', () => {
    expect(
      verdict(
        every({ hourly: 1 }),
        taken('2026-01-01T00:00'),
        taken('2026-01-10T00:00', { status: 'ERROR' }),
        taken('2026-01-10T01:00', { status: 'CREATING' }),
      ),
    ).toEqual([
      '2026-01-10T01:00 stays: it is being taken',
      '2026-01-10T00:00 stays: it failed, and no later one is good yet',
      '2026-01-01T00:00 stays: hourly: 1 of 1, it is the newest good one',
    ])
  })

  it('is what is pinned', () => {
    const [, old] = verdict(
      every({ hourly: 1 }),
      taken('2025-01-01T00:00', { pinned: true }),
      taken('2026-01-10T01:00'),
    )
    expect(old).toBe('2025-01-01T00:00 stays: it is pinned')
  })
})

const schedules = fc
  .record({
    counts: fc.record({
      hourly: fc.nat(30),
      daily: fc.nat(10),
      weekly: fc.nat(5),
      monthly: fc.nat(5),
    }),
    offsetMinutes: fc.nat(1439),
  })
  .filter(({ counts }) => Object.values(counts).some((count) => count > 0))
const moments = fc.date({
  min: at('2024-01-01T00:00'),
  max: at('2030-01-01T00:00'),
  noInvalidDate: true,
})
const histories = fc.uniqueArray(
  fc.record({
    id: fc.uuid(),
    at: moments,
    status: fc.constantFrom('SUCCESS' as const, 'SUCCESS' as const, 'ERROR' as const),
    pinned: fc.boolean(),
  }),
  { selector: (each) => each.id, maxLength: 60 },
)

describe('for any policy', () => {
  it('slots follow one another, and none is between', () => {
    fc.assert(
      fc.property(schedules, moments, (schedule, after) => {
        const next = nextSlot(schedule, after).at
        expect(next.getTime()).toBeGreaterThan(after.getTime())
        expect(latestSlot(schedule, next)).toEqual(next)
        const before = new Date(next.getTime() - 1)
        expect(latestSlot(schedule, before).getTime()).toBeLessThanOrEqual(after.getTime())
      }),
    )
  })

  it('the slot that is taken is never in the future, nor before the one that was due', () => {
    fc.assert(
      fc.property(schedules, moments, fc.nat(100 * 86_400_000), (schedule, after, late) => {
        const due = nextSlot(schedule, after)
        const now = new Date(due.at.getTime() + late)
        const taken = slotToTake(schedule, due.at, now)
        expect(taken.at.getTime()).toBeLessThanOrEqual(now.getTime())
        expect(taken.at.getTime()).toBeGreaterThanOrEqual(due.at.getTime())
        const rank = frequencies.indexOf(taken.frequency)
        expect(rank).toBeGreaterThanOrEqual(frequencies.indexOf(due.frequency))
      }),
    )
  })

  it('what is pinned and the newest good one stay, and no more than the counts beside them', () => {
    fc.assert(
      fc.property(schedules, histories, (schedule, history) => {
        const all = verdicts(schedule, history)
        expect(all.map(({ snapshot }) => snapshot.id).sort()).toEqual(
          history.map(({ id }) => id).sort(),
        )
        const gone = all.filter(({ keep }) => !keep)
        expect(gone.filter(({ snapshot }) => snapshot.pinned)).toEqual([])
        const good = all.filter(({ snapshot }) => snapshot.status === 'SUCCESS')
        expect(good[0]?.keep ?? true).toBe(true)
        const counted = good.filter(({ keep, snapshot }) => keep && !snapshot.pinned)
        const most = Object.values(schedule.counts).reduce((sum, count) => sum + count, 0)
        expect(counted.length).toBeLessThanOrEqual(most + 1)
        expect(all.every(({ reasons }) => reasons.length > 0)).toBe(true)
      }),
    )
  })

  it('thinning out twice is the same as once', () => {
    fc.assert(
      fc.property(schedules, histories, (schedule, history) => {
        const left = verdicts(schedule, history)
          .filter(({ keep }) => keep)
          .map(({ snapshot }) => snapshot)
        expect(verdicts(schedule, left).filter(({ keep }) => !keep)).toEqual([])
      }),
    )
  })

  it('keeping more of something lets nothing go that would have stayed', () => {
    fc.assert(
      fc.property(schedules, histories, (schedule, history) => {
        const more = { ...schedule, counts: { ...schedule.counts, daily: 1000 } }
        const kept = (by: Schedule) =>
          verdicts(by, history).flatMap(({ keep, snapshot }) => (keep ? [snapshot.id] : []))
        expect(kept(more)).toEqual(expect.arrayContaining(kept(schedule)))
      }),
    )
  })
})

describe('the name of a snapshot', () => {
  const when = { at: at('2026-01-10T09:00'), frequency: 'daily' as const }

  it('tells machine, frequency and slot', () => {
    expect(snapshotName({ name: 'web-1', publicId: 'BRK-123456D' }, when)).toBe(
      'web-1-daily-2026-01-10T09-00Z',
    )
  })

  it('is short enough to be one, whatever the machine is called', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,49}$/),
        fc.constantFrom(...frequencies),
        (name, frequency) => {
          const named = snapshotName({ name, publicId: 'BRK-123456789D' }, { ...when, frequency })
          expect(named.length).toBeLessThanOrEqual(47)
          expect(named).toMatch(/^[A-Za-z0-9][A-Za-z0-9 ._-]*$/)
        },
      ),
    )
  })
})

import { afterEach, describe, expect, it } from 'vitest'
import { heardTime } from '../api/clock.ts'
import { costSoFar, countedUntil, snapshotCostNow, vmCostNow } from './cost.ts'
import type { Vm } from './vm.ts'

type Billing = Parameters<typeof costSoFar>[0]
type Record = Billing['records'][number]

const record = {
  start_time: '2026-01-10T09:00:00Z',
  end_time: null,
  total_duration_seconds: 60,
  hourly_rate: 0.36,
  currency: 'USD',
} as Record
const summary = { totalCost: 1, totalSeconds: 1_000 } as Billing['summary']
const at = Date.parse('2026-01-10T09:01:30Z')

describe('what a microVM costs', () => {
  const vm = { hourly_rate: 0.36, currency: 'USD' } as Vm
  it('now is its rate while it has memory, and nothing otherwise', () => {
    expect(vmCostNow({ ...vm, status: 'running' })).toBe('$0.36/h · $0.0060/min, by the second')
    expect(vmCostNow({ ...vm, status: 'suspended' })).toMatch(/^Nothing while it is suspended; \$0/)
    expect(vmCostNow({ ...vm, status: 'terminating' })).toBe('Nothing, it is ending')
    expect(vmCostNow({ ...vm, status: 'terminated' })).toBe('Nothing, it has ended')
  })

  it('so far goes on between two rounds of the meter', () => {
    const { cost, seconds } = costSoFar({ records: [record], summary }, at)
    expect(seconds).toBe(1_030)
    expect(cost).toBeCloseTo(1.003, 9)
  })

  it('so far does not fall back when it ends before the meter has passed by, and stays there', () => {
    const ended = { ...record, end_time: '2026-01-10T09:01:20Z' }
    for (const until of [at, at + 60_000]) {
      const { cost, seconds } = costSoFar({ records: [ended], summary }, until)
      expect(seconds).toBe(1_020)
      expect(cost).toBeCloseTo(1.002, 9)
    }
    const next = { ...record, start_time: '2026-01-10T09:01:25Z', total_duration_seconds: 0 }
    expect(costSoFar({ records: [next, ended], summary }, at).seconds).toBe(1_025)
  })

  it('so far is what the meter says when it has passed by, and with a clock that is behind', () => {
    const asSummed = { cost: 1, seconds: 1_000 }
    const ended = { ...record, end_time: '2026-01-10T09:01:00Z' }
    expect(costSoFar({ records: [ended], summary }, at)).toEqual(asSummed)
    const behind = Date.parse('2026-01-10T09:00:30Z')
    expect(costSoFar({ records: [record], summary }, behind)).toEqual(asSummed)
    expect(costSoFar({ records: [], summary }, at)).toEqual(asSummed)
  })
})

describe('until when it is counted', () => {
  const here = new Date(at)
  afterEach(() => heardTime(here.toUTCString(), at))

  it('is by the clock of the server, also when the one here is ahead or behind', () => {
    for (const wrong of [-7_200_000, 0, 7_200_000]) {
      heardTime(here.toUTCString(), at + wrong)
      const now = new Date(at + wrong + 10_000)
      expect(countedUntil(now, at + wrong)).toBe(at + 10_000)
    }
  })

  it('is no further than to the next answer, which may say that it has ended', () => {
    heardTime(here.toUTCString(), at)
    expect(countedUntil(new Date(at + 3_600_000), at)).toBe(at + 60_000)
  })
})

describe('what a snapshot costs', () => {
  const kept = { ...record, total_duration_seconds: null, hourly_rate: 0.0003 }
  it('now is by its bytes, if it is yours', () => {
    expect(snapshotCostNow({ type: 'user', status: 'ready' }, kept)).toBe(
      '$0.0003/h · $0.22 a month, until it is deleted',
    )
    expect(snapshotCostNow({ type: 'user', status: 'building' }, undefined)).toContain('before')
    expect(snapshotCostNow({ type: 'user', status: 'pending' }, undefined)).toContain('before')
    expect(snapshotCostNow({ type: 'system', status: 'ready' }, undefined)).toContain('public')
  })

  it('is nothing for one that failed or goes, and says why', () => {
    expect(snapshotCostNow({ type: 'user', status: 'failed' }, undefined)).toBe(
      'Nothing, it failed',
    )
    expect(snapshotCostNow({ type: 'user', status: 'deleting' }, kept)).toBe(
      'Nothing, it is being deleted',
    )
  })

  it('so far is by whole minutes', () => {
    expect(costSoFar({ records: [kept], summary }, at)).toEqual({ cost: 1, seconds: 1_000 })
  })
})

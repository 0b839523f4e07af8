import { describe, expect, it } from 'vitest'
import { costSoFar, snapshotCostNow, vmCostNow } from './cost.ts'
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
const at = new Date('2026-01-10T09:01:30Z')

describe('what a microVM costs', () => {
  const vm = { hourly_rate: 0.36, currency: 'USD' } as Vm
  it('now is its rate while it has memory, and nothing otherwise', () => {
    expect(vmCostNow({ ...vm, status: 'running' })).toBe('$0.36/h · $0.0060/min, by the second')
    expect(vmCostNow({ ...vm, status: 'suspended' })).toMatch(/^Nothing while it is suspended; \$0/)
    expect(vmCostNow({ ...vm, status: 'terminated' })).toBe('Nothing, it has ended')
  })

  it('so far goes on between two rounds of the meter', () => {
    const { cost, seconds } = costSoFar({ records: [record], summary }, at)
    expect(seconds).toBe(1_030)
    expect(cost).toBeCloseTo(1.003, 9)
  })

  it('so far stays where it ended, and with a clock that is behind', () => {
    const asSummed = { cost: 1, seconds: 1_000 }
    const ended = { ...record, end_time: '2026-01-10T09:01:00Z' }
    expect(costSoFar({ records: [ended], summary }, at)).toEqual(asSummed)
    const behind = new Date('2026-01-10T09:00:30Z')
    expect(costSoFar({ records: [record], summary }, behind)).toEqual(asSummed)
    expect(costSoFar({ records: [], summary }, at)).toEqual(asSummed)
  })
})

describe('what a snapshot costs', () => {
  const kept = { ...record, total_duration_seconds: null, hourly_rate: 0.0003 }
  it('now is by its bytes, if it is yours', () => {
    expect(snapshotCostNow({ type: 'user', status: 'ready' }, kept)).toBe(
      '$0.0003/h · $0.22 a month, until it is deleted',
    )
    expect(snapshotCostNow({ type: 'user', status: 'building' }, undefined)).toContain('before')
    expect(snapshotCostNow({ type: 'system', status: 'ready' }, undefined)).toContain('public')
  })

  it('so far is by whole minutes', () => {
    expect(costSoFar({ records: [kept], summary }, at)).toEqual({ cost: 1, seconds: 1_000 })
  })
})

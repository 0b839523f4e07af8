import { describe, expect, it } from 'vitest'
import { bannersOf, type Known } from './banner-words.ts'

const balance = {
  stage: 'ok',
  estimated_hours_left: null,
  runs_out_at: null,
  reclaims_at: null,
  balance: { amount: 2.5, currency: 'USD', formatted: '$2.50' },
} as unknown as NonNullable<Known['balance']>

const well: Known = {
  unreachable: false,
  balance,
  budget: undefined,
  readOnly: false,
  profileComplete: true,
  path: '/',
  simulated: false,
}
const keys = (change: Partial<Known>) => bannersOf({ ...well, ...change }).map(({ key }) => key)

describe('the lines above every page', () => {
  it('are none when all is well', () => {
    expect(keys({})).toEqual([])
  })

  it('warn of the end of credits, louder when it is near', () => {
    const at = (stage: 'low-24h' | 'low-1h', estimated_hours_left: number) =>
      bannersOf({ ...well, balance: { ...balance, stage, estimated_hours_left } })[0]
    expect(at('low-24h', 20)?.tone).toBe('warning')
    expect(at('low-1h', 0.5)).toMatchObject({ tone: 'problem', to: '/credits' })
    expect(at('low-1h', 0.5)?.words).toContain('$2.50 are left')
  })

  it('ask for the profile only where it is needed', () => {
    expect(keys({ profileComplete: false })).toEqual([])
    for (const path of ['/volumes', '/snapshots', '/snapshots/policies'])
      expect(keys({ profileComplete: false, path })).toEqual(['profile'])
  })

  it('put the gravest first', () => {
    const depleted = { ...balance, stage: 'depleted' as const }
    expect(keys({ simulated: true, readOnly: true, balance: depleted, unreachable: true })).toEqual(
      ['unreachable', 'depletion', 'read-only', 'simulated'],
    )
  })
})

import { describe, expect, it } from 'vitest'
import { sorted, whyNone } from './bulk.ts'

const running = { name: 'a', status: 'ACTIVE' as const }
const stopped = { name: 'b', status: 'SHUTOFF' as const }

describe('one action on several instances', () => {
  it('is done where the state allows it, and says why not elsewhere', () => {
    const { done, skipped } = sorted('stop', [running, stopped])
    expect(done).toEqual([running])
    expect(skipped).toEqual([
      { instance: stopped, why: 'Instance must be ACTIVE to stop; it is SHUTOFF' },
    ])
  })

  it('is offered as long as there is one that it can be done to', () => {
    expect(whyNone('start', [running, stopped])).toBeNull()
    expect(whyNone('restore', [running, stopped])).toContain('none')
  })
})

import type { Engine, Inventory } from '@garrison/engines/engine'
import { beforeEach, describe, expect, it } from 'vitest'
import { ManualClock } from '../clock.testing.ts'
import { createRegions } from './regions.ts'

let clock: ManualClock
let looks: number
let look: () => Promise<Inventory>
let regions: ReturnType<typeof createRegions>

beforeEach(() => {
  clock = new ManualClock()
  looks = 0
  look = async () => ({ hosts: [], publicAddresses: 0 })
  const engine = {
    inventory() {
      looks += 1
      return look()
    },
  }
  regions = createRegions({ engines: new Map([['A', engine as unknown as Engine]]), clock })
})

describe('the inventory', () => {
  it('is asked for once by callers at the same time', async () => {
    await Promise.all([regions.inventory('A'), regions.inventory('A')])
    expect(looks).toBe(1)
  })

  it('is asked for again when it is five seconds old', async () => {
    await regions.inventory('A')
    await clock.advance(4_999)
    await regions.inventory('A')
    expect(looks).toBe(1)
    await clock.advance(1)
    await regions.inventory('A')
    expect(looks).toBe(2)
  })

  it('that could not be had is asked for again at once', async () => {
    look = () => Promise.reject(new Error('away'))
    await expect(regions.inventory('A')).rejects.toThrow('away')
    look = async () => ({ hosts: [], publicAddresses: 0 })
    await expect(regions.inventory('A')).resolves.toEqual({ hosts: [], publicAddresses: 0 })
  })
})

describe('a region that this server does not run', () => {
  it('is refused, with what to do', () => {
    const refusal = expect.objectContaining({
      code: 'SERVICE_UNAVAILABLE',
      message: 'B is not configured on this server; add it to garrison.yaml (or start with --demo)',
    })
    expect(() => regions.engine('B')).toThrow(refusal)
    expect(() => regions.requireConfigured('B')).toThrow(refusal)
  })

  it('does not stand in the way of the others', () => {
    expect(() => regions.requireConfigured('A')).not.toThrow()
  })
})

import { describe, expect, test } from 'vitest'
import { freeAddresses, isInPools, sizeOf } from './address-pools.ts'

const pools = [
  { first: '192.0.2.254', last: '192.0.3.1' },
  { first: '198.51.100.7', last: '198.51.100.7' },
]
const all = ['192.0.2.254', '192.0.2.255', '192.0.3.0', '192.0.3.1', '198.51.100.7']

test('pools have each address of their ranges', () => {
  expect(sizeOf(pools)).toBe(5)
  expect([...freeAddresses(pools, new Set(), null)]).toEqual(all)
  expect(all.every((address) => isInPools(pools, address))).toBe(true)
  for (const outside of ['192.0.2.253', '192.0.3.2', '198.51.100.8'])
    expect(isInPools(pools, outside)).toBe(false)
})

test('no pool has none', () => {
  expect([...freeAddresses([], new Set(), null)]).toEqual([])
})

describe('the next address', () => {
  test('is none that is taken', () => {
    expect([...freeAddresses(pools, new Set(all.slice(0, 4)), null)]).toEqual(['198.51.100.7'])
    expect([...freeAddresses(pools, new Set(all), null)]).toEqual([])
  })

  test('is the one behind the last, going round', () => {
    expect([...freeAddresses(pools, new Set(), '192.0.3.1')]).toEqual([
      '198.51.100.7',
      ...all.slice(0, 4),
    ])
  })

  test('is the first where the last is in no pool any more', () => {
    expect(freeAddresses(pools, new Set(), '203.0.113.1').next().value).toBe('192.0.2.254')
  })
})

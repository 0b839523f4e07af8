import { describe, expect, it } from 'vitest'
import { addressPools, rangesOf } from './address-pools.ts'

const ranges = (...pools: unknown[]) => rangesOf(addressPools.parse(pools))
const complaints = (...pools: unknown[]) =>
  addressPools.safeParse(pools).error?.issues.map((issue) => [issue.path.join('.'), issue.message])

describe('a pool of public addresses', () => {
  it('is every address of a network, or a range with both ends', () => {
    expect(ranges({ cidr: '203.0.113.16/28' }, { range: '192.0.2.9-192.0.2.9' })).toEqual([
      { first: '203.0.113.16', last: '203.0.113.31' },
      { first: '192.0.2.9', last: '192.0.2.9' },
    ])
  })

  it('is without what it excludes', () => {
    const exclude = ['203.0.113.16', '203.0.113.20/30', '203.0.113.30 - 203.0.113.40']
    expect(ranges({ cidr: '203.0.113.16/28', exclude })).toEqual([
      { first: '203.0.113.17', last: '203.0.113.19' },
      { first: '203.0.113.24', last: '203.0.113.29' },
    ])
  })

  it.each([
    [{}, '0', 'either cidr or range'],
    [{ cidr: '203.0.113.16/28', range: '192.0.2.1-192.0.2.2' }, '0', 'either cidr or range'],
    [{ cidr: '203.0.113.17/28' }, '0.cidr', 'a network such as'],
    [{ cidr: '203.0.113.16' }, '0.cidr', 'a network such as'],
    [{ cidr: '2001:db8::/64' }, '0.cidr', 'a network such as'],
    [{ range: '192.0.2.9-192.0.2.1' }, '0.range', 'a range such as'],
    [{ range: '192.0.2.9-192.0.2.256' }, '0.range', 'a range such as'],
    [{ cidr: '203.0.113.16/28', exclude: ['all'] }, '0.exclude.0', 'an address, a network'],
    [{ cidr: '203.0.113.16/28', exclude: ['203.0.113.0/24'] }, '0', 'not excluded altogether'],
    [{ cidr: '10.0.0.0/8' }, '0', 'at most 65536 addresses'],
  ])('is refused as %j', (pool, path, message) => {
    const [first] = complaints(pool) ?? []
    expect(first).toEqual([path, expect.stringContaining(message)])
  })

  it('shares no address with another', () => {
    expect(complaints({ cidr: '192.0.2.0/24' }, { range: '192.0.2.255-192.0.3.4' })).toEqual([
      ['1', 'addresses that are not in address_pools.0 too'],
    ])
  })
})

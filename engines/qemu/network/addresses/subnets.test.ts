import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Cidr, chooseSubnet, formatCidr, nextFree, overlap, parseCidr } from './subnets.ts'

const cidr = (text: string): Cidr => parseCidr(text) ?? expect.fail(`${text} is no network`)

describe('a network in words', () => {
  test.each(['10.160.0.0/16', '0.0.0.0/0', '255.255.255.255/32'])(
    '%s reads as it is written',
    (text) => {
      expect(formatCidr(cidr(text))).toBe(text)
    },
  )

  test('loses what is beyond its prefix', () => {
    expect(formatCidr(cidr('10.1.2.3/8'))).toBe('10.0.0.0/8')
  })

  test('may be a single address', () => {
    expect(formatCidr(cidr('10.1.2.3'))).toBe('10.1.2.3/32')
  })

  test.each([
    'default',
    '',
    '10.0.0.0/33',
    '10.0.0/8',
    '10.0.0.0/8/8',
    '10.0.0.0/',
    'fd00::/8',
    '10.0.0.1; flush',
  ])('%j is none', (text) => {
    expect(parseCidr(text)).toBeNull()
  })
})

test('networks overlap when one contains the other, whichever is asked first', () => {
  const pairs: [string, string, boolean][] = [
    ['10.0.0.0/8', '10.160.0.0/16', true],
    ['10.160.0.0/16', '10.160.255.255/32', true],
    ['10.160.0.0/16', '10.161.0.0/16', false],
    ['0.0.0.0/0', '10.160.0.0/16', true],
  ]
  for (const [one, other, expected] of pairs) {
    expect(overlap(cidr(one), cidr(other)), `${one} and ${other}`).toBe(expected)
    expect(overlap(cidr(other), cidr(one)), `${other} and ${one}`).toBe(expected)
  }
})

describe('the choice of a subnet', () => {
  test('falls in the middle of 10.0.0.0/8 on an empty host', () => {
    const subnet = chooseSubnet('abc123', [])
    expect(subnet !== null && overlap(subnet, cidr('10.128.0.0/9'))).toBe(true)
  })

  test('never overlaps what is taken', () => {
    const taken = fc.array(
      fc.record({
        second: fc.nat(255),
        third: fc.nat(255),
        prefix: fc.integer({ min: 12, max: 32 }),
      }),
      { maxLength: 300 },
    )
    fc.assert(
      fc.property(fc.string(), taken, (mark, networks) => {
        const others = networks.map(({ second, third, prefix }) =>
          cidr(`10.${second}.${third}.0/${prefix}`),
        )
        const subnet = chooseSubnet(mark, others)
        expect(subnet === null || !others.some((other) => overlap(subnet, other))).toBe(true)
      }),
    )
  })

  test('goes elsewhere when all of 10.0.0.0/8 is routed', () => {
    const subnet = chooseSubnet('abc123', [cidr('10.0.0.0/8'), cidr('172.17.0.0/16')])
    expect(subnet !== null && overlap(subnet, cidr('172.16.0.0/12'))).toBe(true)
  })

  test('fails when everything is taken', () => {
    expect(chooseSubnet('abc123', [cidr('10.0.0.0/8'), cidr('172.16.0.0/12')])).toBeNull()
  })
})

describe('the next free number', () => {
  test('is the one after the last, going round', () => {
    expect(nextFree(1, new Set(), 2, 253)).toBe(2)
    expect(nextFree(2, new Set([3]), 2, 253)).toBe(4)
    expect(nextFree(254, new Set([2]), 2, 253)).toBe(3)
  })

  test('is none when all are taken', () => {
    expect(nextFree(2, new Set([2, 3, 4]), 2, 3)).toBeNull()
  })
})

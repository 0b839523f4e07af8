import { describe, expect, it } from 'vitest'
import { parseCidr } from './cidr.ts'

describe('a network', () => {
  it.each([
    ['0.0.0.0/0', 'IPv4', '0.0.0.0/0'],
    ['203.0.113.7/32', 'IPv4', '203.0.113.7/32'],
    ['203.0.113.7/24', 'IPv4', '203.0.113.0/24'],
    ['255.255.255.255/1', 'IPv4', '128.0.0.0/1'],
    ['::/0', 'IPv6', '::/0'],
    ['2001:DB8:0:0:1::7/128', 'IPv6', '2001:db8::1:0:0:7/128'],
    ['2001:db8:1234::1/32', 'IPv6', '2001:db8::/32'],
    ['::ffff:192.0.2.1/128', 'IPv6', '::ffff:c000:201/128'],
    ['1:2:3:4:5:6:7:8/127', 'IPv6', '1:2:3:4:5:6:7:8/127'],
    ['fe80::/10', 'IPv6', 'fe80::/10'],
  ])('%s is of %s, and written %s', (text, family, network) => {
    expect(parseCidr(text)).toEqual({ family, network })
  })

  it.each([
    ['', /such as/],
    ['anywhere', /such as/],
    ['10.0.0.0', /prefix length too; for this address alone, 10\.0\.0\.0\/32/],
    ['2001:db8::1', /2001:db8::1\/128/],
    ['256.0.0.0/8', /0 to 255/],
    ['010.0.0.0/8', /leading zeros/],
    ['10.0.0/8', /such as/],
    ['10.0.0.0.0/8', /such as/],
    ['10.0.0.0/33', /0 to 32/],
    ['10.0.0.0/-1', /0 to 32/],
    ['10.0.0.0/', /0 to 32/],
    ['10.0.0.0/08', /0 to 32/],
    ['10.0.0.0/8/8', /0 to 255|such as/],
    [' 10.0.0.0/8', /such as/],
    ['10.0.0.0/8; flush ruleset', /0 to 32/],
    ['2001:db8::/129', /0 to 128/],
    ['2001::db8::1/64', /Not an IPv6 network/],
    ['2001:db8:1/64', /Not an IPv6 network/],
    ['::1]#[/64', /Not an IPv6 network/],
    ['fe80::1%eth0/64', /Not an IPv6 network/],
  ])('is not what %j is, and it says why', (text, problem) => {
    expect(parseCidr(text)).toEqual({ problem: expect.stringMatching(problem) })
  })
})

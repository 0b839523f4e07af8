import { describe, expect, it } from 'vitest'
import { clientAddress, networkOf } from './addresses.ts'

describe('a client', () => {
  const trusted = ['127.0.0.1', '10.0.0.0/8', '::1']
  it.each([
    ['is the other end of the connection', '203.0.113.9', undefined, '203.0.113.9'],
    ['is not who a stranger says', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['is who a trusted proxy names', '127.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['is who it names last', '::ffff:127.0.0.1', '192.0.2.66, 198.51.100.1', '198.51.100.1'],
    ['is in front of all trusted ones', '::1', '198.51.100.1, 10.1.2.3', '198.51.100.1'],
    ['is the proxy, where it names nobody', '127.0.0.1', undefined, '127.0.0.1'],
    ['is the proxy, where it names nonsense', '127.0.0.1', 'unknown', '127.0.0.1'],
    ['is nobody without a connection', null, '198.51.100.1', null],
  ])('%s', (_, connection, forwarded, expected) => {
    expect(clientAddress(connection, forwarded, trusted)).toBe(expected)
  })
})

it('limits count an address, but with IPv6 the network', () => {
  expect(networkOf('203.0.113.9')).toBe('203.0.113.9')
  expect(networkOf('::ffff:203.0.113.9')).toBe('203.0.113.9')
  expect(networkOf('2001:db8:1:2:3:4:5:6')).toBe(networkOf('2001:db8:1:2:ffff::'))
  expect(networkOf('2001:db8:1:3::1')).not.toBe(networkOf('2001:db8:1:2::1'))
  expect(networkOf(null)).toBe('unknown')
})

import { expect, test } from 'vitest'
import { asNumber, ipv6AddressesOf, ipv6NetworkOf, parseIpv6Network } from './ipv6.ts'

const network = ipv6NetworkOf('abc123', 254)

test('a network is a /64 of the installation, which is a /48 of unique local addresses', () => {
  expect(network.installation).toMatch(/^fd[0-9a-f]{2}(:[0-9a-f]{1,4}){2}::\/48$/)
  const site = network.installation.replace('::/48', '')
  expect(network).toMatchObject({
    subnet: `${site}:fe::/64`,
    prefix: `${site}:fe::`,
    gateway: `${site}:fe::1`,
    host: `${site}:ff::1`,
  })
})

test('installations have different ones, always the same', () => {
  expect(ipv6NetworkOf('abc123', 1)).toEqual(ipv6NetworkOf('abc123', 1))
  expect(ipv6NetworkOf('abc124', 1).installation).not.toBe(network.installation)
})

test('a machine has the addresses that its kernel makes of its MAC', () => {
  expect(ipv6AddressesOf(network, '52:54:0a:a0:03:11')).toEqual({
    link: 'fe80::5054:aff:fea0:311',
    ip: `${network.prefix.slice(0, -1)}5054:aff:fea0:311`,
  })
})

test('an address is a number for the rules', () => {
  expect(asNumber('fe80::1')).toBe('0xfe800000000000000000000000000001')
  expect(asNumber('fd12:3:4:5:6:7:8:9')).toBe('0xfd120003000400050006000700080009')
})

test.each([
  ['2001:db8::/32', { address: '2001:db8::', prefix: 32 }],
  ['::/0', { address: '::', prefix: 0 }],
  ['fd00::1', { address: 'fd00::1', prefix: 128 }],
  ['fe80::1%eth0/64', null],
  ['2001:db8::/129', null],
  ['2001:db8::/', null],
  ['10.0.0.0/8', null],
  ['::1/64; flush', null],
])('%s is %j', (text, network) => {
  expect(parseIpv6Network(text)).toEqual(network)
})

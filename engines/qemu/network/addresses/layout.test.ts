import { expect, test } from 'vitest'
import { ipv6NetworkOf } from './ipv6.ts'
import { addressOf, macOf, networkOf } from './layout.ts'

const installation = { first: 0x0a_a0_00_00, prefix: 16 }

test('a network has its own /24, and names that carry the mark', () => {
  expect(networkOf('abc123', installation, 254)).toEqual({
    number: 254,
    netns: 'garrison-abc123-254',
    hostLink: 'gabc123-254',
    subnet: '10.160.254.0/24',
    gateway: '10.160.254.1',
    host: '10.160.255.1',
    installation: '10.160.0.0/16',
    hostOnlyPool: '10.160.255.2-10.160.255.254',
    ipv6: ipv6NetworkOf('abc123', 254),
    runFolder: '/run/garrison-abc123-networks/254',
  })
})

test('links of the longest marks have no more than the 15 characters that the kernel allows', () => {
  const { hostLink } = networkOf('abcdefgh', installation, 254)
  expect(hostLink.length).toBeLessThanOrEqual(15)
})

test('a machine has an address of the network', () => {
  expect(addressOf(networkOf('abc123', installation, 3), 17)).toEqual({
    ip: '10.160.3.17',
    prefix: 24,
    gateway: '10.160.3.1',
    mac: '52:54:0a:a0:03:11',
    ssh: { host: '10.160.3.17', port: 22 },
  })
})

test('MACs are unicast and locally administered', () => {
  const first = Number.parseInt(macOf('10.160.3.17').slice(0, 2), 16)
  expect(first & 0b11).toBe(0b10)
})

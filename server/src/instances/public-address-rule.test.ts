import { expect, it } from 'vitest'
import { getsPublicAddress } from './public-address-rule.ts'

const may = { publicAddress: true, publicAddressToggle: true }
const must = { publicAddress: true, publicAddressToggle: false }
const cannot = { publicAddress: false, publicAddressToggle: false }
const withPools = { name: 'LAN-1', address_pools: [{ cidr: '203.0.113.0/28' }] }
const hostOnly = { name: 'LOCAL-1', address_pools: [] }

it('gives an address where nothing is asked and it leads beyond the host', () => {
  expect(getsPublicAddress(withPools, may, undefined)).toBe(true)
  expect(getsPublicAddress(hostOnly, may, undefined)).toBe(false)
  expect(getsPublicAddress(withPools, cannot, undefined)).toBe(false)
})

it('does as it is asked where there is a choice', () => {
  expect(getsPublicAddress(withPools, may, false)).toBe(false)
  expect(getsPublicAddress(hostOnly, may, true)).toBe(true)
})

it('refuses to ask for what cannot be, and gives what every instance has', () => {
  expect(getsPublicAddress(hostOnly, must, undefined)).toBe(true)
  expect(() => getsPublicAddress(hostOnly, must, false)).toThrow(/Every instance/)
  expect(() => getsPublicAddress(hostOnly, cannot, true)).toThrow(/no public IPs/)
})

import { describe, expect, test } from 'vitest'
import { networkOf } from '../addresses/layout.ts'
import { tenantRules } from './tenant.ts'

const network = networkOf('abc123', { first: 0x0a_a0_00_00, prefix: 16 }, 3)
const rules = [
  {
    direction: 'ingress',
    ethertype: 'IPv4',
    protocol: 'tcp',
    portMin: 22,
    portMax: 22,
    cidr: '192.0.2.0/24',
  },
] as const

describe('the rules of a tenant', () => {
  test('replace what was there', () => {
    const { text } = tenantRules(network, [])
    for (const table of ['inet garrison', 'bridge garrison'])
      expect(text).toContain(`table ${table}\ndelete table ${table}\n`)
  })

  test('let a tap send as its own machine only', () => {
    const { text } = tenantRules(network, [{ machine: 17, rules: null, publicAddress: null }])
    expect(text).toContain('elements = { "tap17" . 52:54:0a:a0:03:11 }')
    expect(text).toContain('elements = { "tap17" . 52:54:0a:a0:03:11 . 10.160.3.17 }')
  })

  test('have no sets with empty braces, which nft refuses', () => {
    expect(tenantRules(network, []).text).not.toMatch(/\{\s*\}/)
  })

  test('ask a machine with a firewall before anything new reaches it', () => {
    const { text } = tenantRules(network, [{ machine: 17, rules, publicAddress: null }])
    expect(text).toContain(`  chain to_17 {
    ip saddr 192.0.2.0/24 meta l4proto 6 th dport 22-22 return
    counter drop
  }`)
    expect(text).toContain('oifname "br0" ip daddr vmap { 10.160.3.17 : jump to_17 }')
    expect(text).not.toContain('from_17')
  })

  test('are recognised by a hash, whatever the order of the machines', () => {
    const ports = [
      { machine: 2, rules: null, publicAddress: null },
      { machine: 3, rules, publicAddress: null },
    ]
    const { hash, text } = tenantRules(network, ports)
    expect(text).toContain(`comment "${hash}"`)
    expect(tenantRules(network, ports.toReversed()).hash).toBe(hash)
    expect(tenantRules(network, ports.slice(1)).hash).not.toBe(hash)
  })
})

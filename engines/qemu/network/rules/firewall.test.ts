import { describe, expect, test } from 'vitest'
import type { FirewallRule } from '../../../engine.ts'
import { firewallStatements } from './firewall.ts'

const rule = (change: Partial<FirewallRule> = {}): FirewallRule => ({
  direction: 'ingress',
  ethertype: 'IPv4',
  protocol: 'tcp',
  portMin: 22,
  portMax: 22,
  cidr: '0.0.0.0/0',
  ...change,
})

describe('a rule', () => {
  test.each<[Partial<FirewallRule>, string]>([
    [{}, 'meta nfproto ipv4 meta l4proto 6 th dport 22-22 return'],
    [{ cidr: '192.0.2.7/24' }, 'ip saddr 192.0.2.0/24 meta l4proto 6 th dport 22-22 return'],
    [
      { protocol: 'UDP', portMin: 9000, portMax: 9010 },
      'meta nfproto ipv4 meta l4proto 17 th dport 9000-9010 return',
    ],
    [{ protocol: 'udp', portMin: null, portMax: null }, 'meta nfproto ipv4 meta l4proto 17 return'],
    [{ protocol: 'icmp', portMin: null, portMax: null }, 'meta nfproto ipv4 meta l4proto 1 return'],
    [{ protocol: 'any', portMin: null, portMax: null }, 'meta nfproto ipv4 return'],
    [{ ethertype: 'IPv6', cidr: '::/0' }, 'meta nfproto ipv6 meta l4proto 6 th dport 22-22 return'],
    [
      { ethertype: 'IPv6', cidr: '2001:db8::/32' },
      'ip6 saddr 2001:db8::/32 meta l4proto 6 th dport 22-22 return',
    ],
    [
      { ethertype: 'IPv6', cidr: '::/0', protocol: 'ipv6-route', portMin: null, portMax: null },
      'meta nfproto ipv6 exthdr rt exists return',
    ],
  ])('%j allows what it names', (change, statement) => {
    expect(firewallStatements([rule(change)]).ingress).toEqual([statement])
  })

  test('about going out is about where to', () => {
    const { egress } = firewallStatements([rule({ direction: 'egress', cidr: '192.0.2.0/24' })])
    expect(egress).toEqual(['ip daddr 192.0.2.0/24 meta l4proto 6 th dport 22-22 return'])
  })

  test.each<[Partial<FirewallRule>, string]>([
    [{ ethertype: 'IPv6', cidr: '0.0.0.0/0' }, 'Not an IPv6 network'],
    [{ ethertype: 'IPv6', cidr: '::/0; flush ruleset' }, 'Not an IPv6 network'],
    [{ ethertype: 'IPv4', cidr: '::/0' }, 'Not an IPv4 network'],
    [{ cidr: '10.0.0.0/8; flush ruleset' }, 'Not an IPv4 network'],
    [{ protocol: 'tcp accept' }, 'Unknown protocol'],
    [{ protocol: 'constructor', portMin: null, portMax: null }, 'Unknown protocol'],
    [{ portMin: 0 }, 'Not a range of ports'],
    [{ portMin: 80, portMax: 22 }, 'Not a range of ports'],
    [{ portMax: null }, 'Not a range of ports'],
    [{ portMax: 65_536 }, 'Not a range of ports'],
    [{ protocol: 'icmp' }, 'cannot have ports'],
  ])('%j is refused', (change, message) => {
    expect(() => firewallStatements([rule(change)])).toThrow(message)
  })
})

describe('a rule set', () => {
  test('that says nothing about going out lets everything out', () => {
    expect(firewallStatements([rule()]).egress).toBeNull()
    expect(firewallStatements([])).toEqual({ ingress: [], egress: null })
  })

  test('that says something about going out lets out nothing else', () => {
    const { egress } = firewallStatements([rule({ direction: 'egress' })])
    expect(egress).toEqual(['meta nfproto ipv4 meta l4proto 6 th dport 22-22 return'])
  })
})

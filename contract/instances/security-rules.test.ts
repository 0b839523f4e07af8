import { describe, expect, it } from 'vitest'
import { protocolNames } from '../firewalls/protocols.ts'
import { describeIssues } from '../validation-words.ts'
import { DeploymentRequest } from './deployment.ts'
import { exampleRuleRequest, SecurityRuleRequest } from './security-rules.ts'

const rule = (change: Record<string, unknown> = {}) => ({ ...exampleRuleRequest, ...change })
const withoutPorts = { port_range_min: undefined, port_range_max: undefined }

const complaints = (body: unknown) =>
  describeIssues(SecurityRuleRequest.safeParse(body).error?.issues ?? [])

describe('a rule', () => {
  it.each([
    ['one port', {}],
    ['all ports', { port_range_min: 1, port_range_max: 65_535 }],
    ['UDP', { protocol: 'udp' }],
    ['ICMP', { protocol: 'icmp', ...withoutPorts }],
    ['egress', { direction: 'egress', remote_ip_prefix: '192.0.2.0/24' }],
    ['IPv6', { ethertype: 'IPv6', remote_ip_prefix: '2001:db8::/32' }],
    [
      'ICMP of IPv6',
      { protocol: 'icmpv6', ethertype: 'IPv6', remote_ip_prefix: '::/0', ...withoutPorts },
    ],
    ['a network with more bits than its prefix', { remote_ip_prefix: '192.0.2.7/24' }],
  ])('is taken about %s', (_, change) => {
    expect(complaints(rule(change))).toEqual({})
  })

  it.each(protocolNames)('is possible about %s, in one family at least', (protocol) => {
    const ports = protocol === 'tcp' || protocol === 'udp' ? {} : withoutPorts
    const inFamilies = ['IPv4', 'IPv6'].map((ethertype) => {
      const remote_ip_prefix = ethertype === 'IPv4' ? '0.0.0.0/0' : '::/0'
      return complaints(rule({ protocol, ethertype, remote_ip_prefix, ...ports }))
    })
    expect(inFamilies).toContainEqual({})
  })

  it.each<[string, Record<string, unknown>, Record<string, RegExp>]>([
    ['a port missing', { port_range_max: undefined }, { port_range_max: /Required with tcp/ }],
    [
      'both missing',
      { protocol: 'udp', ...withoutPorts },
      { port_range_min: /Required with udp/, port_range_max: /Required with udp/ },
    ],
    ['port 0', { port_range_min: 0 }, { port_range_min: /greater than or equal to 1/ }],
    ['port 65536', { port_range_max: 65_536 }, { port_range_max: /less than or equal to 65535/ }],
    ['half a port', { port_range_min: 1.5 }, { port_range_min: /valid integer/ }],
    ['a port in words', { port_range_min: 'ssh' }, { port_range_min: /valid integer/ }],
    [
      'a range that is upside down',
      { port_range_min: 81, port_range_max: 80 },
      { port_range_max: /not be less than/ },
    ],
    [
      'ports of ICMP',
      { protocol: 'icmp' },
      { port_range_min: /icmp takes no ports/, port_range_max: /icmp takes no ports/ },
    ],
    [
      'one port of SCTP',
      { protocol: 'sctp', port_range_max: undefined },
      { port_range_min: /takes no ports/ },
    ],
    ['an unknown protocol', { protocol: 'smtp' }, { protocol: /Not a valid choice/ }],
    ['a protocol in capitals', { protocol: 'TCP' }, { protocol: /Not a valid choice/ }],
    ['an unknown direction', { direction: 'in' }, { direction: /ingress, egress/ }],
    ['an unknown family', { ethertype: 'ipv4' }, { ethertype: /IPv4, IPv6/ }],
    ['no prefix length', { remote_ip_prefix: '10.0.0.0' }, { remote_ip_prefix: /10\.0\.0\.0\/32/ }],
    ['a part over 255', { remote_ip_prefix: '10.0.0.256/32' }, { remote_ip_prefix: /0 to 255/ }],
    ['a prefix over 32', { remote_ip_prefix: '10.0.0.0/33' }, { remote_ip_prefix: /0 to 32/ }],
    [
      'a prefix over 128',
      { ethertype: 'IPv6', remote_ip_prefix: '::/129' },
      { remote_ip_prefix: /0 to 128/ },
    ],
    [
      'a network of the other family',
      { remote_ip_prefix: '::/0' },
      { remote_ip_prefix: /is an IPv6/ },
    ],
    [
      'ICMP of the other family',
      { protocol: 'ipv6-icmp', ...withoutPorts },
      { protocol: /goes with IPv6 only/ },
    ],
    ['a network that is a number', { remote_ip_prefix: 10 }, { remote_ip_prefix: /valid string/ }],
    [
      'a network of 65 characters',
      { remote_ip_prefix: '1'.repeat(65) },
      { remote_ip_prefix: /64/ },
    ],
  ])('is refused with %s', (_, change, expected) => {
    const found = complaints(rule(change))
    expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort())
    for (const [field, words] of Object.entries(expected))
      expect(found[field]?.join(' ')).toMatch(words)
  })

  it('is told all that is wrong with it at once', () => {
    expect(Object.keys(complaints({ protocol: 'tcp', port_range_min: 0 })).sort()).toEqual([
      'direction',
      'ethertype',
      'port_range_max',
      'port_range_min',
      'remote_ip_prefix',
    ])
  })

  it.each([[null], [[]], ['text']])('is not %j', (body) => {
    expect(complaints(body)).toEqual({
      non_field_errors: ['Invalid data. Expected a JSON object.'],
    })
  })

  it('of a deployment is told by its place', () => {
    const security_rules = [rule(), rule({ port_range_max: undefined })]
    const { error } = DeploymentRequest.safeParse({
      vm_name: 'web-1',
      region: 'LOCAL-1',
      flavor: 'cpu-small',
      os_image: 'garrison-small',
      ssh_key_ids: ['BRK-100001K'],
      security_rules,
    })
    expect(Object.keys(describeIssues(error?.issues ?? []))).toEqual([
      'security_rules.1.port_range_max',
    ])
  })
})

/**
 * A user's firewall rules as statements of nftables.
 *
 * Rules allow. What comes in needs one as soon as there is a rule set, even an empty one. What goes
 * out needs one only when the set says anything about going out: whoever opens a port to the world
 * does not mean to cut their machine off from it.
 *
 * The statements end in `return`: allowed as far as this machine is concerned, since the other end may
 * be a machine with rules of its own. A set is for both families: what no rule names is closed in IPv6
 * too, whichever family the rules are about.
 */
import { type FirewallRule, UnsupportedError } from '../../../engine.ts'
import { parseIpv6Network } from '../addresses/ipv6.ts'
import { formatCidr, parseCidr } from '../addresses/subnets.ts'

/** Numbers of the IANA. */
const PROTOCOLS: ReadonlyMap<string, number> = new Map([
  ['ah', 51],
  ['dccp', 33],
  ['egp', 8],
  ['esp', 50],
  ['gre', 47],
  ['hopopt', 0],
  ['icmp', 1],
  ['icmpv6', 58],
  ['igmp', 2],
  ['ipip', 4],
  ['ipv6-encap', 41],
  ['ipv6-frag', 44],
  ['ipv6-icmp', 58],
  ['ipv6-nonxt', 59],
  ['ipv6-opts', 60],
  ['ipv6-route', 43],
  ['ospf', 89],
  ['pgm', 113],
  ['rsvp', 46],
  ['sctp', 132],
  ['tcp', 6],
  ['udp', 17],
  ['udplite', 136],
  ['vrrp', 112],
])
/** Of IPv6 they are headers on the way to the protocol, not the protocol itself. */
const HEADERS: ReadonlyMap<string, string> = new Map([
  ['hopopt', 'hbh'],
  ['ipv6-frag', 'frag'],
  ['ipv6-opts', 'dst'],
  ['ipv6-route', 'rt'],
])
const WITH_PORTS = new Set(['tcp', 'udp', 'sctp', 'dccp', 'udplite'])
const ANY = new Set(['any', 'ip'])

/** Throws {@link UnsupportedError} naming what cannot be enforced. */
export function firewallStatements(rules: readonly FirewallRule[]): {
  ingress: string[]
  /** `null`: everything may go out. */
  egress: string[] | null
} {
  const statements = (direction: FirewallRule['direction']) =>
    rules.filter((rule) => rule.direction === direction).map(statementOf)
  const filtersEgress = rules.some((rule) => rule.direction === 'egress')
  return { ingress: statements('ingress'), egress: filtersEgress ? statements('egress') : null }
}

function statementOf(rule: FirewallRule): string {
  return [peerMatch(rule), protocolMatch(rule), 'return'].filter((part) => part !== '').join(' ')
}

function peerMatch({ cidr, direction, ethertype }: FirewallRule): string {
  const field = direction === 'ingress' ? 'saddr' : 'daddr'
  if (ethertype === 'IPv6') {
    const peer = parseIpv6Network(cidr)
    if (peer === null) throw new UnsupportedError(`Not an IPv6 network in a firewall rule: ${cidr}`)
    const { address, prefix } = peer
    return prefix === 0 ? 'meta nfproto ipv6' : `ip6 ${field} ${address}/${prefix}`
  }
  const peer = parseCidr(cidr)
  if (peer === null) throw new UnsupportedError(`Not an IPv4 network in a firewall rule: ${cidr}`)
  return peer.prefix === 0 ? 'meta nfproto ipv4' : `ip ${field} ${formatCidr(peer)}`
}

function protocolMatch({ protocol: name, portMin, portMax, ethertype }: FirewallRule): string {
  const protocol = name.toLowerCase()
  const number = PROTOCOLS.get(protocol)
  if (number === undefined && !ANY.has(protocol))
    throw new UnsupportedError(`Unknown protocol in a firewall rule: ${name}`)
  const header = ethertype === 'IPv6' ? HEADERS.get(protocol) : undefined
  if (header !== undefined && portMin === null && portMax === null) return `exthdr ${header} exists`
  if (portMin === null && portMax === null)
    return number === undefined ? '' : `meta l4proto ${number}`
  if (!WITH_PORTS.has(protocol))
    throw new UnsupportedError(`A firewall rule for ${name} cannot have ports`)
  if (!isPort(portMin) || !isPort(portMax) || portMin > portMax)
    throw new UnsupportedError(`Not a range of ports in a firewall rule: ${portMin} to ${portMax}`)
  return `meta l4proto ${number} th dport ${portMin}-${portMax}`
}

function isPort(port: number | null): port is number {
  return Number.isInteger(port) && port !== null && port >= 1 && port <= 65_535
}

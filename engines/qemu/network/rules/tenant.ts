/**
 * The rules inside a tenant's network namespace, as one text that replaces what was there in a single
 * transaction. They are made from the records as a whole, never patched: what the records do not say
 * is not there, and there is no moment without rules.
 *
 * At the bridge, a frame of a machine passes only when it comes from that machine's tap with its MAC
 * and its addresses, and speaks of no other as its own. Everything that is neither IP nor ARP is dropped.
 * A tap that is in no record lets nothing through.
 *
 * Among machines of one tenant there is no bridging at all: their ports are isolated, the gateway
 * answers ARP in their stead, and what they send one another is routed through the forward chain like
 * everything else. (For IPv6 it says that nobody but itself is to be found on the link.) The usual alternative, br_netfilter, is a module that some kernels lack, and loading
 * it changes how the bridges of everybody else on the host (Docker, libvirt) treat packets.
 *
 * In the forward chain only answers pass without being asked about. What a connection's first side
 * sends is compared with the rules packet by packet, so that taking a rule away ends the connections
 * that it allowed, without touching others.
 *
 * A public address is translated one to one. Rules see the machine's own address and the real one of the
 * other side. The kernel goes on translating the connections of an address that was taken back, so each
 * packet that was translated is compared with the addresses that are in force.
 */
import type { FirewallRule } from '../../../engine.ts'
import { asNumber, ipv6AddressesOf } from '../addresses/ipv6.ts'
import { addressOf, BRIDGE, type Network, tapOf, UPLINK } from '../addresses/layout.ts'
import { firewallStatements } from './firewall.ts'
import { type RuleSet, ruleSet } from './rule-set.ts'

/** The namespace is the tenant's alone, so its tables need no mark. */
const TABLE = 'garrison'

export type Port = {
  /** Number of the machine within the network. */
  readonly machine: number
  readonly rules: readonly FirewallRule[] | null
  readonly publicAddress: string | null
}

/** @param ports Machines that have a tap. */
export function tenantRules(network: Network, ports: readonly Port[]): RuleSet {
  const sorted = [...ports].sort((one, other) => one.machine - other.machine)
  const body = `${guard(network, sorted)}\n${filter(network, sorted)}`
  return ruleSet([`inet ${TABLE}`, `bridge ${TABLE}`], body)
}

function guard(network: Network, ports: readonly Port[]): string {
  const known = ports.map(({ machine }) => ({
    tap: tapOf(machine),
    ...addressOf(network, machine),
    ipv6: ipv6Of(network, machine),
  }))
  const macs = known.map(({ tap, mac }) => `"${tap}" . ${mac}`)
  const addresses = known.map(({ tap, mac, ip }) => `"${tap}" . ${mac} . ${ip}`)
  const addresses6 = known.flatMap(({ tap, mac, ipv6 }) =>
    [ipv6.link, ipv6.ip].map((ip) => `"${tap}" . ${mac} . ${ip}`),
  )
  // Where an advertisement says whose address it is; older versions of nft have no name for the place.
  const advertised = known.map(
    ({ tap, ipv6 }) =>
      `\n    iifname "${tap}" @th,64,128 { ${asNumber(ipv6.link)}, ${asNumber(ipv6.ip)} } accept`,
  )
  return `table bridge ${TABLE} {
  set macs {
    type ifname . ether_addr${elements(macs)}
  }
  set addresses {
    type ifname . ether_addr . ipv4_addr${elements(addresses)}
  }
  set addresses6 {
    type ifname . ether_addr . ipv6_addr${elements(addresses6)}
  }
  chain prerouting {
    type filter hook prerouting priority -300; policy drop;
    iifname . ether saddr != @macs counter drop comment "foreign MAC"
    ether type arp jump from_arp
    ether type ip jump from_ip
    ether type ip6 jump from_ip6
    counter drop comment "neither IP nor ARP"
  }
  chain from_arp {
    iifname . arp saddr ether . arp saddr ip @addresses accept
    arp saddr ip 0.0.0.0 iifname . arp saddr ether @macs accept comment "is this address taken?"
    counter drop comment "foreign address in ARP"
  }
  chain from_ip {
    udp sport 67 counter drop comment "DHCP server"
    iifname . ether saddr . ip saddr @addresses accept
    ip saddr 0.0.0.0 ip daddr 255.255.255.255 udp sport 68 udp dport 67 accept
    counter drop comment "foreign address"
  }
  chain from_ip6 {
    icmpv6 type { nd-router-advert, nd-redirect } counter drop comment "router"
    udp sport 547 counter drop comment "DHCPv6 server"
    ip6 saddr :: icmpv6 type { nd-neighbor-solicit, nd-router-solicit, mld2-listener-report } accept
    iifname . ether saddr . ip6 saddr != @addresses6 counter drop comment "foreign address in IPv6"
    icmpv6 type nd-neighbor-advert jump from_advertiser
    accept
  }
  chain from_advertiser {${advertised.join('')}
    counter drop comment "foreign address in neighbour discovery"
  }
}`
}

function filter(network: Network, ports: readonly Port[]): string {
  const [ingress, egress]: [string[], string[]] = [[], []]
  const [ingress6, egress6]: [string[], string[]] = [[], []]
  const chains: string[] = []
  for (const { machine, rules } of ports) {
    if (rules === null) continue
    const { ip } = addressOf(network, machine)
    const allowed = firewallStatements(rules)
    const { ip: ip6 } = ipv6Of(network, machine)
    ingress.push(`${ip} : jump to_${machine}`)
    ingress6.push(`${ip6} : jump to_${machine}`)
    chains.push(allowList(`to_${machine}`, allowed.ingress))
    if (allowed.egress === null) continue
    egress.push(`${ip} : jump from_${machine}`)
    egress6.push(`${ip6} : jump from_${machine}`)
    chains.push(allowList(`from_${machine}`, allowed.egress))
  }
  const translated = translations(network, ports)
  return `table inet ${TABLE} {${chains.join('')}
  set public {
    type ipv4_addr . ipv4_addr${elements(translated.map(({ outside, inside }) => `${outside} . ${inside}`))}
  }
  chain translated {
    ct status dnat ct direction original ct original ip daddr . ip daddr != @public counter drop comment "released address"
    ct status dnat ct direction reply ct original ip daddr . ip saddr != @public counter drop comment "answer from a released address"
    ct status snat ct direction original ct reply ip daddr . ip saddr != @public counter drop comment "from a released address"
    ct status snat ct direction reply ct reply ip daddr . ip daddr != @public counter drop comment "answer to a released address"
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state invalid counter drop
    ct status snat,dnat jump translated
    ct state related accept
    ct state established ct direction reply accept
    iifname "${BRIDGE}" ip daddr 169.254.0.0/16 counter drop comment "metadata service"
    iifname "${BRIDGE}" oifname != "${BRIDGE}" ip daddr ${network.installation} ip daddr != ${network.hostOnlyPool} counter drop comment "another tenant or the host"
    iifname "${BRIDGE}" oifname != "${BRIDGE}" ip6 daddr ${network.ipv6.installation} counter drop comment "another tenant or the host in IPv6"${lookUp(`iifname "${BRIDGE}" ip saddr vmap`, egress)}${lookUp(`iifname "${BRIDGE}" ip6 saddr vmap`, egress6)}${lookUp(`oifname "${BRIDGE}" ip daddr vmap`, ingress)}${lookUp(`oifname "${BRIDGE}" ip6 daddr vmap`, ingress6)}
    iifname "${BRIDGE}" oifname { "${BRIDGE}", "${UPLINK}" } accept
    iifname "${UPLINK}" oifname "${BRIDGE}" accept
    counter drop
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    ct state established,related accept
    iifname "${BRIDGE}" udp dport { 53, 67 } accept
    iifname "${BRIDGE}" tcp dport 53 accept
    iifname "${BRIDGE}" icmp type echo-request accept
    iifname "${BRIDGE}" icmpv6 type { echo-request, nd-router-solicit } accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept
    counter drop comment "services of the gateway"
  }
  chain output {
    type filter hook output priority filter; policy accept;
    icmpv6 type nd-redirect drop comment "machines do not find one another on the link"
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;${lookUp(
      'dnat ip to ip daddr map',
      translated.map(({ outside, inside }) => `${outside} : ${inside}`),
    )}
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;${lookUp(
      `oifname "${UPLINK}" snat ip to ip saddr map`,
      translated.map(({ outside, inside }) => `${inside} : ${outside}`),
    )}${lookUp(
      // A machine that asks for its own public address would not take an answer from itself.
      `oifname "${BRIDGE}" snat ip to ip saddr . ip daddr map`,
      translated.map(({ outside, inside }) => `${inside} . ${inside} : ${outside}`),
    )}
  }
}`
}

function ipv6Of(network: Network, machine: number) {
  return ipv6AddressesOf(network.ipv6, addressOf(network, machine).mac)
}

function translations(network: Network, ports: readonly Port[]) {
  return ports.flatMap(({ machine, publicAddress: outside }) =>
    outside === null ? [] : [{ outside, inside: addressOf(network, machine).ip }],
  )
}

function allowList(chain: string, statements: readonly string[]): string {
  return `
  chain ${chain} {
${[...statements, 'counter drop'].map((statement) => `    ${statement}`).join('\n')}
  }`
}

function elements(items: readonly string[]): string {
  return items.length === 0 ? '' : `\n    elements = { ${items.join(', ')} }`
}

function lookUp(statement: string, items: readonly string[]): string {
  return items.length === 0 ? '' : `\n    ${statement} { ${items.join(', ')} }`
}

/** What a microVM may reach, as rules of nftables in its own network namespace, and names for its DNS. */
import { isIPv4 } from 'node:net'
import { type EgressPolicy, NOT_INTERNET, UnsupportedError } from '../../engine.ts'
import { formatCidr, parseCidr } from '../network/addresses/subnets.ts'
import { type RuleSet, ruleSet } from '../network/rules/rule-set.ts'
import { TAP, UPLINK } from './layout.ts'

/** The same in every machine; the agent sets it up. */
export const INNER = '172.31.255.2'
export const INNER_GATEWAY = '172.31.255.1'
export const GATEWAY_MAC = '52:54:00:31:ff:01'

const TABLE = 'inet garrison'
/** Drops what comes from a machine, in silence: it takes itself to be on a line that loses packets. */
export const SHUT_TABLE = 'inet shut'
export const SHUT_RULES = `table ${SHUT_TABLE} {
  chain prerouting {
    type filter hook prerouting priority raw; policy accept;
    iifname "${TAP}" drop
  }
}
`
/** Where dnsmasq puts the addresses of the names that are allowed. */
export const NAMES_SET = '4#inet#garrison#named'

export const PACKAGE_REGISTRIES = [
  ...['deb.debian.org', 'security.debian.org', 'archive.ubuntu.com', 'security.ubuntu.com'],
  ...['dl-cdn.alpinelinux.org', 'pypi.org', 'files.pythonhosted.org', 'registry.npmjs.org'],
]

/** Throws {@link UnsupportedError}, in words for whoever asked, for what cannot be enforced. */
export function requireEnforceable({ cidrs, domains }: EgressPolicy): void {
  for (const cidr of cidrs)
    if (parseCidr(cidr) === null || !isIPv4(cidr.split('/')[0] ?? ''))
      throw new UnsupportedError(`Not an IPv4 network such as 203.0.113.0/24: ${cidr}`)
  for (const domain of domains)
    if (!/^(\*\.)?([a-z0-9-]{1,63}\.)*[a-z0-9-]{1,63}$/i.test(domain) || domain.length > 253)
      throw new UnsupportedError(`Not a name such as example.com or *.example.com: ${domain}`)
  if (cidrs.length > 100 || domains.length > 100)
    throw new UnsupportedError('At most 100 networks and 100 names can be allowed')
}

/** Names that are asked for and nothing else; `null`: any. */
export function namesOf({ open, http, https, packageManagers, domains }: EgressPolicy) {
  if (open || http || https) return null
  const named = domains.map((domain) => domain.replace(/^\*\./, '').toLowerCase())
  return [...new Set([...named, ...(packageManagers ? PACKAGE_REGISTRIES : [])])]
}

/** Names whose addresses are reached whatever port. */
export function allowedNames({ packageManagers, domains }: EgressPolicy): string[] {
  const named = domains.map((domain) => domain.replace(/^\*\./, '').toLowerCase())
  return [...new Set([...named, ...(packageManagers ? PACKAGE_REGISTRIES : [])])]
}

/** Whether it takes a DNS at all. */
export function asksNames(policy: EgressPolicy): boolean {
  return namesOf(policy) === null || allowedNames(policy).length > 0
}

export function egressRules(policy: EgressPolicy, outer: string): RuleSet {
  const cidrs = policy.cidrs.flatMap((cidr) => {
    const network = parseCidr(cidr)
    return network === null ? [] : [`ip daddr ${formatCidr(network)} accept`]
  })
  const rules = [
    ...cidrs,
    `ip daddr { ${NOT_INTERNET.join(', ')} } counter reject with icmp type admin-prohibited`,
    ...(policy.open ? ['accept'] : []),
    'ip daddr @named accept',
    ...(policy.http ? ['tcp dport 80 accept'] : []),
    ...(policy.https ? ['tcp dport 443 accept'] : []),
    'counter reject with icmp type admin-prohibited',
  ]
  // What goes out is asked about packet by packet, so that a policy which closes cuts what was open.
  return ruleSet(
    [TABLE],
    `table ${TABLE} {
  set named {
    type ipv4_addr
    size 65535
  }
  chain out {
    ip saddr != ${INNER} counter drop
    ct direction reply accept
    ${rules.join('\n    ')}
  }
  chain forward {
    type filter hook forward priority filter; policy drop;
    iifname "${TAP}" oifname "${UPLINK}" jump out
    iifname "${UPLINK}" oifname "${TAP}" accept
  }
  chain input {
    type filter hook input priority filter; policy drop;
    iifname "lo" accept
    iifname "${UPLINK}" ct state established,related accept
    iifname "${TAP}" ip saddr ${INNER} ip daddr ${INNER_GATEWAY} meta l4proto { tcp, udp } th dport 53 accept
  }
  chain prerouting {
    type nat hook prerouting priority dstnat; policy accept;
    iifname "${UPLINK}" ip daddr ${outer} dnat ip to ${INNER}
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    oifname "${UPLINK}" ip saddr ${INNER} snat ip to ${outer}
  }
}`,
  )
}

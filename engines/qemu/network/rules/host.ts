/**
 * The installation's rules on the host itself, in a table of its own beside whatever the host has.
 *
 * Machines may go out to the internet and to the host's LAN behind the host's address. They reach
 * neither one another across tenants, nor anything that the host itself answers to, including what it
 * publishes for its containers. Nobody but the host opens connections to them, except to public
 * addresses: those of the host alone are for the host and all machines, those of pools for everybody.
 *
 * A public address that nobody has is not asked for elsewhere: whoever called a machine there must not
 * find somebody else.
 *
 * A drop here is final, an accept is not: another table of the host may still drop what this one lets
 * through. Every rule is about links with the mark: where an installation was deleted by hand, the table
 * that is left does nothing.
 */
import { linkPrefix, tableOf } from '../addresses/layout.ts'
import { type RuleSet, ruleSet } from './rule-set.ts'

/** In force on this host. `routed`: of a pool, and so to be found from beyond the host. */
export type PublicAddress = { readonly ip: string; readonly routed: boolean }

/** @param own What is the installation's: its subnet, and what of that are public addresses; as nft has them. */
export function hostRules(
  mark: string,
  { installation, hostOnlyPool }: { installation: string; hostOnlyPool: string },
  publicAddresses: readonly PublicAddress[],
): RuleSet {
  const sorted = publicAddresses.toSorted((one, other) => (one.ip < other.ip ? -1 : 1))
  const everywhere = sorted.filter(({ routed }) => routed)
  const machines = `"${linkPrefix(mark)}*"`
  const table = `inet ${tableOf(mark)}`
  return ruleSet(
    [table],
    `table ${table} {
  set public {
    type ipv4_addr${elements(sorted)}
  }
  set routed {
    type ipv4_addr${elements(everywhere)}
  }
  chain from_machines {
    meta nfproto != ipv4 counter drop
    ip saddr != ${installation} ip saddr != @routed counter drop comment "foreign address"
    ct state related accept
    ct state established ct direction reply accept
    ip daddr @public accept
    ip daddr { ${installation}, 169.254.0.0/16 } counter drop
    oifname ${machines} counter drop comment "another tenant"
    ct direction original ct status dnat counter drop comment "published by the host"
  }
  chain to_machines {
    ct state related accept
    ct state established ct direction reply accept
    ip daddr @routed accept
    counter drop comment "from beyond the host"
  }
  chain forward {
    type filter hook forward priority filter - 10; policy accept;
    iifname ${machines} jump from_machines
    oifname ${machines} jump to_machines
  }
  chain input {
    type filter hook input priority filter - 10; policy accept;
    iifname ${machines} icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept
    iifname ${machines} ct state established,related accept
    iifname ${machines} counter drop comment "services of the host"
  }
  chain output {
    type filter hook output priority filter; policy accept;
    ip daddr ${hostOnlyPool} oifname != ${machines} reject with icmp type host-unreachable
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    iifname ${machines} oifname != ${machines} ip saddr != @routed masquerade
  }
}`,
  )
}

function elements(addresses: readonly PublicAddress[]): string {
  if (addresses.length === 0) return ''
  return `\n    elements = { ${addresses.map(({ ip }) => ip).join(', ')} }`
}

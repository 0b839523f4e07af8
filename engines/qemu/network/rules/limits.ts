/**
 * How many connections a machine may have, in and out. All machines share the kernel's one table of
 * connections with the host, and a full table is the end of everybody's network.
 *
 * In a table of its own, which stays when a machine's rules are replaced: a count that began anew each time
 * would be no limit for whoever changes their rules often.
 */
import { readFile } from 'node:fs/promises'
import { BRIDGE } from '../addresses/layout.ts'
import { type RuleSet, ruleSet } from './rule-set.ts'

const TABLE = 'inet garrison_limits'
/** Of the kernel's table. */
const SHARE = 16
const AT_LEAST = 1_024
/** Of two families; more than a network has machines, since an address may linger for a moment. */
const ADDRESSES = 1_024

/** Each way. */
export async function connectionsPerMachine(): Promise<number> {
  // The module may not be loaded before the first rule needs it.
  const text = await readFile('/proc/sys/net/netfilter/nf_conntrack_max', 'utf8').catch(() => '')
  return Math.max(AT_LEAST, Math.floor((Number(text) || 0) / SHARE))
}

export function limitRules(connections: number): RuleSet {
  const set = (name: string, type: string) => `
  set ${name} {
    type ${type}
    size ${ADDRESSES}
    flags dynamic
  }`
  const limit = (link: string, name: string, key: string) =>
    `\n    ct state new ${link} "${BRIDGE}" add @${name} { ${key} ct count over ${connections} } counter drop comment "too many connections"`
  return ruleSet(
    [TABLE],
    `table ${TABLE} {${set('from_ip', 'ipv4_addr')}${set('to_ip', 'ipv4_addr')}${set('from_ip6', 'ipv6_addr')}${set('to_ip6', 'ipv6_addr')}
  chain forward {
    type filter hook forward priority filter - 5; policy accept;${[
      limit('iifname', 'from_ip', 'ip saddr'),
      limit('oifname', 'to_ip', 'ip daddr'),
      limit('iifname', 'from_ip6', 'ip6 saddr'),
      limit('oifname', 'to_ip6', 'ip6 daddr'),
    ].join('')}
  }
}`,
  )
}

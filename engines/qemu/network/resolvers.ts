/** The name servers that the host itself asks, for the machines' DNS to ask in turn. */
import { isIPv4 } from 'node:net'
import { readIfThere } from '../records/durable-files.ts'

const USUAL = '/etc/resolv.conf'
/** Where systemd-resolved says whom it asks, when the usual file points to itself. */
const BEHIND_STUB = '/run/systemd/resolve/resolv.conf'

/** IPv4 addresses that can be reached from beside the host; possibly none. */
export async function readResolvers(): Promise<string[]> {
  const usual = reachableResolvers((await readIfThere(USUAL)) ?? '')
  return usual.length > 0 ? usual : reachableResolvers((await readIfThere(BEHIND_STUB)) ?? '')
}

/** `127.0.0.53` and its like are the host's own, where a network namespace finds nobody. */
export function reachableResolvers(resolvConf: string): string[] {
  const servers = resolvConf
    .split('\n')
    .map((line) => /^\s*nameserver\s+(\S+)/.exec(line)?.[1] ?? '')
    .filter((server) => isIPv4(server) && !server.startsWith('127.') && server !== '0.0.0.0')
  return [...new Set(servers)]
}

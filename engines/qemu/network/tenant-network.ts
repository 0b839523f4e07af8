/**
 * A tenant's network on this host:
 *
 *      host                        network namespace garrison-<mark>-<n>
 *     ┌────────────────────┐      ┌────────────────────────────────────────────┐
 *     │ g<mark>-<n> ═══════╪══════╪═ up0       br0 (gateway) ═╦═ tap2 ── QEMU   │
 *     │ host's address /32 │ veth │        dnsmasq            ╠═ tap3 ── QEMU   │
 *     │ route to the /24   │      │        nftables           ╚═ ...            │
 *     │ and to each public │      │                                            │
 *     │ address            │      │                                            │
 *     └────────────────────┘      └────────────────────────────────────────────┘
 *
 * Everything is made by looking at what is there and adding what is missing, so that making it again
 * changes nothing and cuts no connection, and what was left half done is finished.
 */
import { access, rm, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { EngineError } from '../../engine.ts'
import { GATEWAY_LINK_LOCAL, HOST_LINK_LOCAL, hasIpv6 } from './addresses/ipv6.ts'
import { addressOf, BRIDGE, macOf, type Network, UPLINK } from './addresses/layout.ts'
import { ensureDhcp, stopDhcp } from './dhcp.ts'
import { readResolvers } from './resolvers.ts'
import { connectionsPerMachine, limitRules } from './rules/limits.ts'
import { appliedHash, applyRuleSet, type RuleSet, runIn } from './rules/rule-set.ts'
import { tenantRules } from './rules/tenant.ts'
import { run } from './run.ts'
import { type Link, Links, type Port, portCommands } from './taps.ts'

/**
 * The bridge learns a machine's MAC from the first frame that the guard lets through, and keeps it: with
 * the usual five minutes, traffic to a machine that has been silent for longer would be shown to all
 * others of its tenant. In hundredths of seconds: 1,000 hours.
 */
const AGEING_TIME = 360_000_000
const BRIDGE_OPTIONS = `stp_state 0 forward_delay 0 mcast_snooping 0 ageing_time ${AGEING_TIME}`

/** Values below `/proc/sys/net` in the namespace. Those of modules that are not loaded are left out. */
const SETTINGS: Readonly<Record<string, 0 | 1>> = {
  // Of the taps, which come later. The gateway speaks on the bridge and on the way to the host.
  'ipv6/conf/default/disable_ipv6': 1,
  ...ipv6Settings(BRIDGE),
  ...ipv6Settings(UPLINK),
  'ipv6/conf/all/forwarding': 1,
  'ipv4/conf/all/rp_filter': 1,
  // The gateway answers ARP for the neighbours that a machine's isolated port keeps it from, at once,
  // and does not tell it to talk to them directly.
  [`ipv4/conf/${BRIDGE}/proxy_arp_pvlan`]: 1,
  [`ipv4/neigh/${BRIDGE}/proxy_delay`]: 0,
  'ipv4/conf/all/send_redirects': 0,
  [`ipv4/conf/${BRIDGE}/send_redirects`]: 0,
  'bridge/bridge-nf-call-iptables': 0,
  'bridge/bridge-nf-call-ip6tables': 0,
  'bridge/bridge-nf-call-arptables': 0,
  'ipv4/ip_forward': 1,
}
const APPLY_SETTINGS =
  'cd /proc/sys/net; while [ $# -gt 0 ]; do if [ -e "$1" ]; then echo "$2" > "$1"; fi; shift 2; done'

const Routes = z.array(z.object({ dst: z.string() }))

/** Its addresses are those that it is given, at once, whatever others advertise. */
function ipv6Settings(link: string): Record<string, 0 | 1> {
  const path = `ipv6/conf/${link}`
  return { [`${path}/disable_ipv6`]: 0, [`${path}/accept_ra`]: 0, [`${path}/accept_dad`]: 0 }
}

export class TenantNetwork {
  readonly network: Network
  readonly #connections: number | undefined
  /** Whether this process has seen to everything but taps, rules and leases. */
  #built = false
  /** Of the rules in force, as far as this process knows. */
  #rules: string | null = null
  /** Public addresses that the host has a route to, as far as this process knows. */
  #routed: string | null = null

  /** @param connections That a machine may have each way; left out, its share of what the kernel can hold. */
  constructor(network: Network, connections?: number) {
    this.network = network
    this.#connections = connections
  }

  /** Whether there is anything of it. */
  async exists(): Promise<boolean> {
    return (await isThere(netnsPath(this.network))) || (await isThere(linkPath(this.network)))
  }

  /** There are exactly these ports, with everything that they need. Not to be called twice at once. */
  async ensure(ports: readonly Port[]): Promise<void> {
    const rules = tenantRules(this.network, ports)
    const adopting = !this.#built
    if (adopting || !(await this.#isWhole())) {
      await this.#build()
      this.#built = true
      this.#routed = null
      // A tap that the rules in force do not know lets nothing through, so they may lag behind a
      // little; but no tap may be without any.
      this.#rules = await appliedHash(this.network.netns, rules.table)
      await allDone([this.#limit(), ...(this.#rules === null ? [this.#applyRules(rules)] : [])])
    }
    await allDone([
      this.#applyRules(rules),
      this.#join(ports),
      this.#route(ports),
      this.#ensureDhcp(ports, adopting),
    ])
  }

  /** Nothing of it is left. Also fine when there is nothing, or half of it. */
  async remove(): Promise<void> {
    this.#built = false
    this.#rules = null
    this.#routed = null
    await stopDhcp(this.network.runFolder)
    const commands = await this.#removeCommands()
    if (commands.length > 0) await run('ip', ['-batch', '-'], commands.join('\n'))
    await rm(this.network.runFolder, { recursive: true, force: true })
  }

  async #isWhole(): Promise<boolean> {
    return (await isThere(netnsPath(this.network))) && (await isThere(linkPath(this.network)))
  }

  /** `null`: there is no namespace that can be entered. */
  async #links(): Promise<Link[] | null> {
    if (!(await isThere(netnsPath(this.network)))) return null
    try {
      const args = ['-netns', this.network.netns, '-json', '-details', 'link', 'show']
      return Links.parse(JSON.parse(await run('ip', args)))
    } catch (error) {
      // The file was made, and whoever made it died before the namespace was mounted on it.
      if (error instanceof EngineError && error.message.includes('network namespace')) return null
      throw error
    }
  }

  /** Namespace, bridge, the way to and from the host. */
  async #build(): Promise<void> {
    const links = await this.#links()
    const { netns, hostLink, host, gateway, subnet } = this.network
    // Links with MACs of their own: udev gives others a new one a moment later, when neighbours have
    // learned the first, and a bridge takes that of one of its ports.
    const peer = `peer name ${UPLINK} address ${macOf(gateway)} netns ${netns}`
    const has = (name: string) => links?.some(({ ifname }) => ifname === name)

    const onHost: string[] = []
    if (links === null) onHost.push(...(await this.#removeCommands()), `netns add ${netns}`)
    if (!has(UPLINK)) {
      if (links !== null && (await isThere(linkPath(this.network))))
        onHost.push(`link delete ${hostLink}`)
      onHost.push(`link add ${hostLink} address ${macOf(host)} type veth ${peer}`)
    }
    onHost.push(
      `address replace ${host}/32 dev ${hostLink}`,
      `link set ${hostLink} up`,
      `route replace ${subnet} via ${gateway} dev ${hostLink} onlink src ${host}`,
    )
    await run('ip', ['-batch', '-'], onHost.join('\n'))

    const inside = [
      `address replace ${gateway}/24 dev ${BRIDGE}`,
      'link set lo up',
      `link set ${BRIDGE} up`,
      `link set ${UPLINK} up`,
      `route replace ${host} dev ${UPLINK} src ${gateway}`,
      `route replace default via ${host} dev ${UPLINK} src ${gateway}`,
    ]
    if (!has(BRIDGE))
      inside.unshift(`link add ${BRIDGE} address ${macOf(gateway)} type bridge ${BRIDGE_OPTIONS}`)
    await this.#ip(inside)
    const settings = Object.entries(SETTINGS).flatMap(([name, value]) => [name, String(value)])
    await runIn(netns, 'sh', ['-ec', APPLY_SETTINGS, 'sh', ...settings])
    if (hasIpv6) await this.#buildIpv6()
  }

  /** The host finds machines at their IPv6 addresses too; nothing else is routed. */
  async #buildIpv6(): Promise<void> {
    const { hostLink, ipv6 } = this.network
    const settings = Object.entries(ipv6Settings(hostLink))
    for (const [name, value] of settings) await writeFile(`/proc/sys/net/${name}`, String(value))
    const onHost = [
      `address replace ${HOST_LINK_LOCAL}/64 dev ${hostLink} nodad`,
      `address replace ${ipv6.host}/128 dev ${hostLink} nodad`,
      `route replace ${ipv6.subnet} via ${GATEWAY_LINK_LOCAL} dev ${hostLink} src ${ipv6.host}`,
    ]
    await this.#ip([
      `address replace ${GATEWAY_LINK_LOCAL}/64 dev ${UPLINK} nodad`,
      `address replace ${ipv6.gateway}/64 dev ${BRIDGE} nodad`,
      `route replace ${ipv6.host}/128 via ${HOST_LINK_LOCAL} dev ${UPLINK} src ${ipv6.gateway}`,
    ])
    await run('ip', ['-batch', '-'], onHost.join('\n'))
  }

  async #limit(): Promise<void> {
    const { netns } = this.network
    const limits = limitRules(this.#connections ?? (await connectionsPerMachine()))
    if ((await appliedHash(netns, limits.table)) !== limits.hash) await applyRuleSet(netns, limits)
  }

  async #applyRules(rules: RuleSet): Promise<void> {
    if (this.#rules === rules.hash) return
    await applyRuleSet(this.network.netns, rules)
    this.#rules = rules.hash
  }

  /** Taps at the bridge for these machines, and for no others. */
  async #join(ports: readonly Port[]): Promise<void> {
    const links = await this.#links()
    if (links !== null) await this.#ip(portCommands(links, ports))
  }

  /** The way from the host to the machines' public addresses, and to no others. */
  async #route(ports: readonly Port[]): Promise<void> {
    const { hostLink, gateway, host, subnet } = this.network
    const wanted = ports.flatMap(({ publicAddress }) => publicAddress ?? []).sort()
    if (this.#routed === wanted.join()) return
    const text = await run('ip', ['-4', '-json', 'route', 'show', 'dev', hostLink])
    const there = Routes.parse(JSON.parse(text === '' ? '[]' : text)).map(({ dst }) => dst)
    const stray = there.filter((dst) => dst !== subnet && !wanted.includes(dst))
    const commands = [
      ...stray.map((dst) => `route delete ${dst} dev ${hostLink}`),
      ...wanted
        .filter((ip) => !there.includes(ip))
        .map((ip) => `route replace ${ip} via ${gateway} dev ${hostLink} onlink src ${host}`),
    ]
    if (commands.length > 0) await run('ip', ['-batch', '-'], commands.join('\n'))
    this.#routed = wanted.join()
  }

  async #ensureDhcp(ports: readonly Port[], reload: boolean): Promise<void> {
    const addresses = ports.map(({ machine }) => addressOf(this.network, machine))
    await ensureDhcp(this.network, addresses, await readResolvers(), reload)
  }

  async #removeCommands(): Promise<string[]> {
    const { netns, hostLink } = this.network
    const commands: string[] = []
    // The link by itself: the namespace lives on for as long as anybody is in it.
    if (await isThere(linkPath(this.network))) commands.push(`link delete ${hostLink}`)
    if (await isThere(netnsPath(this.network))) commands.push(`netns delete ${netns}`)
    return commands
  }

  async #ip(commands: readonly string[]): Promise<void> {
    if (commands.length === 0) return
    await run('ip', ['-netns', this.network.netns, '-batch', '-'], commands.join('\n'))
  }
}

function netnsPath({ netns }: Network): string {
  return `/run/netns/${netns}`
}

function linkPath({ hostLink }: Network): string {
  return `/sys/class/net/${hostLink}`
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch {
    return false
  }
}

/** Also when one fails, the others are over by the time that this is. */
async function allDone(work: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work)
  for (const result of results) if (result.status === 'rejected') throw result.reason
}

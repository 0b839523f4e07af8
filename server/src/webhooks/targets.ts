/**
 * Where webhooks may be sent. People choose the addresses, and the server stands inside a network that
 * they may not see: so a name is resolved once, each address that it has must be one of the public
 * internet, or of a network that the operator allows, and exactly those are connected to. A name that
 * resolves otherwise a moment later changes nothing.
 */
import { lookup, Resolver } from 'node:dns/promises'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'

export type Address = { readonly address: string; readonly family: 4 | 6 }
export type Resolve = (host: string) => Promise<readonly Address[]>

export type TargetRules = {
  /** CIDRs beside the public internet; plain http is possible there. */
  allow_networks: readonly string[]
  /** Plain http everywhere. */
  allow_http: boolean
}

/** The user may hear why. */
export class ForbiddenTarget extends Error {
  override name = 'ForbiddenTarget'
}

/** Of one question to the name service, which is asked twice. */
const questionMs = 2_000

/**
 * By questions to the name service: the system's own way takes a thread for as long as a name service of
 * anybody's likes, and there are few. Names of the host's own files are only looked for, that way, where
 * the operator allows networks of the house.
 */
const systemResolve =
  (ownNames: boolean): Resolve =>
  async (host) => {
    const resolver = new Resolver({ timeout: questionMs, tries: 2 })
    const [ip4, ip6] = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)])
    const found = [...of(ip4, 4), ...of(ip6, 6)]
    if (found.length > 0) return found
    if (!ownNames) throw ip4.status === 'rejected' ? ip4.reason : new Error('no addresses')
    const own = await lookup(host, { all: true })
    return own.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }))
  }

const of = (answer: PromiseSettledResult<string[]>, family: 4 | 6): Address[] =>
  answer.status === 'fulfilled' ? answer.value.map((address) => ({ address, family })) : []

/** The only addresses of IPv6 that are given out for everybody; some of them are not, see below. */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3')

export function createTargets(
  rules: TargetRules,
  resolve: Resolve = systemResolve(rules.allow_networks.length > 0),
) {
  const allowed = rules.allow_networks.map((network) => ipaddr.parseCIDR(network))

  const isAllowed = (address: ipaddr.IPv4 | ipaddr.IPv6) =>
    allowed.some(([network, bits]) => {
      if (network.kind() !== address.kind()) return false
      return address.match(network as typeof address & ipaddr.IPv4 & ipaddr.IPv6, bits)
    })

  function requireReachable(host: string, address: ipaddr.IPv4 | ipaddr.IPv6) {
    const isPublic =
      address.range() === 'unicast' &&
      (address instanceof ipaddr.IPv4 || address.match(globalUnicast))
    if (isPublic || isAllowed(address)) return
    // Not where a name leads: that would be a telephone book of the network that they may not see.
    throw new ForbiddenTarget(
      `${host} is not on the public internet, or not with all its addresses; an operator may allow it in webhooks.allow_networks`,
    )
  }

  async function addressesOf(host: string): Promise<readonly Address[]> {
    const family = isIP(host)
    if (family !== 0) return [{ address: host, family: family === 6 ? 6 : 4 }]
    try {
      return await resolve(host)
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? ` (${error.code})` : ''
      throw new ForbiddenTarget(`The name ${host} cannot be resolved${code}`, { cause: error })
    }
  }

  return {
    /** The addresses to connect to. Throws ForbiddenTarget unless all are reachable for webhooks. */
    async check(text: string): Promise<readonly Address[]> {
      const url = new URL(text)
      const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
      const found = await addressesOf(host)
      if (found.length === 0) throw new ForbiddenTarget(`The name ${host} has no addresses`)
      // An IPv4 address inside an IPv6 one is judged as what it is.
      const addresses = found.map(({ address }) => ipaddr.process(address))
      for (const address of addresses) requireReachable(host, address)
      if (url.protocol === 'http:' && !rules.allow_http && !addresses.every(isAllowed)) {
        throw new ForbiddenTarget(
          'Use https://; an operator may allow plain http with webhooks.allow_http',
        )
      }
      return addresses.map((address) => ({
        address: address.toString(),
        family: address.kind() === 'ipv6' ? 6 : 4,
      }))
    },
  }
}

export type Targets = ReturnType<typeof createTargets>

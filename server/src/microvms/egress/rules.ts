/** What a policy may say here, and what it says where something is left out. */
import type { EgressKnobs, EgressPolicyRequest } from '@garrison/contract/microvms/egress'
import { NOT_INTERNET } from '@garrison/engines/engine'
import ipaddr from 'ipaddr.js'
import type { Config } from '../../config.ts'
import { NotServed, ValidationError } from '../../errors.ts'
import type { Hosting } from '../hosting.ts'

/** Whoever names one of them means something else than the internet. */
const notInternet = NOT_INTERNET.map((cidr) => ipaddr.IPv4.parseCIDR(cidr))

type Network = [ipaddr.IPv4, number]

const isWithin = ([first, bits]: Network, wider: Network) => bits >= wider[1] && first.match(wider)
const overlap = (one: Network, other: Network) => isWithin(one, other) || isWithin(other, one)
const networkOf = (text: string) => ipaddr.IPv4.parseCIDR(text.includes('/') ? text : `${text}/32`)

export function createEgressRules({ config, hosting }: { config: Config; hosting: Hosting }) {
  const { usual, allow_networks } = config.microvms.egress
  const permitted = allow_networks.map((cidr) => ipaddr.IPv4.parseCIDR(cidr))

  /** Why it may not be named; null: it may. */
  function whyNot(cidr: string): string | null {
    const network = networkOf(cidr)
    if (permitted.some((wider) => isWithin(network, wider))) return null
    if (network[1] === 0) return `${cidr} is everything; use allow_http and allow_https`
    if (!notInternet.some((each) => overlap(network, each))) return null
    return `${cidr} has private or reserved addresses, which this server's operator does not permit`
  }

  return {
    /**
     * With nothing left out; the operator's usual one for null. Throws {@link ValidationError} for networks that
     * nobody may name, and {@link NotServed} where nothing can be enforced. `within`: the field of the
     * request that it was in; null: it was the whole of it.
     */
    policyOf(
      region: string,
      wanted: EgressPolicyRequest | null | undefined,
      within: 'egress_policy' | null = null,
    ): EgressKnobs {
      if (wanted != null && !hosting.engine(region).capabilities().egress) {
        throw new NotServed(`${region} cannot narrow down what VMs reach`)
      }
      const said = wanted ?? usual
      const cidrs = said.allowed_cidrs ?? []
      const faults = wanted == null ? [] : cidrs.map(whyNot).filter((words) => words !== null)
      const field = within === null ? 'allowed_cidrs' : `${within}.allowed_cidrs`
      if (faults.length > 0) throw new ValidationError({ [field]: faults })
      return {
        allow_package_managers: said.allow_package_managers ?? false,
        allow_http: said.allow_http ?? false,
        allow_https: said.allow_https ?? false,
        allowed_domains: [
          ...new Set((said.allowed_domains ?? []).map((name) => name.toLowerCase())),
        ],
        allowed_cidrs: [...new Set(cidrs)],
      }
    },
  }
}

export type EgressRules = ReturnType<typeof createEgressRules>

/**
 * A rule lets something in or out: of one instance, or of every instance that a firewall is attached to.
 *
 * What a machine's rules do not name is dropped on its way in, as soon as it has a rule or a firewall at
 * all; on its way out, as soon as one of them is about going out. Without any, everything passes.
 */
import { z } from '@hono/zod-openapi'
import { choice, integer, Timestamp, text } from '../common.ts'
import { parseCidr } from '../firewalls/cidr.ts'
import { describeProtocol, families, protocolNames } from '../firewalls/protocols.ts'
import { ruleStatuses } from '../firewalls/states.ts'

/** A firewall, and an instance for itself, have no more than this. */
export const rulesPerOwner = 100

export const Direction = choice(['ingress', 'egress']).openapi('DirectionEnum')
export const Ethertype = choice(families).openapi('EthertypeEnum')
export const Protocol = choice(protocolNames).openapi('ProtocolEnum')

const Port = integer(1, 65_535)

const ruleFields = z.object({
  direction: Direction,
  ethertype: Ethertype,
  protocol: Protocol,
  /** Network of the other side, of the family of `ethertype`. Bits beyond the prefix are cleared. */
  remote_ip_prefix: text(64).openapi({ example: '0.0.0.0/0' }),
  /** Both with tcp and udp, where they are required; none with anything else. */
  port_range_min: Port.optional(),
  port_range_max: Port.optional(),
})
type RuleFields = z.infer<typeof ruleFields>

type Complaint = readonly [field: keyof RuleFields, message: string]

/** What is wrong between the fields, as far as they are right in themselves. */
function complaintsAbout(rule: Partial<RuleFields>): Complaint[] {
  return [...complaintsAboutPorts(rule), ...complaintsAboutFamily(rule)]
}

function complaintsAboutPorts(rule: Partial<RuleFields>): Complaint[] {
  const { protocol, port_range_min: min, port_range_max: max } = rule
  const facts = protocolFacts(protocol)
  if (facts === undefined) return []
  const given = (['port_range_min', 'port_range_max'] as const).filter(
    (field) => rule[field] !== undefined,
  )
  if (facts.ports !== true) {
    return given.map((field) => [field, `${protocol} takes no ports; leave them out.`])
  }
  if (given.length < 2) {
    const missing = (['port_range_min', 'port_range_max'] as const).filter(
      (field) => !given.includes(field),
    )
    return missing.map((field) => [
      field,
      `Required with ${protocol}, together with the other port.`,
    ])
  }
  return typeof min === 'number' && typeof max === 'number' && min > max
    ? [['port_range_max', 'Must not be less than port_range_min.']]
    : []
}

function complaintsAboutFamily({ ethertype, protocol, remote_ip_prefix }: Partial<RuleFields>) {
  const complaints: Complaint[] = []
  const only = protocolFacts(protocol)?.only
  if (ethertype !== undefined && only !== undefined && only !== ethertype) {
    complaints.push(['protocol', `${protocol} goes with ${only} only.`])
  }
  if (typeof remote_ip_prefix !== 'string') return complaints
  const parsed = parseCidr(remote_ip_prefix)
  if ('problem' in parsed) complaints.push(['remote_ip_prefix', parsed.problem])
  else if (families.some((family) => family === ethertype && family !== parsed.family)) {
    complaints.push([
      'remote_ip_prefix',
      `This is an ${parsed.family} network; ethertype is ${ethertype}.`,
    ])
  }
  return complaints
}

const protocolFacts = (name: unknown) => {
  const known = protocolNames.find((each) => each === name)
  return known === undefined ? undefined : describeProtocol(known)
}

export const SecurityRuleRequest = ruleFields
  .superRefine(
    (rule, context) => {
      for (const [field, message] of complaintsAbout(rule)) {
        context.addIssue({ code: 'custom', path: [field], message })
      }
    },
    // Also when single fields are wrong, so that everything is reported at once.
    { when: ({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value) },
  )
  .openapi('VMSecurityRuleRequest')
export type SecurityRuleRequest = z.infer<typeof SecurityRuleRequest>

export const SecurityRule = z
  .object({
    /** Decimal digits. */
    id: z.string(),
    direction: Direction,
    ethertype: Ethertype,
    protocol: Protocol,
    port_range_min: Port.nullable(),
    port_range_max: Port.nullable(),
    remote_ip_prefix: z.string(),
    /** `SUCCESS`: in force on every machine that it is about. */
    status: z.enum(ruleStatuses),
    created_at: Timestamp,
  })
  .openapi('VMSecurityRule')
export type SecurityRule = z.infer<typeof SecurityRule>

export const exampleRuleRequest = {
  direction: 'ingress',
  ethertype: 'IPv4',
  protocol: 'tcp',
  remote_ip_prefix: '0.0.0.0/0',
  port_range_min: 8080,
  port_range_max: 8080,
} as const satisfies SecurityRuleRequest

export const exampleRule = {
  id: '471108',
  ...exampleRuleRequest,
  status: 'SUCCESS',
  created_at: '2026-01-10T09:10:00Z',
} as const satisfies SecurityRule

/** What a firewall looks like from outside. */
import { z } from '@hono/zod-openapi'
import { errorCodes, publicId, Timestamp, text } from '../common.ts'
import { InstanceId, InstanceStatusEnum } from '../instances/schemas.ts'
import { exampleRule, Protocol as ProtocolEnum, SecurityRule } from '../instances/security-rules.ts'
import { describeProtocol, protocolNames } from './protocols.ts'
import { attachmentStatuses, firewallStatuses } from './states.ts'

/** An account has no more than this. */
export const firewallsPerAccount = 25

export const FirewallId = publicId('F')
export const FirewallRuleId = text(64).openapi({ example: exampleRule.id })

/** A group of machines that a firewall can serve: here, a region. */
export const FirewallEnvironment = z
  .object({ id: z.int(), name: z.string(), region: z.string() })
  .openapi('FirewallEnvironment')

export const FirewallVM = z
  .object({
    instance_id: InstanceId,
    vm_name: z.string(),
    status: InstanceStatusEnum,
    region: z.string(),
  })
  .openapi('FirewallVM')

export const FirewallAttachment = z
  .object({
    id: z.string(),
    /** `SUCCESS`: the machine has every rule of the firewall. After ERROR, attach it again. */
    status: z.enum(attachmentStatuses),
    vm: FirewallVM,
    created_at: Timestamp,
  })
  .openapi('FirewallAttachment')
export type FirewallAttachment = z.infer<typeof FirewallAttachment>

/** A row of the list. */
export const FirewallSummary = z
  .object({
    id: FirewallId,
    name: z.string(),
    description: z.string().nullable(),
    status: z.enum(firewallStatuses),
    region: z.string(),
    environment: FirewallEnvironment,
    rule_count: z.int(),
    attachment_count: z.int(),
    created_at: Timestamp,
  })
  .openapi('FirewallSummary')
export type FirewallSummary = z.infer<typeof FirewallSummary>

export const Firewall = FirewallSummary.extend({
  rules: z.array(SecurityRule),
  attachments: z.array(FirewallAttachment),
}).openapi('FirewallResponse')
export type Firewall = z.infer<typeof Firewall>

export const exampleSummary = {
  id: 'BRK-123456F',
  name: 'web',
  description: 'SSH and the web',
  status: 'SUCCESS',
  region: 'LOCAL-1',
  environment: { id: 1, name: 'default-LOCAL-1', region: 'LOCAL-1' },
  rule_count: 1,
  attachment_count: 1,
  created_at: '2026-01-10T09:10:00Z',
} as const satisfies FirewallSummary

export const exampleAttachment = {
  id: '815471',
  status: 'SUCCESS',
  vm: { instance_id: 'BRK-100200D', vm_name: 'web-1', status: 'ACTIVE', region: 'LOCAL-1' },
  created_at: '2026-01-10T09:11:00Z',
} as const satisfies FirewallAttachment

/** Why one of several instances was left out. */
export const FirewallFailure = z
  .object({ instance_id: InstanceId, error_code: z.enum(errorCodes), message: z.string() })
  .openapi('FirewallFailure')
export type FirewallFailure = z.infer<typeof FirewallFailure>

export const Protocol = z
  .object({ name: ProtocolEnum, requires_ports: z.boolean(), description: z.string() })
  .openapi('Protocol')

/** Every protocol that a rule can name, as the API shows them. */
export const supportedProtocols = protocolNames.map((name) => {
  const { ports, description } = describeProtocol(name)
  return { name, requires_ports: ports === true, description }
})

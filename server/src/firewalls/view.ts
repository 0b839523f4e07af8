/** From rows to what the API answers. */
import type {
  Firewall as FirewallAnswer,
  FirewallAttachment,
  FirewallSummary,
} from '@garrison/contract/firewalls/routes'
import type { AttachedFirewall, SecurityRule } from '@garrison/contract/instances/routes'
import type { Rule } from './rule-store.ts'
import type { AttachmentWithMachine, CountedFirewall, FirewallOfMachine } from './store.ts'

export const ruleAnswer = (row: Rule): SecurityRule => ({
  id: row.id,
  direction: row.direction,
  ethertype: row.ethertype,
  protocol: row.protocol,
  port_range_min: row.port_min,
  port_range_max: row.port_max,
  remote_ip_prefix: row.cidr,
  status: row.status,
  created_at: row.created_at.toISOString(),
})

export const attachmentAnswer = (row: AttachmentWithMachine): FirewallAttachment => ({
  id: row.id,
  status: row.status,
  vm: {
    instance_id: row.instance_public_id,
    vm_name: row.vm_name,
    status: row.instance_status,
    region: row.region,
  },
  created_at: row.created_at.toISOString(),
})

/** `regions`: all that are configured; a region is what others call an environment, by its place there. */
export const firewallSummary = (
  row: CountedFirewall,
  regions: readonly string[],
): FirewallSummary => ({
  id: row.public_id,
  name: row.name,
  description: row.description,
  status: row.status,
  region: row.region,
  environment: {
    id: regions.indexOf(row.region) + 1,
    name: `default-${row.region}`,
    region: row.region,
  },
  rule_count: row.rule_count,
  attachment_count: row.attachment_count,
  created_at: row.created_at.toISOString(),
})

export const firewallAnswer = (
  row: CountedFirewall,
  contents: { rules: readonly Rule[]; attachments: readonly AttachmentWithMachine[] },
  regions: readonly string[],
): FirewallAnswer => ({
  ...firewallSummary(row, regions),
  rules: contents.rules.map(ruleAnswer),
  attachments: contents.attachments.map(attachmentAnswer),
})

/** A firewall as its machine sees it. */
export const attachedFirewall = (row: FirewallOfMachine): AttachedFirewall => ({
  firewall_id: row.public_id,
  name: row.name,
  status: row.status,
  attachment_status: row.attachment_status,
  rule_count: row.rule_count,
  attached_at: row.attached_at.toISOString(),
})

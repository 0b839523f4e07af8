/** Tables of firewalls and their rules. */
import type { Tier } from '@garrison/contract/common'
import type { Family, ProtocolName } from '@garrison/contract/firewalls/protocols'
import type {
  AttachmentStatus,
  FirewallStatus,
  RuleStatus,
} from '@garrison/contract/firewalls/states'
import type { Fixed } from './columns.ts'

export type FirewallsSchema = {
  firewalls: FirewallsTable
  firewall_attachments: FirewallAttachmentsTable
  security_rules: SecurityRulesTable
}

type FirewallsTable = {
  id: Fixed<string>
  public_id: Fixed<string>
  account_id: Fixed<string>
  name: string
  description: string | null
  status: FirewallStatus
  region: Fixed<string>
  tier: Fixed<Tier>
  created_at: Fixed<Date>
  updated_at: Date
}

type FirewallAttachmentsTable = {
  id: Fixed<string>
  account_id: Fixed<string>
  firewall_id: Fixed<string>
  instance_id: Fixed<string>
  status: AttachmentStatus
  created_at: Fixed<Date>
}

/** Of a firewall or of an instance, never both. */
type SecurityRulesTable = {
  id: Fixed<string>
  account_id: Fixed<string>
  firewall_id: Fixed<string | null>
  instance_id: Fixed<string | null>
  direction: Fixed<'ingress' | 'egress'>
  ethertype: Fixed<Family>
  protocol: Fixed<ProtocolName>
  port_min: Fixed<number | null>
  port_max: Fixed<number | null>
  /** In canonical form. */
  cidr: Fixed<string>
  status: RuleStatus
  created_at: Fixed<Date>
}

/** What firewalls and the rules of single machines have in common: where they are possible, and how they get there. */

import { parseCidr } from '@garrison/contract/firewalls/cidr'
import { whyNot } from '@garrison/contract/firewalls/states'
import { rulesPerOwner, type SecurityRuleRequest } from '@garrison/contract/instances/routes'
import type { Caller } from '../caller.ts'
import type { Regions } from '../catalog/regions.ts'
import type { Clock } from '../clock.ts'
import type { Tx } from '../database/database.ts'
import { DomainError, NotFound, ValidationError } from '../errors.ts'
import { issueNumber } from '../ids.ts'
import type { Instance } from '../instances/store.ts'
import type { OperationService } from '../operations/service.ts'
import { bumpRevision } from './machine-store.ts'
import * as ruleStore from './rule-store.ts'
import * as store from './store.ts'

export type ProtectionDeps = { clock: Clock; regions: Regions; operations: OperationService }

/** What a new machine is to be protected by, once everything about it is known to be right. */
export type NewProtection = {
  readonly firewalls: readonly store.Firewall[]
  readonly rules: readonly SecurityRuleRequest[]
}

export function createProtection({ clock, regions, operations }: ProtectionDeps) {
  function requireOffered(region: string, rules: readonly SecurityRuleRequest[] = []) {
    const can = regions.capabilities(region)
    if (!can.firewall) {
      throw new DomainError(
        'TIER_NOT_SUPPORTED',
        `${region} offers neither firewalls nor security rules; choose another region`,
      )
    }
    if (!can.firewallIpv6 && rules.some((rule) => rule.ethertype === 'IPv6')) {
      throw new DomainError(
        'TIER_NOT_SUPPORTED',
        `Instances in ${region} have no IPv6, so no rule can be about it; use IPv4`,
      )
    }
  }

  /** Of a locked owner, so that nobody adds the same meanwhile. */
  async function addRule(
    tx: Tx,
    accountId: string,
    owner: ruleStore.RuleOwner,
    request: SecurityRuleRequest,
    status: ruleStore.Rule['status'],
  ) {
    const rule = normalised(request)
    const present = await ruleStore.rulesOf(tx, accountId, owner)
    const same = present.find((each) => keyOf(each) === keyOf(rule))
    if (same !== undefined) {
      throw new DomainError('RULE_ALREADY_EXISTS', `Rule ${same.id} says the same already`)
    }
    if (present.length >= rulesPerOwner) {
      const what = 'firewallId' in owner ? 'A firewall' : 'An instance'
      throw new DomainError(
        'LIMIT_EXCEEDED',
        `${what} has at most ${rulesPerOwner} rules; remove one first`,
      )
    }
    return ruleStore.insertRule(tx, {
      ...rule,
      ...ruleStore.ownerColumns(owner),
      id: await issueNumber(tx),
      account_id: accountId,
      status,
      created_at: clock.now(),
    })
  }

  async function attach(tx: Tx, firewall: store.Firewall, instanceId: string) {
    await store.insertAttachment(tx, {
      id: await issueNumber(tx),
      account_id: firewall.account_id,
      firewall_id: firewall.id,
      instance_id: instanceId,
      status: 'ATTACHING',
      created_at: clock.now(),
    })
  }

  return {
    requireOffered,
    addRule,
    attach,

    /** The rules of these machines, which are locked, are others now; each is brought up to date. */
    async changed(tx: Tx, accountId: string, machines: readonly Instance[]) {
      for (const { id, public_id, region, status } of machines) {
        // Its rules go with it.
        if (status === 'DELETING' || status === 'DELETED') continue
        regions.requireConfigured(region)
        await bumpRevision(tx, accountId, id)
        await operations.begin(tx, {
          kind: 'apply-firewall',
          accountId,
          region,
          subject: { kind: 'instance', id, publicId: public_id },
          input: {},
          holds: [{ id, exclusive: true }],
          whenBusy: 'wait',
          joinPending: true,
        })
      }
    },

    /** Firewalls and rules that a machine is deployed with; nobody deletes them until the transaction ends. */
    async require(
      tx: Tx,
      caller: Caller,
      region: string,
      {
        firewall_ids = [],
        security_rules = [],
      }: {
        firewall_ids?: readonly string[] | undefined
        security_rules?: readonly SecurityRuleRequest[] | undefined
      },
    ): Promise<NewProtection> {
      if (firewall_ids.length + security_rules.length > 0) requireOffered(region, security_rules)
      requireDistinct(security_rules)
      if (firewall_ids.length === 0) return { firewalls: [], rules: security_rules }
      const found = await store.lockFirewalls(tx, caller.accountId, firewall_ids)
      const firewalls = firewall_ids.map((id) => {
        const firewall = found.find((each) => each.public_id === id)
        if (firewall === undefined) throw new NotFound('Firewall', id)
        requireRegion(firewall, region)
        requireUsable(firewall, 'attach')
        return firewall
      })
      return { firewalls, rules: security_rules }
    },

    /** Before the machine first runs, so that it never runs without. */
    async give(tx: Tx, { account_id, id }: Instance, { firewalls, rules }: NewProtection) {
      for (const firewall of firewalls) await attach(tx, firewall, id)
      for (const rule of rules) await addRule(tx, account_id, { instanceId: id }, rule, 'CREATING')
    },
  }
}

export type Protection = ReturnType<typeof createProtection>

export function requireRegion(firewall: store.Firewall, region: string) {
  if (firewall.region === region) return
  throw new DomainError(
    'REGION_MISMATCH',
    `Firewall ${firewall.public_id} is for instances in ${firewall.region}, not in ${region}`,
  )
}

export function requireUsable(firewall: store.Firewall, action: Parameters<typeof whyNot>[0]) {
  const refusal = whyNot(action, firewall.status)
  if (refusal !== null) throw new DomainError('OPERATION_IN_PROGRESS', refusal)
}

function requireDistinct(rules: readonly SecurityRuleRequest[]) {
  const keys = rules.map((rule) => keyOf(normalised(rule)))
  const repeated = keys.flatMap((key, index) => (keys.indexOf(key) < index ? [index] : []))
  if (repeated.length === 0) return
  throw new ValidationError(
    Object.fromEntries(
      repeated.map((index) => [`security_rules.${index}`, ['The same as an earlier rule.']]),
    ),
  )
}

type RuleColumns = Pick<
  ruleStore.Rule,
  'direction' | 'ethertype' | 'protocol' | 'port_min' | 'port_max' | 'cidr'
>

/** The schema has made sure that it is a network. */
function normalised(rule: SecurityRuleRequest): RuleColumns {
  const parsed = parseCidr(rule.remote_ip_prefix)
  if ('problem' in parsed) throw new ValidationError({ remote_ip_prefix: [parsed.problem] })
  return {
    direction: rule.direction,
    ethertype: rule.ethertype,
    protocol: rule.protocol,
    port_min: rule.port_range_min ?? null,
    port_max: rule.port_range_max ?? null,
    cidr: parsed.network,
  }
}

const keyOf = ({ direction, ethertype, protocol, port_min, port_max, cidr }: RuleColumns) =>
  JSON.stringify([direction, ethertype, protocol, port_min, port_max, cidr])

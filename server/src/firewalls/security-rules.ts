/** The rules that are bound to one instance, and what else protects it. */
import type { SecurityRuleRequest } from '@garrison/contract/instances/routes'
import { whyNot } from '@garrison/contract/instances/states'
import { recordAudit } from '../accounts/audit.ts'
import type { Caller } from '../caller.ts'
import type { Clock } from '../clock.ts'
import type { Database, Tx } from '../database/database.ts'
import { DomainError, NotFound } from '../errors.ts'
import { type InstanceService, refusalOf } from '../instances/service.ts'
import type { Instance } from '../instances/store.ts'
import type { Protection } from './protection.ts'
import { deleteRule, type Rule, rulesOf } from './rule-store.ts'
import { firewallsOf } from './store.ts'
import { toldOfRule } from './told-of-rule.ts'

export function createSecurityRuleService(deps: {
  clock: Clock
  instances: InstanceService
  protection: Protection
}) {
  const { clock, instances, protection } = deps

  function audit(tx: Tx, caller: Caller, verb: 'add' | 'remove', instance: Instance, rule: Rule) {
    return recordAudit(
      tx,
      caller,
      {
        action: `security-rule.${verb}`,
        subjectKind: 'instance',
        subjectId: instance.public_id,
        detail: { name: instance.name, rule: rule.id },
        [verb === 'add' ? 'after' : 'before']: toldOfRule(rule),
      },
      clock.now(),
    )
  }

  return {
    async add(tx: Tx, caller: Caller, instanceId: string, request: SecurityRuleRequest) {
      const { instance } = await instances.lock(tx, caller, instanceId)
      protection.requireOffered(instance.region, [request])
      const refusal = whyNot('add-security-rule', instance.status)
      if (refusal !== null) throw refusalOf(instance.status, refusal)
      const owner = { instanceId: instance.id }
      const rule = await protection.addRule(tx, caller.accountId, owner, request, 'CREATING')
      await protection.changed(tx, caller.accountId, [instance])
      await audit(tx, caller, 'add', instance, rule)
      return { instance, rule }
    },

    /** In every state: a machine that is stopped starts without it. */
    async remove(tx: Tx, caller: Caller, instanceId: string, ruleId: string) {
      const { instance } = await instances.lock(tx, caller, instanceId)
      requireThere(instance)
      const owner = { instanceId: instance.id }
      const removed = await deleteRule(tx, caller.accountId, owner, ruleId)
      if (removed === undefined) throw new NotFound('Security rule', ruleId)
      await protection.changed(tx, caller.accountId, [instance])
      await audit(tx, caller, 'remove', instance, removed)
      return instance
    },

    /** Its own rules, and the firewalls that are attached to it. */
    async protectionOf(db: Database | Tx, { account_id, id }: Instance) {
      const [rules, firewalls] = await Promise.all([
        rulesOf(db, account_id, { instanceId: id }),
        firewallsOf(db, account_id, id),
      ])
      return { rules, firewalls }
    },
  }
}

export type SecurityRuleService = ReturnType<typeof createSecurityRuleService>

/** What is being deleted loses its rules by that. */
export function requireThere({ public_id, status }: Instance) {
  if (status === 'DELETING') {
    throw new DomainError(
      'OPERATION_IN_PROGRESS',
      `Instance ${public_id} is being deleted, and its rules with it`,
    )
  }
}

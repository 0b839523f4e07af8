import { machineRules, rulesInForce, rulesNotInForce } from '../firewalls/machine-store.ts'
import { getInstance, updateInstance } from '../instances/store.ts'
import type { OperationKind } from './definition.ts'
import { type InstanceInput, leaveToDeletion } from './machine-steps.ts'
import { recordSubjectEvent } from './subject-event.ts'

/**
 * Brings a machine to the rules that are wanted of it by now, whatever was asked for when this was begun:
 * so one operation does for all changes that were made before it runs, and the last set wins. Nothing is
 * undone: an engine that fails leaves the old set, and what was asked for stays asked for.
 */
export const applyFirewall: OperationKind<InstanceInput> = {
  kind: 'apply-firewall',
  steps: [
    {
      name: 'rules',
      async do({ engine, operation, db, order }) {
        const { accountId, subject } = operation
        // In this order: rules that are newer than the revision are only applied once more.
        const { rules_revision: revision } = await getInstance(db, accountId, subject.id)
        const rules = await machineRules(db, accountId, subject.id)
        const { status } = await engine.observe(subject.id)
        // A machine that does not exist yet, or any more, is made with its rules.
        if (status !== 'absent') await engine.applyFirewall(subject.id, rules, order)
        return { revision }
      },
      async record(tx, { operation, clock }, { revision }) {
        const { accountId, subject } = operation
        await rulesInForce(tx, accountId, subject.id, Number(revision))
        const { status, error } = await getInstance(tx, accountId, subject.id)
        const now = clock.now()
        if (status === 'ACTIVE' && error !== null)
          await updateInstance(tx, accountId, subject.id, { error: null, updated_at: now })
        await recordSubjectEvent(tx, operation, 'instance.rules-applied', {}, now)
      },
    },
  ],
  async failed(tx, { operation, clock }, reason) {
    const { accountId, subject } = operation
    const now = clock.now()
    await rulesNotInForce(tx, accountId, subject.id)
    await updateInstance(tx, accountId, subject.id, {
      error: `Its firewall could not be changed: ${reason}`,
      updated_at: now,
    })
    await recordSubjectEvent(tx, operation, 'instance.rules-failed', { reason }, now)
  },
  cancelled: leaveToDeletion,
}

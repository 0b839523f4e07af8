import type { EgressKnobs } from '@garrison/contract/microvms/egress'
import { egressInForce, getMicrovm } from '../microvms/vms/store.ts'
import type { OperationKind } from './definition.ts'
import { egressOf, microvmsOf } from './microvm-steps.ts'
import { recordSubjectEvent } from './subject-event.ts'

/**
 * Brings a machine to the policy that is wanted of it by now, whatever was asked for when this was begun.
 * Nothing is undone: an engine that fails leaves the old policy, and what was asked for stays asked for.
 */
export const applyEgress: OperationKind<Record<string, never>> = {
  kind: 'apply-egress',
  steps: [
    {
      name: 'policy',
      async do({ engine, operation, order, db }) {
        const { id } = operation.subject
        const microvms = microvmsOf(engine)
        const { egress } = await getMicrovm(db, operation.accountId, id)
        const { status } = await microvms.observeMicrovm(id)
        // One that is not there yet, or not any more, is made with its policy.
        if (status !== 'absent') await microvms.applyEgress(id, egressOf(microvms, egress), order)
        return { egress }
      },
      async record(tx, { operation, clock }, { egress }) {
        const { accountId, subject } = operation
        await egressInForce(tx, accountId, subject.id, egress as EgressKnobs | null)
        await recordSubjectEvent(tx, operation, 'microvm.egress-applied', {}, clock.now())
      },
    },
  ],
  failed: (tx, { operation, clock }, reason) =>
    recordSubjectEvent(tx, operation, 'microvm.egress-failed', { reason }, clock.now()),
  // Only its deletion cancels it.
  async cancelled() {},
}

import type { Tx } from '../database/database.ts'
import { updateInstance } from '../instances/store.ts'
import type { OperationKind, Work } from './definition.ts'
import { leaveToDeletion, loadSpec, recordActive, requireDisk } from './machine-steps.ts'
import { recordSubjectEvent } from './subject-event.ts'

/** `coldBoot`: from the disk, and the memory is forgotten. */
export type RestoreInput = { readonly coldBoot: boolean }

/** Out of hibernation. One that cannot go on stays hibernated, as it was. */
export const restoreInstance: OperationKind<RestoreInput> = {
  kind: 'restore-instance',
  steps: [
    {
      name: 'resume',
      async do(work) {
        await requireDisk(ofInstance(work))
        const { spec, revision } = await loadSpec(ofInstance(work))
        await work.engine.ensureMachine(spec, work.order, { coldBoot: work.input.coldBoot })
        return { revision }
      },
      async record(tx, work, result) {
        await recordActive(tx, ofInstance(work), result)
        await updateInstance(tx, work.operation.accountId, work.operation.subject.id, {
          retain_ip: false,
          retain_capacity: false,
          hibernation_rate_micros: null,
          hibernated_at: null,
          hibernation_memory: null,
          updated_at: work.clock.now(),
        })
      },
      async undo({ engine, operation, order }) {
        const { status } = await engine.observe(operation.subject.id)
        if (status !== 'absent') await engine.ensureHibernated(operation.subject.id, order)
      },
    },
  ],
  failed,
  cancelled: leaveToDeletion,
}

/** The shared steps take their instance from the row alone. */
const ofInstance = (work: Work<RestoreInput>) => ({ ...work, input: {} })

async function failed(tx: Tx, { operation, clock }: Work<RestoreInput>, reason: string) {
  const now = clock.now()
  await updateInstance(tx, operation.accountId, operation.subject.id, {
    status: 'HIBERNATED',
    error: reason,
    ready_at: null,
    updated_at: now,
  })
  await recordSubjectEvent(tx, operation, 'instance.restore-failed', { reason }, now)
}

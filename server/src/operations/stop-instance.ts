import { updateInstance } from '../instances/store.ts'
import type { OperationKind } from './definition.ts'
import { type InstanceInput, instanceFailed, leaveToDeletion } from './machine-steps.ts'
import { recordSubjectEvent } from './subject-event.ts'

/** How long a guest may take to shut down before it is cut off; Nova's default. */
export const shutdownGraceMs = 60_000

export const stopInstance: OperationKind<InstanceInput> = {
  kind: 'stop-instance',
  steps: [
    {
      name: 'shut-down',
      async do({ engine, operation, order }) {
        const { forced } = await engine.ensureStopped(operation.subject.id, shutdownGraceMs, order)
        const note = `The guest did not shut down within ${shutdownGraceMs / 1000} s and was cut off`
        return forced ? { forced, note } : { forced }
      },
      async record(tx, { operation, clock }, { forced }) {
        const now = clock.now()
        await updateInstance(tx, operation.accountId, operation.subject.id, {
          status: 'SHUTOFF',
          error: null,
          ready_at: null,
          updated_at: now,
        })
        await recordSubjectEvent(tx, operation, 'instance.stopped', { forced }, now)
      },
    },
  ],
  failed: instanceFailed,
  cancelled: leaveToDeletion,
}

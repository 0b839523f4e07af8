import { refreshStartupLog } from '../first-boot/refresh.ts'
import { updateInstance } from '../instances/store.ts'
import type { OperationKind } from './definition.ts'
import { type InstanceInput, instanceFailed, leaveToDeletion } from './machine-steps.ts'

/** How long a guest may take to shut down before it is cut off; Nova's default. */
export const shutdownGraceMs = 60_000

export const stopInstance: OperationKind<InstanceInput> = {
  kind: 'stop-instance',
  steps: [
    {
      name: 'shut-down',
      async do({ db, engine, operation, order }) {
        const machine = { id: operation.subject.id, account_id: operation.accountId }
        // The last chance to hear of it; a guest that does not tell must not keep its machine running.
        await refreshStartupLog(db, engine, machine).catch(() => {})
        const { forced } = await engine.ensureStopped(operation.subject.id, shutdownGraceMs, order)
        const note = `The guest did not shut down within ${shutdownGraceMs / 1000} s and was cut off`
        return forced ? { forced, note } : { forced }
      },
      async record(tx, { operation, clock }) {
        const now = clock.now()
        await updateInstance(tx, operation.accountId, operation.subject.id, {
          status: 'SHUTOFF',
          error: null,
          ready_at: null,
          updated_at: now,
        })
      },
    },
  ],
  failed: instanceFailed,
  cancelled: leaveToDeletion,
}

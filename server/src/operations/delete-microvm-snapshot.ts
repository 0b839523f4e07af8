import { updateSnapshot } from '../microvms/snapshots/store.ts'
import type { OperationKind } from './definition.ts'
import { microvmsOf } from './microvm-steps.ts'
import { microvmSnapshotFailed } from './snapshot-microvm.ts'

/** Machines that began as it go on. */
export const deleteMicrovmSnapshot: OperationKind<Record<string, never>> = {
  kind: 'delete-microvm-snapshot',
  steps: [
    {
      name: 'snapshot',
      async do({ engine, operation, order }) {
        await microvmsOf(engine).ensureMicrovmSnapshotGone(operation.subject.id, order)
        return undefined
      },
      async record(tx, { operation, clock }) {
        const now = clock.now()
        await updateSnapshot(tx, operation.accountId, operation.subject.id, {
          ...{ build: null, updated_at: now, deleted_at: now },
        })
      },
    },
  ],
  failed: microvmSnapshotFailed,
}

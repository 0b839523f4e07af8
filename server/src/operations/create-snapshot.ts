import type { SnapshotResult } from '@garrison/engines/engine'
import type { Tx } from '../database/database.ts'
import { noteFailed, noteTaken } from '../snapshot-policies/store.ts'
import { updateSnapshot } from '../snapshots/store.ts'
import type { OperationKind, Work } from './definition.ts'

export type CreateSnapshotInput = { readonly instanceId: string; readonly memory: boolean }

/** A point in time of a running machine, which goes on unharmed. Its subject is the snapshot. */
export const createSnapshot: OperationKind<CreateSnapshotInput> = {
  kind: 'create-snapshot',
  steps: [
    {
      name: 'snapshot',
      do: ({ engine, operation, input, order }) =>
        engine.ensureSnapshot(
          input.instanceId,
          operation.subject.id,
          { memory: input.memory },
          order,
        ),
      async record(tx, work, result) {
        const { consistency, memory, sizeBytes, diskGb } = result as SnapshotResult
        const now = work.clock.now()
        await updateSnapshot(tx, work.operation.accountId, work.operation.subject.id, {
          status: 'SUCCESS',
          consistency,
          memory,
          size_bytes: sizeBytes,
          disk_gb: diskGb,
          updated_at: now,
        })
        await noteTaken(tx, work.operation.subject.id, now)
      },
      async undo({ engine, operation, order }) {
        await engine.ensureSnapshotGone(operation.subject.id, order)
      },
    },
  ],
  failed: snapshotFailed,
  cancelled: (tx, work) => snapshotFailed(tx, work, 'Its instance was deleted meanwhile'),
}

async function snapshotFailed(tx: Tx, work: Work<CreateSnapshotInput>, reason: string) {
  const now = work.clock.now()
  await updateSnapshot(tx, work.operation.accountId, work.operation.subject.id, {
    status: 'ERROR',
    error: reason,
    updated_at: now,
  })
  await noteFailed(tx, work.operation.subject.id, reason, now)
}

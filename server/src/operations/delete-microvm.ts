import { EngineError, FencedError } from '@garrison/engines/engine'
import type { Database, Tx } from '../database/database.ts'
import { getSnapshot, updateSnapshot } from '../microvms/snapshots/store.ts'
import { updateMicrovm } from '../microvms/vms/store.ts'
import type { OperationKind, Work } from './definition.ts'
import { microvmFailed, microvmsOf } from './microvm-steps.ts'
import { recordCaptured } from './snapshot-microvm.ts'

/** `snapshotId`: what it leaves behind, where that was asked for. */
export type DeleteMicrovmInput = { readonly reason: string; readonly snapshotId: string | null }

/** What could not be removed, reconciliation removes. */
export const deleteMicrovm: OperationKind<DeleteMicrovmInput> = {
  kind: 'delete-microvm',
  steps: [
    {
      name: 'snapshot',
      async do({ engine, operation, input, order }) {
        if (input.snapshotId === null) return undefined
        const microvms = microvmsOf(engine)
        try {
          const { id } = operation.subject
          return { ...(await microvms.ensureMicrovmSnapshot(id, input.snapshotId, order)) }
        } catch (error) {
          // Its time is over all the same.
          if (!(error instanceof EngineError) || error instanceof FencedError || error.retryable)
            throw error
          return { failed: error.message }
        }
      },
      async record(tx, work, result) {
        const { snapshotId } = work.input
        if (snapshotId === null) return
        if (typeof result.failed !== 'string') return recordCaptured(tx, work, snapshotId, result)
        await updateSnapshot(tx, work.operation.accountId, snapshotId, {
          ...{ status: 'failed', error: result.failed, updated_at: work.clock.now() },
        })
      },
      /** Its time is over all the same; what was not captured whole is no snapshot. */
      async undo(work) {
        const microvms = microvmsOf(work.engine)
        const { snapshotId } = work.input
        if (snapshotId !== null && !(await isReady(work, work.db))) {
          await microvms.ensureMicrovmSnapshotGone(snapshotId, work.order)
        }
        await microvms.ensureMicrovmGone(work.operation.subject.id, work.order)
      },
    },
    {
      name: 'machine',
      async do({ engine, operation, order }) {
        await microvmsOf(engine).ensureMicrovmGone(operation.subject.id, order)
        return undefined
      },
      async record(tx, { operation, input, clock }) {
        const now = clock.now()
        await updateMicrovm(tx, operation.accountId, operation.subject.id, {
          ...{ status: 'terminated', message: input.reason, env: null },
          ...{ updated_at: now, ended_at: now },
        })
      },
    },
  ],
  async failed(tx, work, reason) {
    const { snapshotId } = work.input
    if (snapshotId !== null && !(await isReady(work, tx))) {
      const set = { status: 'failed', error: reason, updated_at: work.clock.now() } as const
      await updateSnapshot(tx, work.operation.accountId, snapshotId, set)
    }
    await microvmFailed(tx, work as Work<never>, reason)
  },
}

async function isReady({ input, operation }: Work<DeleteMicrovmInput>, db: Database | Tx) {
  const row = await getSnapshot(db, operation.accountId, String(input.snapshotId))
  return row.status === 'ready'
}

import type { MicrovmSnapshotResult } from '@garrison/engines/engine'
import type { Tx } from '../database/database.ts'
import { getSnapshot, updateSnapshot } from '../microvms/snapshots/store.ts'
import type { OperationKind, StepResult, Work } from './definition.ts'
import { microvmsOf } from './microvm-steps.ts'

export type SnapshotMicrovmInput = { readonly vmId: string }

/** Disk and memory of a machine that goes on. */
export const snapshotMicrovm: OperationKind<SnapshotMicrovmInput> = {
  kind: 'snapshot-microvm',
  steps: [
    {
      name: 'snapshot',
      do: ({ engine, operation, input, order }) =>
        microvmsOf(engine).ensureMicrovmSnapshot(input.vmId, operation.subject.id, order),
      record: (tx, work, result) => recordCaptured(tx, work, work.operation.subject.id, result),
      async undo({ engine, operation, order }) {
        await microvmsOf(engine).ensureMicrovmSnapshotGone(operation.subject.id, order)
      },
    },
  ],
  failed: microvmSnapshotFailed,
  async cancelled(tx, work) {
    const { accountId, subject } = work.operation
    const { status } = await getSnapshot(tx, accountId, subject.id)
    // Its own deletion has written what it is; the end of its machine has not.
    if (status === 'pending') await microvmSnapshotFailed(tx, work, 'The VM was ended meanwhile')
  },
}

export async function recordCaptured(
  tx: Tx,
  { operation, clock }: Pick<Work<unknown>, 'operation' | 'clock'>,
  snapshotId: string,
  result: StepResult,
) {
  const { sizeBytes, vcpus, memoryMib } = result as unknown as MicrovmSnapshotResult
  await updateSnapshot(tx, operation.accountId, snapshotId, {
    ...{ status: 'ready', size_bytes: sizeBytes, vcpus, memory_mib: memoryMib },
    ...{ error: null, updated_at: clock.now() },
  })
}

/** What it was built with may be secret, and nobody builds it again. */
export async function microvmSnapshotFailed(
  tx: Tx,
  { operation, clock }: Pick<Work<unknown>, 'operation' | 'clock'>,
  reason: string,
) {
  await updateSnapshot(tx, operation.accountId, operation.subject.id, {
    ...{ status: 'failed', error: reason, build: null, updated_at: clock.now() },
  })
}

import { EngineError, FencedError } from '@garrison/engines/engine'
import { updateSnapshot } from '../microvms/snapshots/store.ts'
import { getMicrovm } from '../microvms/vms/store.ts'
import type { OperationKind, Work } from './definition.ts'
import { microvmCancelled, microvmFailed, microvmsOf, startMachine } from './microvm-steps.ts'
import { recordCaptured } from './snapshot-microvm.ts'

/** `keep`: the snapshot was given a name, and stays. */
export type CloneMicrovmInput = { readonly sourceId: string; readonly keep: boolean }

/** A snapshot of one machine, and another that begins as it. */
export const cloneMicrovm: OperationKind<CloneMicrovmInput> = {
  kind: 'clone-microvm',
  steps: [
    {
      name: 'snapshot',
      async do({ engine, input, order, db, operation }) {
        const { snapshot_id } = await getMicrovm(db, operation.accountId, operation.subject.id)
        const microvms = microvmsOf(engine)
        return microvms.ensureMicrovmSnapshot(input.sourceId, String(snapshot_id), order)
      },
      async record(tx, work, result) {
        await recordCaptured(tx, work, await snapshotOf(work, tx), result)
      },
      async undo(work) {
        await microvmsOf(work.engine).ensureMicrovmSnapshotGone(await snapshotOf(work), work.order)
      },
    },
    startMachine,
    {
      name: 'tidy',
      async do(work) {
        if (work.input.keep) return { gone: false }
        try {
          const { engine, order } = work
          await microvmsOf(engine).ensureMicrovmSnapshotGone(await snapshotOf(work), order)
          return { gone: true }
        } catch (error) {
          // No reason to give up a machine that runs: what is left is removed later.
          if (!(error instanceof EngineError) || error instanceof FencedError) throw error
          return { gone: false }
        }
      },
      async record(tx, work, { gone }) {
        if (gone !== true) return
        const now = work.clock.now()
        const set = { deleted_at: now, updated_at: now }
        await updateSnapshot(tx, work.operation.accountId, await snapshotOf(work, tx), set)
      },
    },
  ],
  async failed(tx, work, reason) {
    await giveUpSnapshot(tx, work, reason)
    await microvmFailed(tx, work as Work<never>, reason)
  },
  async cancelled(tx, work) {
    await giveUpSnapshot(tx, work, 'The clone was given up')
    await microvmCancelled(tx, work as Work<never>, 'The VM that it was to be a copy of was ended')
  },
}

type Cloning = Work<CloneMicrovmInput>

async function snapshotOf({ db, operation }: Cloning, reader: Cloning['db'] = db): Promise<string> {
  const { snapshot_id } = await getMicrovm(reader, operation.accountId, operation.subject.id)
  return String(snapshot_id)
}

/** One that nobody asked for by name is not shown as failed either. */
async function giveUpSnapshot(
  tx: Parameters<typeof recordCaptured>[0],
  work: Cloning,
  error: string,
) {
  const now = work.clock.now()
  await updateSnapshot(tx, work.operation.accountId, await snapshotOf(work, tx), {
    ...{ status: 'failed', error, updated_at: now },
    ...(!work.input.keep && { deleted_at: now }),
  })
}

import { deleteExport } from '../snapshot-exports/store.ts'
import { exportsOf, updateSnapshot } from '../snapshots/store.ts'
import type { OperationKind } from './definition.ts'

/** With its export. Machines and images made from it go on: they share its layers, not its record. */
export const deleteSnapshot: OperationKind<Record<string, never>> = {
  kind: 'delete-snapshot',
  steps: [
    {
      name: 'snapshot',
      async do({ db, engine, operation, order }) {
        const { accountId, subject } = operation
        for (const id of await exportsOf(db, accountId, subject.id))
          await engine.ensureExportGone(id, order)
        await engine.ensureSnapshotGone(subject.id, order)
        return undefined
      },
      async record(tx, work) {
        const now = work.clock.now()
        const { accountId, subject } = work.operation
        for (const id of await exportsOf(tx, accountId, subject.id))
          await deleteExport(tx, accountId, id)
        await updateSnapshot(tx, work.operation.accountId, work.operation.subject.id, {
          deleted_at: now,
          updated_at: now,
        })
      },
    },
  ],
  async failed(tx, work, reason) {
    const now = work.clock.now()
    await updateSnapshot(tx, work.operation.accountId, work.operation.subject.id, {
      status: 'ERROR',
      error: reason,
      updated_at: now,
    })
  },
}

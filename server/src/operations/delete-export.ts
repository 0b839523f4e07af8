import { deleteExport as deleteRow, updateExport } from '../snapshot-exports/store.ts'
import type { OperationKind } from './definition.ts'
import type { ExportInput } from './export-snapshot.ts'

/** Removes the file. Who is reading it may finish; the snapshot stays. */
export const deleteExport: OperationKind<ExportInput> = {
  kind: 'delete-export',
  steps: [
    {
      name: 'file',
      async do({ engine, input, order }) {
        await engine.ensureExportGone(input.exportId, order)
        return undefined
      },
      async record(tx, { operation, input }) {
        await deleteRow(tx, operation.accountId, input.exportId)
      },
    },
  ],
  async failed(tx, { operation, input, clock }, reason) {
    const now = clock.now()
    await updateExport(tx, operation.accountId, input.exportId, {
      status: 'ERROR',
      error: reason,
      updated_at: now,
    })
  },
}

import { updateImage } from '../images/store.ts'
import type { OperationKind } from './definition.ts'

/** Machines deployed from it go on. */
export const deleteImage: OperationKind<Record<string, never>> = {
  kind: 'delete-image',
  steps: [
    {
      name: 'image',
      async do({ engine, operation, order }) {
        await engine.ensureImageGone(operation.subject.id, order)
        return undefined
      },
      async record(tx, work) {
        const now = work.clock.now()
        await updateImage(tx, work.operation.accountId, work.operation.subject.id, {
          deleted_at: now,
          updated_at: now,
        })
      },
    },
  ],
  async failed(tx, work, reason) {
    const now = work.clock.now()
    await updateImage(tx, work.operation.accountId, work.operation.subject.id, {
      status: 'error',
      error: reason,
      updated_at: now,
    })
  },
}

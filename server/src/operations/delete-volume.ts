import { updateVolume } from '../volumes/store.ts'
import type { OperationKind } from './definition.ts'
import { volumeFailed } from './volume-outcomes.ts'

/** Its copies go on. */
export const deleteVolume: OperationKind<Record<string, never>> = {
  kind: 'delete-volume',
  steps: [
    {
      name: 'volume',
      async do({ engine, operation, order }) {
        await engine.ensureVolumeGone(operation.subject.id, order)
        return undefined
      },
      async record(tx, { operation, clock }) {
        const now = clock.now()
        await updateVolume(tx, operation.accountId, operation.subject.id, {
          deleted_at: now,
          updated_at: now,
        })
      },
    },
  ],
  failed: volumeFailed,
}

import { EngineError, type ImageResult } from '@garrison/engines/engine'
import { updateImage } from '../images/store.ts'
import { getSnapshot } from '../snapshots/store.ts'
import type { OperationKind } from './definition.ts'

export type CreateImageInput = { readonly snapshotId: string }

/** Begun together with its snapshot, it waits for it; so it looks what became of that first. */
export const createImage: OperationKind<CreateImageInput> = {
  kind: 'create-image',
  steps: [
    {
      name: 'image',
      async do({ db, engine, operation, input, order }) {
        const snapshot = await getSnapshot(db, operation.accountId, input.snapshotId)
        if (snapshot.status !== 'SUCCESS') {
          throw new EngineError(
            `Snapshot ${snapshot.public_id} was not created, so neither is its image`,
          )
        }
        return engine.ensureImage(operation.subject.id, input.snapshotId, order)
      },
      async record(tx, work, result) {
        const { sizeBytes, minDiskGb } = result as ImageResult
        const now = work.clock.now()
        await updateImage(tx, work.operation.accountId, work.operation.subject.id, {
          status: 'available',
          size_bytes: sizeBytes,
          min_disk_gb: minDiskGb,
          updated_at: now,
        })
      },
      async undo({ engine, operation, order }) {
        await engine.ensureImageGone(operation.subject.id, order)
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

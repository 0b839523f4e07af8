import { updateInstance } from '../instances/store.ts'
import { atRest, getVolume, lockMachineOf } from '../volumes/store.ts'
import type { OperationKind } from './definition.ts'
import { recordSubjectEvent } from './subject-event.ts'

/**
 * To the size in the row's `growing_to_gb`. Nothing is undone, for nothing shrinks: one that grew although
 * this failed has its size the next time somebody asks for more.
 */
export const resizeVolume: OperationKind<Record<string, never>> = {
  kind: 'resize-volume',
  steps: [
    {
      name: 'grow',
      async do({ db, engine, operation, order }) {
        const { accountId, subject } = operation
        const { growing_to_gb, size_gb } = await getVolume(db, accountId, subject.id)
        return engine.resizeVolume(subject.id, growing_to_gb ?? size_gb, order)
      },
      async record(tx, { operation, clock }, { sizeGb }) {
        const { accountId, subject } = operation
        const now = clock.now()
        await lockMachineOf(tx, accountId, subject.id)
        const size = { size_gb: Number(sizeGb), growing_to_gb: null }
        await atRest(tx, accountId, subject.id, { ...size, error: null, updated_at: now })
        const { is_boot, instance_id } = await getVolume(tx, accountId, subject.id)
        if (is_boot && instance_id !== null)
          await updateInstance(tx, accountId, instance_id, {
            disk_gb: size.size_gb,
            updated_at: now,
          })
        const data = { size_gb: size.size_gb }
        await recordSubjectEvent(tx, operation, 'volume.resized', data, now)
      },
    },
  ],
  async failed(tx, { operation, clock }, reason) {
    const now = clock.now()
    const error = `It could not be resized: ${reason}`
    const set = { growing_to_gb: null, error, updated_at: now }
    await atRest(tx, operation.accountId, operation.subject.id, set)
    await recordSubjectEvent(tx, operation, 'volume.resize-failed', { reason }, now)
  },
}

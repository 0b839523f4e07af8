import type { VolumeSpec } from '@garrison/engines/engine'
import { getVolume } from '../volumes/store.ts'
import type { OperationKind, Step, Work } from './definition.ts'
import { volumeAvailable, volumeFailed } from './volume-outcomes.ts'

/** An empty volume, or one that begins as an OS image. */
export const createVolume: OperationKind<Record<string, never>> = {
  kind: 'create-volume',
  steps: [
    makeVolume(({ os_image }) => (os_image === null ? null : { kind: 'os-image', name: os_image })),
  ],
  failed: volumeFailed,
}

export type CloneVolumeInput = { readonly sourceId: string }

/** A copy as of the moment when this runs. */
export const cloneVolume: OperationKind<CloneVolumeInput> = {
  kind: 'clone-volume',
  steps: [makeVolume((_, { input }) => ({ kind: 'volume', id: input.sourceId }))],
  failed: volumeFailed,
}

function makeVolume<Input>(
  sourceOf: (volume: { os_image: string | null }, work: Work<Input>) => VolumeSpec['source'],
): Step<Input> {
  return {
    name: 'volume',
    async do(work) {
      const { db, engine, operation, order } = work
      const { id, size_gb, ...volume } = await getVolume(
        db,
        operation.accountId,
        operation.subject.id,
      )
      const source = sourceOf(volume, work)
      const spec = { id, tenant: operation.accountId, sizeGb: size_gb, source }
      await engine.ensureVolume(spec, order)
      return undefined
    },
    record: (tx, work) => volumeAvailable(tx, work as Work<never>),
    async undo({ engine, operation, order }) {
      await engine.ensureVolumeGone(operation.subject.id, order)
    },
  }
}

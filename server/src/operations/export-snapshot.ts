import type { SnapshotManifest } from '@garrison/contract/snapshots/manifest'
import { diskFileName } from '@garrison/contract/snapshots/manifest'
import type { ExportResult } from '@garrison/engines/engine'
import { updateExport } from '../snapshot-exports/store.ts'
import { getSnapshot, type Snapshot } from '../snapshots/store.ts'
import type { OperationKind } from './definition.ts'

export type ExportInput = { readonly exportId: string }

/** How long the file is kept after it was made. */
export const exportKeptMs = 24 * 60 * 60_000

/** A file of the snapshot; its subject is the snapshot, which stays as it is. */
export const exportSnapshot: OperationKind<ExportInput> = {
  kind: 'export-snapshot',
  steps: [
    {
      name: 'file',
      do: ({ engine, operation, input, order }) =>
        engine.exportSnapshot(input.exportId, operation.subject.id, order),
      async record(tx, { operation, input, clock }, result) {
        const { accountId, subject } = operation
        const snapshot = await getSnapshot(tx, accountId, subject.id)
        const now = clock.now()
        await updateExport(tx, accountId, input.exportId, {
          status: 'SUCCESS',
          manifest: JSON.stringify(manifestOf(snapshot, result as ExportResult)),
          expires_at: new Date(now.getTime() + exportKeptMs),
          updated_at: now,
        })
      },
      async undo({ engine, input, order }) {
        await engine.ensureExportGone(input.exportId, order)
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
  /** Only its deletion cancels it, and that has already said so on the row. */
  async cancelled() {},
}

function manifestOf(snapshot: Snapshot, made: ExportResult): SnapshotManifest {
  const { name, description, vm_name, login_user, os_image, consistency } = snapshot
  const { flavor, vcpus, memory_mib, gpu_model, gpu_count } = snapshot
  return {
    ...({ format: 'garrison-snapshot', version: 1 } as const),
    ...{ name, description, created_at: snapshot.created_at.toISOString(), vm_name },
    consistency: consistency ?? 'crash',
    os_image: { name: os_image, recipe: made.recipe },
    login_user,
    shape: { flavor, vcpus, memory_mib, disk_gb: made.diskGb, gpu_model, gpu_count },
    files: [
      {
        name: diskFileName,
        format: made.format,
        size_bytes: made.sizeBytes,
        sha256: made.sha256,
        virtual_size_bytes: made.virtualSizeBytes,
      },
    ],
  }
}

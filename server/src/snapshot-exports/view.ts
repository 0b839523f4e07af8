/** From rows to what the API answers. */
import type { SnapshotExport as ExportAnswer } from '@garrison/contract/snapshot-exports/routes'
import { diskFileName } from '@garrison/contract/snapshots/manifest'
import type { SnapshotExport } from './store.ts'

export function exportAnswer(row: SnapshotExport, snapshotPublicId: string): ExportAnswer {
  const path = `/api/snapshots/${snapshotPublicId}/export/${diskFileName}`
  return {
    status: row.status,
    manifest: row.manifest,
    download_path: row.status === 'SUCCESS' ? path : null,
    operation_id: row.operation_id,
    expires_at: row.expires_at?.toISOString() ?? null,
    error: row.error,
    created_at: row.created_at.toISOString(),
  }
}

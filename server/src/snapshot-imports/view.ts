/** From rows to what the API answers. */
import type { SnapshotImport as ImportAnswer } from '@garrison/contract/snapshot-imports/routes'
import { diskFileName } from '@garrison/contract/snapshots/manifest'
import type { Snapshot } from '../snapshots/store.ts'
import type { SnapshotImport } from './store.ts'

export function importAnswer(
  row: SnapshotImport,
  snapshot: Snapshot,
  receivedBytes: number,
): ImportAnswer {
  return {
    status: row.status,
    size_bytes: row.manifest.files[0]?.size_bytes ?? 0,
    received_bytes: receivedBytes,
    upload_path: `/api/snapshots/${snapshot.public_id}/import/${diskFileName}`,
    expires_at: row.expires_at?.toISOString() ?? null,
    error: row.status === 'ERROR' ? snapshot.error : null,
    created_at: row.created_at.toISOString(),
  }
}

/** From rows to what the API answers: exactly the published fields. */
import type { SnapshotInfo } from '@garrison/contract/microvms/snapshots'
import type { MicrovmSnapshot } from './store.ts'

export const snapshotInfo = (row: MicrovmSnapshot): SnapshotInfo => ({
  id: row.public_id,
  name: row.name,
  status: row.status,
  source_vm_id: row.source_vm_public_id,
  snapshot_type: row.origin,
  type: row.is_public ? 'system' : 'user',
  oci_image: row.oci_image,
  vcpu_count: row.vcpus,
  memory_mb: row.memory_mib,
  size_bytes: row.size_bytes,
  is_public: row.is_public,
  last_error: row.error,
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
})

/** Clients read either name of the id. */
export const snapshotDetails = (row: MicrovmSnapshot) => ({
  ...snapshotInfo(row),
  snapshot_id: row.public_id,
})

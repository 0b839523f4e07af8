/** From rows to what the API answers. */
import type { Snapshot as SnapshotAnswer } from '@garrison/contract/snapshots/routes'
import { gpuType, ramGb } from '../instances/view.ts'
import { toDecimal } from '../money.ts'
import type { Snapshot } from './store.ts'

/**
 * GB of 10^9 bytes with one decimal: 0 while nothing is held yet, and at least 0.1 once anything is, as a
 * size of 0 reads like an empty snapshot.
 */
export function sizeGb(bytes: number | null): number {
  if (bytes === null || bytes === 0) return 0
  return Math.max(0.1, Math.round(bytes / 1e8) / 10)
}

export function snapshotAnswer(row: Snapshot, isImage: boolean): SnapshotAnswer {
  return {
    id: row.public_id,
    name: row.name,
    description: row.description,
    status: row.status,
    size_gb: sizeGb(row.size_bytes),
    region: row.region,
    vm_name: row.vm_name,
    instance_id: row.instance_public_id,
    is_image: isImage,
    vcpus: row.vcpus,
    ram_gb: ramGb(row.memory_mib),
    gpu_type: gpuType(row.gpu_model),
    gpu_count: row.gpu_count,
    disk_gb: row.disk_gb,
    consistency: row.consistency,
    memory: row.memory,
    pinned: row.pinned,
    policy_id: row.policy_public_id,
    error: row.error,
    hourly_rate: toDecimal(row.hourly_rate_micros),
    created_at: row.created_at.toISOString(),
    updated_at: row.updated_at.toISOString(),
  }
}

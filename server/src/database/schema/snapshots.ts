/** Tables of snapshots, how they come and go, and of the images that are made of them. */
import type { Currency, Tier } from '@garrison/contract/common'
import type { ImageStatus } from '@garrison/contract/images/states'
import type { ExportStatus } from '@garrison/contract/snapshot-exports/states'
import type { ImportStatus } from '@garrison/contract/snapshot-imports/states'
import type { SnapshotManifest } from '@garrison/contract/snapshots/manifest'
import type { SnapshotStatus } from '@garrison/contract/snapshots/states'
import type { Generated, JSONColumnType } from 'kysely'
import type { Fixed, Hardware } from './columns.ts'

export type SnapshotSshKey = { id: string; public_id: string; name: string; public_key: string }

export type SnapshotsSchema = {
  snapshots: SnapshotsTable
  snapshot_exports: SnapshotExportsTable
  snapshot_imports: SnapshotImportsTable
  snapshot_policies: SnapshotPoliciesTable
  snapshot_policy_instances: SnapshotPolicyInstancesTable
  images: ImagesTable
}

type SnapshotsTable = Hardware & {
  id: Fixed<string>
  public_id: Fixed<string>
  account_id: Fixed<string>
  /** Null when it was imported. */
  instance_id: Fixed<string | null>
  instance_public_id: Fixed<string | null>
  vm_name: Fixed<string>
  name: string
  description: string | null
  status: SnapshotStatus
  region: Fixed<string>
  tier: Fixed<Tier>
  size_bytes: number | null
  consistency: 'filesystem' | 'crash' | null
  memory: boolean
  os_image: string | null
  login_user: string
  ssh_keys: JSONColumnType<SnapshotSshKey[]>
  hourly_rate_micros: number
  currency: Currency
  error: string | null
  pinned: Generated<boolean>
  policy_id: Fixed<string | null>
  policy_public_id: Fixed<string | null>
  policy_slot: Fixed<Date | null>
  policy_attempt: Generated<number>
  /** Whose budget bears it. */
  api_key_id: Fixed<string | null>
  created_at: Fixed<Date>
  updated_at: Date
  deleted_at: Date | null
}

type SnapshotExportsTable = {
  id: Fixed<string>
  account_id: Fixed<string>
  snapshot_id: Fixed<string>
  status: ExportStatus
  operation_id: string
  manifest: JSONColumnType<SnapshotManifest | null, string | null, string | null>
  error: string | null
  expires_at: Date | null
  created_at: Date
  updated_at: Date
}

type SnapshotImportsTable = {
  snapshot_id: Fixed<string>
  account_id: Fixed<string>
  status: ImportStatus
  manifest: JSONColumnType<SnapshotManifest>
  expires_at: Date | null
  created_at: Fixed<Date>
  updated_at: Date
}

type SnapshotPoliciesTable = {
  id: Fixed<string>
  public_id: Fixed<string>
  account_id: Fixed<string>
  name: string
  description: string | null
  hourly: number
  daily: number
  weekly: number
  monthly: number
  offset_minutes: number
  /** Whose budget bears it. */
  api_key_id: Fixed<string | null>
  created_at: Fixed<Date>
  updated_at: Date
}

type SnapshotPolicyInstancesTable = {
  policy_id: Fixed<string>
  instance_id: Fixed<string>
  account_id: Fixed<string>
  due_at: Date
  try_at: Date
  thin_at: Date | null
  last_success_at: Date | null
  last_error: string | null
  last_error_at: Date | null
  skip_reason: string | null
  skipped_at: Date | null
  created_at: Fixed<Date>
}

type ImagesTable = {
  id: Fixed<string>
  public_id: Fixed<string>
  account_id: Fixed<string>
  snapshot_id: Fixed<string>
  snapshot_public_id: Fixed<string>
  snapshot_name: Fixed<string>
  name: string
  description: string
  status: ImageStatus
  region: Fixed<string>
  tier: Fixed<Tier>
  size_bytes: number | null
  min_disk_gb: number
  os_image: string | null
  login_user: string
  error: string | null
  created_at: Fixed<Date>
  updated_at: Date
  deleted_at: Date | null
}

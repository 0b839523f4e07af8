/** Tables of microVMs, as Kysely sees them. */
import type { Currency, Tier } from '@garrison/contract/common'
import type { EgressKnobs } from '@garrison/contract/microvms/egress'
import type {
  executionStatuses,
  MicrovmSnapshotStatus,
  MicrovmStatus,
  microvmSnapshotOrigins,
} from '@garrison/contract/microvms/states'
import type { ColumnType, Generated, JSONColumnType } from 'kysely'
import type { Fixed } from './columns.ts'

type Json<T extends object> = JSONColumnType<T>

/** How a snapshot of an image is built; kept for the operation that does it. */
export type BuildPlan = {
  readonly reference: string
  /** GB, 10^9 bytes. */
  readonly diskGb: number | null
  readonly commands: readonly { readonly title: string; readonly shell: string }[]
  readonly env: Readonly<Record<string, string>>
}

export type MicrovmsSchema = {
  microvm_house: { only_one: Generated<boolean>; account_id: Fixed<string> }
  microvm_snapshots: {
    id: Fixed<string>
    public_id: Fixed<string>
    account_id: Fixed<string>
    region: Fixed<string>
    name: string | null
    status: MicrovmSnapshotStatus
    origin: Fixed<(typeof microvmSnapshotOrigins)[number]>
    is_public: Fixed<boolean>
    source_vm_public_id: Fixed<string | null>
    oci_image: Fixed<string | null>
    build: ColumnType<BuildPlan | null, string | null, string | null>
    vcpus: number | null
    memory_mib: number | null
    size_bytes: Generated<number>
    error: string | null
    hidden: Generated<boolean>
    api_key_id: Fixed<string | null>
    created_at: Fixed<Date>
    updated_at: Date
    deleted_at: Date | null
    hundred_gb_rate_micros: Generated<number>
    currency: Generated<Currency>
    tier: Generated<Tier>
  }
  microvm_build_logs: { snapshot_id: Fixed<string>; text: Generated<string> }
  microvm_sessions: {
    id: Fixed<string>
    account_id: Fixed<string>
    lifetime: number
    vcpus: number
    memory_mib: number
    metadata: Json<Record<string, unknown>>
    env: Json<Record<string, string>>
    vm_id: string | null
    api_key_id: Fixed<string | null>
    created_at: Fixed<Date>
    executions: Generated<number>
    execution_seconds: Generated<number>
    cpu_seconds: Generated<number>
    egress: ColumnType<EgressKnobs | null, string | null, string | null>
  }
  microvms: {
    id: Fixed<string>
    public_id: Fixed<string>
    account_id: Fixed<string>
    session_id: Fixed<string>
    region: Fixed<string>
    host: Fixed<string>
    status: MicrovmStatus
    snapshot_id: Fixed<string | null>
    vcpus: Fixed<number>
    memory_mib: Fixed<number>
    promised_memory_mib: Fixed<number>
    metadata: Json<Record<string, unknown>>
    env: ColumnType<Record<string, string> | null, string | null, string | null>
    lifetime: number
    ends_at: Date | null
    snapshot_on_terminate: Generated<boolean>
    snapshot_name: string | null
    egress: ColumnType<EgressKnobs | null, string | null, string | null>
    egress_in_force: Generated<boolean>
    how: 'memory' | 'cold-boot' | null
    message: string | null
    vcpu_rate_micros: Fixed<number>
    gb_rate_micros: Fixed<number>
    hourly_rate_micros: Fixed<number>
    currency: Fixed<Currency>
    tier: Fixed<Tier>
    api_key_id: Fixed<string | null>
    created_at: Fixed<Date>
    updated_at: Date
    started_at: Date | null
    ended_at: Date | null
  }
  microvm_shares: {
    id: Fixed<string>
    public_id: Fixed<string>
    name: Fixed<string>
    account_id: Fixed<string>
    vm_id: Fixed<string>
    port: Fixed<number>
    is_public: boolean
    api_key_id: Fixed<string | null>
    created_at: Fixed<Date>
    updated_at: Date
    revoked_at: Date | null
  }
  microvm_executions: {
    id: Fixed<string>
    public_id: Fixed<string>
    account_id: Fixed<string>
    session_id: Fixed<string>
    vm_id: string | null
    region: Fixed<string>
    language: Fixed<'python' | 'bash'>
    status: (typeof executionStatuses)[number]
    stdout: Buffer | null
    stderr: Buffer | null
    exit_code: number | null
    seconds: number | null
    cpu_seconds: number | null
    timed_out: Generated<boolean>
    truncated: Generated<boolean>
    error: string | null
    created_at: Fixed<Date>
    finished_at: Date | null
  }
  microvm_volumes: {
    id: Fixed<string>
    public_id: Fixed<string>
    account_id: Fixed<string>
    name: string
    quota_bytes: number
    created_at: Fixed<Date>
    updated_at: Date
  }
  microvm_volume_blobs: {
    id: Fixed<string>
    volume_id: Fixed<string>
    size_bytes: Fixed<number>
    content: Fixed<Buffer>
  }
  microvm_volume_checkpoints: {
    id: Fixed<string>
    public_id: Fixed<string>
    volume_id: Fixed<string>
    name: Fixed<string>
    created_at: Fixed<Date>
  }
  /** Of now, where no checkpoint is named. */
  microvm_volume_files: {
    volume_id: Fixed<string>
    checkpoint_id: Fixed<string | null>
    path: Fixed<string>
    blob_id: string
    modified_at: Date
  }
}

/** The tables as Kysely sees them. Column meanings stand in the migrations, beside their constraints. */
import type { Currency, ErrorCode, Tier } from '@garrison/contract/common'
import type { DeployRequestState } from '@garrison/contract/deploy-requests/states'
import type { Family, ProtocolName } from '@garrison/contract/firewalls/protocols'
import type {
  AttachmentStatus,
  FirewallStatus,
  RuleStatus,
} from '@garrison/contract/firewalls/states'
import type { ImageStatus } from '@garrison/contract/images/states'
import type { LineKind } from '@garrison/contract/instances/console-routes'
import type { DeploymentRequest } from '@garrison/contract/instances/routes'
import type { StartupStatus } from '@garrison/contract/instances/startup-log'
import type { InstanceStatus } from '@garrison/contract/instances/states'
import type { OperationState } from '@garrison/contract/operations/states'
import type { ExportStatus } from '@garrison/contract/snapshot-exports/states'
import type { ImportStatus } from '@garrison/contract/snapshot-imports/states'
import type { SnapshotManifest } from '@garrison/contract/snapshots/manifest'
import type { SnapshotStatus } from '@garrison/contract/snapshots/states'
import type { VolumeStatus } from '@garrison/contract/volumes/states'
import type { Address } from '@garrison/engines/engine'
import type { ColumnType, Generated, JSONColumnType } from 'kysely'
import type { AssistantSchema } from './schema-assistant.ts'
import type { DepletionSchema } from './schema-depletion.ts'
import type { EventsSchema } from './schema-events.ts'
import type { MailSchema } from './schema-mail.ts'
import type { MicrovmSchema } from './schema-microvms.ts'
import type { OperatorTables } from './schema-operator.ts'
import type { PaymentsSchema } from './schema-payments.ts'
import type { PeopleSchema } from './schema-people.ts'
import type { SignInSchema } from './schema-sign-in.ts'
import type { WebhooksSchema } from './schema-webhooks.ts'

/** Never changed once written. */
type Fixed<T> = ColumnType<T, T, never>

export type Schema = AssistantSchema &
  DepletionSchema &
  EventsSchema &
  MailSchema &
  MicrovmSchema &
  WebhooksSchema &
  OperatorTables &
  PaymentsSchema &
  PeopleSchema &
  SignInSchema & {
    installation: InstallationTable
    public_ids: { id: string }
    accounts: AccountsTable
    counters: { account_id: string; kind: string; value: number }
    ssh_keys: SshKeysTable
    instances: InstancesTable
    instance_ssh_keys: InstanceSshKeysTable
    snapshots: SnapshotsTable
    snapshot_exports: SnapshotExportsTable
    snapshot_imports: SnapshotImportsTable
    images: ImagesTable
    volumes: VolumesTable
    snapshot_policies: SnapshotPoliciesTable
    snapshot_policy_instances: SnapshotPolicyInstancesTable
    firewalls: FirewallsTable
    firewall_attachments: FirewallAttachmentsTable
    security_rules: SecurityRulesTable
    console_tokens: ConsoleTokensTable
    instance_samples: InstanceSamplesTable
    scripts: ScriptsTable
    startup_logs: StartupLogsTable
    deploy_requests: DeployRequestsTable
    stock_samples: StockSamplesTable
    operations: OperationsTable
    operation_steps: OperationStepsTable
    operation_holds: { resource_id: string; operation_id: string; exclusive: boolean }
    idempotency_keys: IdempotencyKeysTable
    billing_records: BillingRecordsTable
    ledger_accounts: LedgerAccountsTable
    ledger_transactions: LedgerTransactionsTable
    ledger_entries: LedgerEntriesTable
  }

type InstallationTable = { id: string; created_at: Generated<Date>; only_one: Generated<boolean> }

type AccountsTable = {
  id: Fixed<string>
  public_id: Fixed<string>
  name: string
  email: string | null
  currency: Currency
  phone: string | null
  address_line: string | null
  city: string | null
  state: string | null
  postal_code: string | null
  country: string | null
  /** GSTIN or VAT number. */
  tax_id: string | null
  /** At most that is used in a calendar month (UTC); null: no limit. */
  monthly_budget_micros: number | null
  created_at: Fixed<Date>
}

type SshKeysTable = {
  id: Fixed<string>
  public_id: Fixed<string>
  account_id: Fixed<string>
  name: string
  public_key: Fixed<string>
  fingerprint: Fixed<string>
  key_type: Fixed<string>
  created_at: Fixed<Date>
}

/** What a machine is made of; a snapshot keeps it, a restore takes it over. */
type Hardware = {
  flavor: string
  gpu_model: string | null
  gpu_count: number
  vcpus: number
  memory_mib: number
  disk_gb: number
}

type InstancesTable = Hardware & {
  id: Fixed<string>
  public_id: Fixed<string>
  account_id: Fixed<string>
  name: string
  status: InstanceStatus
  region: Fixed<string>
  tier: Fixed<Tier>
  host: string
  boot_source: 'os_image' | 'volume' | 'custom_image' | 'snapshot'
  /** Internal id of the image, snapshot or volume it was made from. */
  source_id: string | null
  os_image: string | null
  login_user: string
  /** Until the guest has begun with it. */
  user_data: string | null
  jupyter: Generated<boolean>
  address: JSONColumnType<Address | null, string | null, string | null>
  hourly_rate_micros: number
  currency: Currency
  error: string | null
  made_at: Date | null
  rules_revision: Generated<number>
  public_ip: Generated<'none' | 'attached' | 'detached'>
  public_address: Generated<string | null>
  ready_at: Date | null
  retain_ip: Generated<boolean>
  retain_capacity: Generated<boolean>
  hibernation_rate_micros: number | null
  hibernated_at: Date | null
  hibernation_memory: boolean | null
  /** Whose budget bears it. */
  api_key_id: Fixed<string | null>
  created_at: Fixed<Date>
  updated_at: Date
  deleted_at: Date | null
}

type InstanceSshKeysTable = {
  instance_id: string
  ssh_key_id: string
  public_id: string
  name: string
  public_key: string
}

export type SnapshotSshKey = { id: string; public_id: string; name: string; public_key: string }

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

type VolumesTable = {
  id: Fixed<string>
  public_id: Fixed<string>
  account_id: Fixed<string>
  name: string
  description: string | null
  status: VolumeStatus
  region: Fixed<string>
  tier: Fixed<Tier>
  host: string
  volume_type: 'SSD' | 'HDD' | 'NVMe'
  size_gb: number
  /** While a resize is under way. */
  growing_to_gb: number | null
  bootable: Fixed<boolean>
  os_image: Fixed<string | null>
  login_user: Fixed<string | null>
  /** Micro-units for each TB (1000 GB) and hour. */
  tb_rate_micros: number
  currency: Currency
  /** Whose it is, is about to be, or is about to be no more. */
  instance_id: string | null
  is_boot: boolean
  attached_at: Date | null
  /** Whose budget bears it. */
  api_key_id: Fixed<string | null>
  error: string | null
  created_at: Fixed<Date>
  updated_at: Date
  deleted_at: Date | null
}

type FirewallsTable = {
  id: Fixed<string>
  public_id: Fixed<string>
  account_id: Fixed<string>
  name: string
  description: string | null
  status: FirewallStatus
  region: Fixed<string>
  tier: Fixed<Tier>
  created_at: Fixed<Date>
  updated_at: Date
}

type FirewallAttachmentsTable = {
  id: Fixed<string>
  account_id: Fixed<string>
  firewall_id: Fixed<string>
  instance_id: Fixed<string>
  status: AttachmentStatus
  created_at: Fixed<Date>
}

/** Of a firewall or of an instance, never both. */
type SecurityRulesTable = {
  id: Fixed<string>
  account_id: Fixed<string>
  firewall_id: Fixed<string | null>
  instance_id: Fixed<string | null>
  direction: Fixed<'ingress' | 'egress'>
  ethertype: Fixed<Family>
  protocol: Fixed<ProtocolName>
  port_min: Fixed<number | null>
  port_max: Fixed<number | null>
  /** In canonical form. */
  cidr: Fixed<string>
  status: RuleStatus
  created_at: Fixed<Date>
}

type ConsoleTokensTable = {
  hash: Fixed<Buffer>
  instance_id: Fixed<string>
  api_key_id: Fixed<string | null>
  person_id: Fixed<string | null>
  kind: Fixed<LineKind>
  expires_at: Fixed<Date>
}

/** What engines count, see `MachineCounters`; the row of a minute is replaced a day later. */
type InstanceSamplesTable = {
  instance_id: string
  minute_of_day: number
  at: Date
  epoch: string
  vcpus: number
  cpu_seconds: number
  memory_used_bytes: number | null
  memory_total_bytes: number | null
  disk_read_bytes: number
  disk_write_bytes: number
  disk_read_ops: number
  disk_write_ops: number
  network_received_bytes: number | null
  network_sent_bytes: number | null
  gpu_percent: number | null
  gpu_memory_used_bytes: number | null
}

type ScriptsTable = {
  id: Fixed<string>
  public_id: Fixed<string>
  account_id: Fixed<string>
  name: string
  script: string
  created_at: Fixed<Date>
  updated_at: Date
}

/** Of machines that were given user-data; the last that was read of it. */
type StartupLogsTable = {
  instance_id: Fixed<string>
  account_id: Fixed<string>
  status: Exclude<StartupStatus, 'none'>
  exit_code: number | null
  log: string | null
  started_at: Date | null
  finished_at: Date | null
  unanswered: Generated<number>
  ask_at: Date | null
}

type DeployRequestsTable = {
  id: Fixed<string>
  seq: Generated<number>
  public_id: Fixed<string>
  account_id: Fixed<string>
  vm_name: Fixed<string>
  state: DeployRequestState
  choices: JSONColumnType<
    {
      region: string
      flavor?: string | undefined
      gpu_model?: string | undefined
      gpu_count?: number | undefined
    }[]
  >
  pools: Fixed<string[]>
  request: JSONColumnType<DeploymentRequest | null, string | null, string | null>
  wait_until: Fixed<Date>
  kept_region: string | null
  kept_host: string | null
  kept_need: JSONColumnType<
    {
      vcpus: number
      memoryMib: number
      diskGb: number
      gpu: { model: string; count: number } | null
    } | null,
    string | null,
    string | null
  >
  kept_until: Date | null
  first_boot: JSONColumnType<
    { script: string | null; jupyterHash: string | null } | null,
    string | null,
    string | null
  >
  instance_id: string | null
  instance_public_id: string | null
  reason: string | null
  /** Whose budget bears it. */
  api_key_id: Fixed<string | null>
  created_at: Fixed<Date>
  updated_at: Date
  finished_at: Date | null
}

type StockSamplesTable = {
  region: Fixed<string>
  flavor: Fixed<string>
  gpu_model: Fixed<string | null>
  gpu_count: Fixed<number>
  available: Fixed<number>
  sampled_at: Fixed<Date>
}

type OperationsTable = {
  id: Fixed<string>
  seq: Generated<number>
  kind: Fixed<string>
  account_id: Fixed<string>
  region: Fixed<string>
  subject_kind: Fixed<string>
  subject_id: Fixed<string>
  subject_public_id: Fixed<string>
  input: JSONColumnType<Record<string, unknown>>
  state: OperationState
  step: string | null
  fence: Generated<number>
  lease_owner: string | null
  lease_until: Date | null
  cancel_requested: Generated<boolean>
  cancel_reason: Generated<string | null>
  /** What the caller should know though it went well, e.g. that a guest had to be cut off. */
  note: string | null
  error: string | null
  /** Where it matters to whoever waits. */
  error_code: Generated<ErrorCode | null>
  created_at: Fixed<Date>
  started_at: Date | null
  finished_at: Date | null
}

type OperationStepsTable = {
  operation_id: string
  name: string
  fence: number
  started_at: Date
  finished_at: Date | null
  undone_at: Date | null
  attempts: Generated<number>
  result: JSONColumnType<Record<string, unknown> | null, string | null, string | null>
  error: string | null
}

type IdempotencyKeysTable = {
  account_id: string
  method: string
  path: string
  key: string
  fingerprint: Buffer
  status: number
  body: JSONColumnType<Record<string, unknown>>
  awaited_until: Date | null
  created_at: Date
}

type LedgerAccountsTable = {
  id: string
  account_id: string | null
  kind: string
  currency: Currency
  /** Sum of its entries, kept by a trigger; 0 for the house's own accounts. */
  balance_micros: Generated<number>
}

type LedgerTransactionsTable = {
  id: string
  kind: string
  description: string
  /** Names what this pays for, once: the same reference is never booked twice. */
  reference: string | null
  /** Of usage: whose budget bears it. */
  api_key_id: string | null
  created_at: Date
}

type LedgerEntriesTable = {
  id: Generated<number>
  transaction_id: string
  ledger_account_id: string
  amount_micros: number
}

/** Opened and ended by triggers; only the meter writes here. */
type BillingRecordsTable = {
  id: Generated<number>
  billing_id: Fixed<string>
  account_id: Fixed<string>
  resource_kind: Fixed<'instance' | 'snapshot' | 'volume' | 'microvm' | 'microvm-snapshot'>
  resource_id: Fixed<string>
  resource_public_id: Fixed<string>
  resource_name: Fixed<string>
  tier: Fixed<Tier>
  gpu_model: Fixed<string | null>
  gpu_count: Fixed<number | null>
  size_gb: Fixed<number | null>
  /** In place of GB, where those are too coarse. */
  size_bytes: Fixed<number | null>
  rate: Fixed<'full' | 'hibernated' | 'storage'>
  hourly_rate_micros: Fixed<number>
  currency: Fixed<Currency>
  started_at: Fixed<Date>
  ended_at: Date | null
  minutes: Generated<number>
  /** Of what is metered by the second; its minutes follow from them. */
  seconds: number | null
  cost_micros: Generated<number>
  charged_micros: Generated<number>
  metered_until: Date | null
  /** Of what it bills, by a trigger. */
  api_key_id: Fixed<string | null>
}

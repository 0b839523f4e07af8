/** Tables of machines, and of what they are looked into and prepared with. */
import type { Currency, Tier } from '@garrison/contract/common'
import type { LineKind } from '@garrison/contract/instances/console-routes'
import type { StartupStatus } from '@garrison/contract/instances/startup-log'
import type { InstanceStatus } from '@garrison/contract/instances/states'
import type { Address } from '@garrison/engines/engine'
import type { Generated, JSONColumnType } from 'kysely'
import type { Fixed, Hardware } from './columns.ts'

export type InstancesSchema = {
  instances: InstancesTable
  instance_ssh_keys: InstanceSshKeysTable
  console_tokens: ConsoleTokensTable
  instance_samples: InstanceSamplesTable
  scripts: ScriptsTable
  startup_logs: StartupLogsTable
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

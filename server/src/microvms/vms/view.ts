/** From rows to what the API answers. Environments are never shown again. */
import type { Sandbox } from '@garrison/contract/microvms/sessions'
import type { Vm } from '@garrison/contract/microvms/vms'
import { toDecimal } from '../../money.ts'
import type { Microvm } from './store.ts'

const iso = (time: Date | null) => time?.toISOString() ?? null

export const vmAnswer = (row: Microvm): Vm => ({
  id: row.public_id,
  vm_id: row.public_id,
  session_id: row.session_id,
  status: row.status,
  snapshot_id: row.snapshot_public_id,
  vcpu_count: row.vcpus,
  memory_mb: row.memory_mib,
  metadata: row.metadata,
  vm_lifetime_seconds: row.lifetime,
  ends_at: iso(row.ends_at),
  snapshot_on_terminate: row.snapshot_on_terminate,
  snapshot_name: row.snapshot_name,
  start: row.how,
  message: row.message,
  hourly_rate: toDecimal(row.hourly_rate_micros),
  currency: row.currency,
  created_at: row.created_at.toISOString(),
  started_at: iso(row.started_at),
  terminated_at: iso(row.ended_at),
})

const sandboxStatus = {
  starting: 'starting',
  running: 'active',
  suspending: 'active',
  suspended: 'suspended',
  resuming: 'starting',
  terminating: 'killed',
  terminated: 'killed',
  failed: 'failed',
} as const satisfies Record<Microvm['status'], Sandbox['status']>

export const sandboxAnswer = (row: Microvm): Sandbox => ({
  sandbox_id: row.public_id,
  template_id: row.snapshot_public_id,
  name: row.public_id,
  metadata: row.metadata,
  started_at: (row.started_at ?? row.created_at).toISOString(),
  end_at: iso(row.ended_at ?? row.ends_at),
  status: sandboxStatus[row.status],
  session_id: row.session_id,
  vm_status: row.status,
})

/** From rows to what the API answers. */
import type * as contract from '@garrison/contract/microvms/sessions'
import type { Session } from './store.ts'

export function vmStatusOf({ vm_status }: Session): contract.Session['vm_status'] {
  switch (vm_status) {
    case null:
      return 'pending'
    case 'starting':
    case 'resuming':
      return 'starting'
    case 'running':
    case 'suspending':
      return 'active'
    case 'suspended':
      return 'suspended'
    case 'terminating':
    case 'terminated':
    case 'failed':
      return 'expired'
  }
}

const isOver = (row: Session) => ['pending', 'expired'].includes(vmStatusOf(row))

/** What it has no more is not shown. */
export const machineOf = (row: Session) => ({
  vm_id: isOver(row) ? null : row.vm_public_id,
  ends_at: isOver(row) ? null : (row.vm_ends_at?.toISOString() ?? null),
})

export const sessionAnswer = (row: Session): contract.Session => ({
  session_id: row.id,
  ...machineOf(row),
  vm_status: vmStatusOf(row),
  vm_lifetime_seconds: row.lifetime,
  vcpu_count: row.vcpus,
  memory_mb: row.memory_mib,
  metadata: row.metadata,
  created_at: row.created_at.toISOString(),
})

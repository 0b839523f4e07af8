/** One action on several instances: which it is done to, and why the others are left out. */
import { type InstanceStatus, whyNot } from '@garrison/contract/instances/states'
import { del, post } from '../api/client.ts'
import { askFor } from './change-instance.ts'

export const bulkActions = ['start', 'stop', 'reboot', 'hibernate', 'restore', 'delete'] as const
export type BulkAction = (typeof bulkActions)[number]

export const bulkWords: Record<BulkAction, { verb: string; working: string; effect: string }> = {
  start: {
    verb: 'Start',
    working: 'Starting…',
    effect: 'They boot, and are charged in full again.',
  },
  stop: {
    verb: 'Stop',
    working: 'Stopping…',
    effect:
      'They are shut down like a computer; their disks stay. A stopped instance costs as before.',
  },
  reboot: {
    verb: 'Reboot',
    working: 'Rebooting…',
    effect: 'They shut down and boot again; what is in memory is lost.',
  },
  hibernate: {
    verb: 'Hibernate',
    working: 'Hibernating…',
    effect:
      'They sleep at a fraction of their price. Their public addresses and their room are given up.',
  },
  restore: {
    verb: 'Restore',
    working: 'Restoring…',
    effect: 'They wake up where they fell asleep, and are charged in full again.',
  },
  delete: {
    verb: 'Delete',
    working: 'Deleting…',
    effect:
      'Their root disks and addresses go with them. Attached volumes, snapshots and images stay, and what they cost does too. This cannot be undone.',
  },
}

type Of = { readonly status: InstanceStatus }

export function sorted<I extends Of>(action: BulkAction, instances: readonly I[]) {
  const judged = instances.map((instance) => ({
    instance,
    why: whyNot(action, instance.status),
  }))
  return {
    done: judged.flatMap(({ instance, why }) => (why === null ? [instance] : [])),
    skipped: judged.flatMap(({ instance, why }) => (why === null ? [] : [{ instance, why }])),
  }
}

/** Why a button for all of them cannot be pressed. */
export const whyNone = (action: BulkAction, instances: readonly Of[]): string | null =>
  sorted(action, instances).done.length > 0
    ? null
    : `${bulkWords[action].verb} is possible for none of those that are selected`

export function actOn(action: BulkAction, instance_id: string) {
  const params = { instance_id }
  switch (action) {
    case 'hibernate':
      return post('/api/instances/{instance_id}/hibernate/', { params, body: {} })
    case 'delete':
      return del('/api/instances/{instance_id}/', { params })
    default:
      return askFor(action, instance_id)
  }
}

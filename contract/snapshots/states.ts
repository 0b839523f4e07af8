/** The life of a snapshot, as data. A deleted one is gone: it has no state. */
import { refusal } from '../refusal.ts'

export const snapshotStatuses = ['CREATING', 'SUCCESS', 'ERROR', 'DELETING'] as const
export type SnapshotStatus = (typeof snapshotStatuses)[number]

export type SnapshotTransition = {
  /** Where it is accepted. */
  readonly from: readonly SnapshotStatus[]
  /** Shown while it is under way. */
  readonly through: SnapshotStatus
  /** `null`: gone. */
  readonly to: SnapshotStatus | null
  readonly onFailure: SnapshotStatus
  /** Completes "Snapshot must be SUCCESS to …". */
  readonly verb: string
}

export const snapshotActions = {
  /** Several at once are fine, and leave the snapshot as it is. */
  restore: {
    from: ['SUCCESS'],
    through: 'SUCCESS',
    to: 'SUCCESS',
    onFailure: 'SUCCESS',
    verb: 'be restored',
  },
  'create-image': {
    from: ['SUCCESS'],
    through: 'SUCCESS',
    to: 'SUCCESS',
    onFailure: 'SUCCESS',
    verb: 'be made an image',
  },
  /** Of the machine that it was taken of. */
  rollback: {
    from: ['SUCCESS'],
    through: 'SUCCESS',
    to: 'SUCCESS',
    onFailure: 'SUCCESS',
    verb: 'be rolled back to',
  },
  export: {
    from: ['SUCCESS'],
    through: 'SUCCESS',
    to: 'SUCCESS',
    onFailure: 'SUCCESS',
    verb: 'be exported',
  },
  delete: {
    from: ['SUCCESS', 'ERROR'],
    through: 'DELETING',
    to: null,
    onFailure: 'ERROR',
    verb: 'be deleted',
  },
} as const satisfies Record<string, SnapshotTransition>
export type SnapshotAction = keyof typeof snapshotActions

export function canSnapshot(action: SnapshotAction, status: SnapshotStatus): boolean {
  return whyNot(action, status) === null
}

/** Why the action is refused in this state, as a sentence for the user; `null` when it is not. */
export function whyNot(action: SnapshotAction, status: SnapshotStatus): string | null {
  const { from, verb }: SnapshotTransition = snapshotActions[action]
  return from.includes(status) ? null : refusal('Snapshot', from, verb, status)
}

import { describe, expect, it } from 'vitest'
import {
  canSnapshot,
  type SnapshotAction,
  snapshotActions,
  snapshotStatuses,
  whyNot,
} from './states.ts'

const actions = Object.keys(snapshotActions) as SnapshotAction[]

const accepted = {
  restore: ['SUCCESS'],
  'create-image': ['SUCCESS'],
  rollback: ['SUCCESS'],
  export: ['SUCCESS'],
  delete: ['SUCCESS', 'ERROR'],
} as const satisfies Record<SnapshotAction, readonly string[]>

describe('the state table of snapshots', () => {
  it.each(actions)('accepts %s exactly where it should', (action) => {
    expect(snapshotStatuses.filter((status) => canSnapshot(action, status))).toEqual(
      accepted[action],
    )
  })

  it.each(actions.flatMap((action) => snapshotStatuses.map((status) => [action, status] as const)))(
    'either accepts %s of %s or says why not',
    (action, status) => {
      expect(whyNot(action, status) === null).toBe(canSnapshot(action, status))
      expect(whyNot(action, status)).not.toBe('')
    },
  )

  it('refuses with a sentence', () => {
    expect(whyNot('restore', 'CREATING')).toBe(
      'Snapshot must be SUCCESS to be restored; it is CREATING',
    )
  })
})

/** What the operations on volumes have in common: how they fail, and what is told. */
import type { Tx } from '../database/database.ts'
import { updateVolume } from '../volumes/store.ts'
import type { Work } from './definition.ts'

export async function volumeFailed(tx: Tx, work: Work<never>, reason: string) {
  const now = work.clock.now()
  const { accountId, subject } = work.operation
  await updateVolume(tx, accountId, subject.id, { status: 'error', error: reason, updated_at: now })
}

export async function volumeAvailable(tx: Tx, work: Work<never>) {
  const now = work.clock.now()
  const { accountId, subject } = work.operation
  await updateVolume(tx, accountId, subject.id, {
    status: 'available',
    error: null,
    updated_at: now,
  })
}

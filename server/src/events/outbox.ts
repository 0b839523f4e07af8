import type { EventKind } from '@garrison/contract/events/kinds'
import type { Tx } from '../database/database.ts'

/**
 * What happened, in the transaction that made it happen: nobody hears of what was rolled back. Changes of
 * states are not told here: triggers do it (`tell_of_state`).
 */
export async function recordEvent(
  tx: Tx,
  event: {
    /** Null: it concerns everybody. */
    accountId: string | null
    kind: EventKind
    subjectKind: string
    subjectId: string
    data: Record<string, unknown>
  },
  now: Date,
) {
  await tx
    .insertInto('events')
    .values({
      account_id: event.accountId,
      kind: event.kind,
      subject_kind: event.subjectKind,
      subject_id: event.subjectId,
      data: JSON.stringify(event.data),
      created_at: now,
    })
    .execute()
}

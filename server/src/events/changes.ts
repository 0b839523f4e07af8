import type { EventKind } from '@garrison/contract/events/kinds'
import { recordAudit } from '../accounts/audit.ts'
import type { Caller } from '../caller.ts'
import type { Tx } from '../database/database.ts'
import { recordEvent } from './outbox.ts'

/**
 * Somebody changed something that has no state of its own: a line in the audit log and an event, with the
 * transaction. Secrets never go into `detail` or `data`.
 */
export async function recordChange(
  tx: Tx,
  caller: Caller,
  change: {
    action: string
    kind: EventKind
    subjectKind: string
    subjectId: string
    detail: Record<string, unknown>
    /** What the world is told; `detail` where it is left out. */
    data?: Record<string, unknown>
  },
  now: Date,
) {
  const { action, kind, subjectKind, subjectId, detail, data = detail } = change
  const subject = { subjectKind, subjectId }
  await recordAudit(tx, caller, { action, ...subject, detail }, now)
  await recordEvent(tx, { accountId: caller.accountId, kind, ...subject, data }, now)
}

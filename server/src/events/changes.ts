import type { EventKind } from '@garrison/contract/events/kinds'
import { type AuditEntry, recordAudit } from '../accounts/audit.ts'
import type { Caller } from '../caller.ts'
import type { Tx } from '../database/database.ts'
import { recordEvent } from './outbox.ts'

/**
 * Somebody changed something that has no state of its own: a line in the audit log, and an event with
 * `data`. Secrets never go into either.
 */
export async function recordChange(
  tx: Tx,
  caller: Caller,
  change: AuditEntry & { kind: EventKind; data: Record<string, unknown> },
  now: Date,
) {
  const { kind, data, ...entry } = change
  await recordAudit(tx, caller, entry, now)
  const { subjectKind, subjectId } = entry
  await recordEvent(tx, { accountId: caller.accountId, kind, subjectKind, subjectId, data }, now)
}

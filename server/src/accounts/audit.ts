import type { Caller } from '../caller.ts'
import type { Tx } from '../database/database.ts'

/** A caller, or the operator of the host, who has the account and no key. */
type Actor = Caller | { accountId: string; keyId?: never; requestId?: never; remoteAddress?: never }

/** Who did what, in the transaction that does it. Secrets never go into `detail`. */
export async function recordAudit(
  tx: Tx,
  actor: Actor,
  entry: {
    action: string
    subjectKind: string
    subjectId: string
    detail?: Record<string, unknown>
  },
  now: Date,
) {
  await tx
    .insertInto('audit_log')
    .values({
      account_id: actor.accountId,
      api_key_id: actor.keyId ?? null,
      action: entry.action,
      subject_kind: entry.subjectKind,
      subject_id: entry.subjectId,
      detail: JSON.stringify(entry.detail ?? {}),
      request_id: actor.requestId ?? null,
      remote_address: actor.remoteAddress ?? null,
      created_at: now,
    })
    .execute()
}

import type { Caller } from '../caller.ts'
import type { Database, Tx } from '../database/database.ts'

/** A caller, or the operator of the host, who has the account and no key. */
type Actor =
  | Caller
  | {
      accountId: string
      keyId?: never
      personId?: never
      requestId?: never
      remoteAddress?: never
    }

type Fields = Record<string, unknown>

export type AuditEntry = {
  /** `subject.verb` */
  action: string
  subjectKind: string
  subjectId: string
  detail?: Fields | undefined
  /** Of an update: the fields that it is about, as they were and as they are. */
  before?: Fields | undefined
  after?: Fields | undefined
}

/** Who did what, in the transaction that does it. Secrets never go into it. */
export async function recordAudit(tx: Database | Tx, actor: Actor, entry: AuditEntry, now: Date) {
  await tx
    .insertInto('audit_log')
    .values({
      account_id: actor.accountId,
      api_key_id: actor.keyId ?? null,
      person_id: actor.personId ?? null,
      action: entry.action,
      subject_kind: entry.subjectKind,
      subject_id: entry.subjectId,
      detail: JSON.stringify(entry.detail ?? {}),
      before: entry.before && JSON.stringify(entry.before),
      after: entry.after && JSON.stringify(entry.after),
      request_id: actor.requestId ?? null,
      remote_address: actor.remoteAddress ?? null,
      created_at: now,
    })
    .execute()
}

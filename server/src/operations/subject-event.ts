import type { Tx } from '../database/database.ts'
import { recordEvent } from '../events/outbox.ts'
import type { OperationHeader } from './definition.ts'

/** Tells what became of the operation's subject: `instance.active`, `snapshot.error`, … */
export function recordSubjectEvent(
  tx: Tx,
  { accountId, subject }: OperationHeader,
  kind: string,
  data: Record<string, unknown>,
  now: Date,
) {
  return recordEvent(
    tx,
    { accountId, kind, subjectKind: subject.kind, subjectId: subject.publicId, data },
    now,
  )
}

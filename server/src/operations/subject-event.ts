import type { EventKind } from '@garrison/contract/events/kinds'
import type { Tx } from '../database/database.ts'
import { recordEvent } from '../events/outbox.ts'
import type { OperationHeader } from './definition.ts'

/** Tells what happened to the operation's subject, where that is no state of it: `volume.resized`, … */
export function recordSubjectEvent(
  tx: Tx,
  { accountId, subject }: OperationHeader,
  kind: EventKind,
  data: Record<string, unknown>,
  now: Date,
) {
  return recordEvent(
    tx,
    { accountId, kind, subjectKind: subject.kind, subjectId: subject.publicId, data },
    now,
  )
}

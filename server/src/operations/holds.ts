import { sql } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import { notify } from '../database/notify.ts'

/** Serialises everyone who wants to hold one of these, until the transaction ends. */
export async function lockResources(tx: Tx, ids: readonly string[]) {
  await sql`
    select pg_advisory_xact_lock(hashtextextended(id, 0)) from unnest(${[...ids].sort()}::text[]) id
  `.execute(tx)
}

/** Open operations that hold any of these in a way that excludes the wanted one. */
export function conflicts(tx: Tx, wanted: readonly { id: string; exclusive: boolean }[]) {
  const all = wanted.map((hold) => hold.id)
  const exclusive = wanted.filter((hold) => hold.exclusive).map((hold) => hold.id)
  return tx
    .selectFrom('operation_holds as hold')
    .innerJoin('operations as operation', 'operation.id', 'hold.operation_id')
    .select(['operation.id', 'operation.kind', 'operation.state'])
    .select(['operation.subject_id', 'operation.subject_public_id'])
    .where('hold.resource_id', 'in', all)
    .where((where) =>
      where.or([
        where('hold.exclusive', '=', true),
        ...(exclusive.length > 0 ? [where('hold.resource_id', 'in', exclusive)] : []),
      ]),
    )
    .distinct()
    .execute()
}

/** One that no runner has taken, nor takes until the transaction ends: what it reads is still to be read. */
export function lockPending(tx: Tx, kind: string, subjectId: string) {
  return tx
    .selectFrom('operations')
    .select('operations.id')
    .innerJoin('operation_holds', 'operation_holds.operation_id', 'operations.id')
    .where('operation_holds.resource_id', '=', subjectId)
    .where('operations.subject_id', '=', subjectId)
    .where('operations.kind', '=', kind)
    .where('operations.state', '=', 'pending')
    .where('operations.cancel_requested', '=', false)
    .forUpdate('operations')
    .executeTakeFirst()
}

/** The latest that holds it: it waits behind the others. */
export const findHolder = (db: Database | Tx, resourceId: string) =>
  db
    .selectFrom('operation_holds')
    .innerJoin('operations', 'operations.id', 'operation_holds.operation_id')
    .select('operation_holds.operation_id')
    .where('resource_id', '=', resourceId)
    .orderBy('operations.seq', 'desc')
    .limit(1)
    .executeTakeFirst()

/** Their runners write nothing until the transaction ends. */
export async function lockOperationsOn(tx: Tx, resourceId: string) {
  await tx
    .selectFrom('operations')
    .select('id')
    .where('id', 'in', (holds) =>
      holds
        .selectFrom('operation_holds')
        .select('operation_id')
        .where('resource_id', '=', resourceId),
    )
    .orderBy('id')
    .forUpdate()
    .execute()
}

export async function requestCancel(tx: Tx, ids: readonly string[]) {
  if (ids.length === 0) return
  await tx
    .updateTable('operations')
    // Whoever asks says on the resource what is to become of it, where an operator had only a reason.
    .set({ cancel_requested: true, cancel_reason: null })
    .where('id', 'in', ids)
    .execute()
  for (const id of ids) await notify(tx, 'operation_cancel', id)
}

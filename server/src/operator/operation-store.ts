/** Operations of everybody, and which of them wait for which. */
import { type OperationState, openOperationStates } from '@garrison/contract/operations/states'
import { sql } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import { countOfMatches, type Range, readPage } from '../database/pages.ts'

export type Filter = {
  state?: 'open' | OperationState | undefined
  kind?: string | undefined
  region?: string | undefined
  account?: string | undefined
  subject?: string | undefined
}

export type Row = NonNullable<Awaited<ReturnType<typeof findAny>>>

const all = (db: Database | Tx) =>
  db
    .selectFrom('operations as operation')
    .innerJoin('accounts as account', 'account.id', 'operation.account_id')
    .selectAll('operation')
    .select('account.public_id as account_public_id')
    // By the clock of the database, which is the one of leases.
    .select(sql<boolean>`coalesce(lease_until < now(), false)`.as('lease_expired'))
    .select(
      sql<boolean>`exists (
        select from operations later
        where later.subject_id = operation.subject_id and later.seq > operation.seq
          and later.account_id = operation.account_id
      )`.as('superseded'),
    )

export function pageOfAll(db: Database, filter: Filter, range: Range) {
  const { state, kind, region, account, subject } = filter
  const states: readonly OperationState[] =
    state === undefined
      ? [...openOperationStates, 'failed']
      : state === 'open'
        ? openOperationStates
        : [state]
  let query = all(db).where('operation.state', 'in', states)
  if (kind) query = query.where('operation.kind', '=', kind)
  if (region) query = query.where('operation.region', '=', region)
  if (account) query = query.where('account.public_id', '=', account)
  if (subject) query = query.where('operation.subject_public_id', '=', subject)
  return readPage(
    query.orderBy('operation.created_at', 'desc').orderBy('operation.id', 'desc'),
    countOfMatches,
    range,
  )
}

export const findAny = (db: Database | Tx, id: string) =>
  all(db).where('operation.id', '=', id).executeTakeFirst()

/** Its runner writes nothing until the transaction ends. */
export const lockAny = (tx: Tx, id: string) =>
  tx.selectFrom('operations').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()

export const holdsOf = (db: Database | Tx, id: string) =>
  db
    .selectFrom('operation_holds')
    .select(['resource_id', 'exclusive'])
    .where('operation_id', '=', id)
    .orderBy('resource_id')
    .execute()

export type Related = {
  /** Whose younger one this is held up by. */
  waiting: string
  id: string
  kind: string
  subject: string
  account_id: string
  state: OperationState
}

/**
 * Pairs of which the younger waits for the older, by the rule of the lease. `end`: which of the two is
 * among `ids`; the other one is described.
 */
export async function waitingPairs(
  db: Database | Tx,
  ids: readonly string[],
  end: 'younger' | 'older',
): Promise<(Related & { older: string })[]> {
  if (ids.length === 0) return []
  const [mine, other] = end === 'younger' ? ['younger', 'older'] : ['older', 'younger']
  const { rows } = await sql<Related & { older: string }>`
    select distinct younger.id as waiting, older.id as older, it.id, it.kind,
      it.subject_public_id as subject, account.public_id as account_id, it.state, it.seq
    from operation_holds a
      join operation_holds b on b.resource_id = a.resource_id and b.operation_id <> a.operation_id
        and (a.exclusive or b.exclusive)
      join operations younger on younger.id = a.operation_id
      join operations older on older.id = b.operation_id and older.seq < younger.seq
      join operations it on it.id = ${sql.ref(`${other}.id`)}
      join accounts account on account.id = it.account_id
    where ${sql.ref(`${mine}.id`)} = any(${ids}::uuid[])
    order by it.seq
  `.execute(db)
  return rows
}

/** The operator's wish; its runner, or the next one, hears of it. */
export const cancelFor = (tx: Tx, id: string, reason: string) =>
  tx
    .updateTable('operations')
    .set({ cancel_requested: true, cancel_reason: reason })
    .where('id', '=', id)
    .execute()

/** The latest of a subject. */
export const latestOn = (tx: Tx, subjectId: string) =>
  tx
    .selectFrom('operations')
    .select(['id', 'kind', 'seq'])
    .where('subject_id', '=', subjectId)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()

/** As people know them. */
export const publicIdsOf = async (tx: Tx, accountId: string, volumeIds: readonly string[]) => {
  if (volumeIds.length === 0) return []
  const rows = await tx
    .selectFrom('volumes')
    .select('public_id')
    .where('account_id', '=', accountId)
    .where('id', 'in', volumeIds)
    .execute()
  return rows.map((row) => row.public_id)
}

export const failedSince = async (db: Database, since: Date) => {
  const { n } = await db
    .selectFrom('operations')
    .select((select) => select.fn.countAll<number>().as('n'))
    .where('state', '=', 'failed')
    .where('finished_at', '>=', since)
    .executeTakeFirstOrThrow()
  return Number(n)
}

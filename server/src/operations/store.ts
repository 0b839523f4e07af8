/** The journal: operations, their steps, and what they hold. */
import type { ErrorCode } from '@garrison/contract/common'
import { type OperationState, openOperationStates } from '@garrison/contract/operations/states'
import { sql } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import { notify } from '../database/notify.ts'
import { counterOf, countOfMatches, type Range, readPage } from '../database/pages.ts'

/** Somebody else leased the operation since: whatever we were doing is theirs to do now. */
export class LeaseLost extends Error {
  override name = 'LeaseLost'
}

export type LeasedOperation = Awaited<ReturnType<typeof lease>> & {}

/**
 * Leases the oldest operation that may run: nobody works on it, and no older open operation holds
 * something it needs. The fence comes from one sequence, so a later lease always has the higher one.
 */
export async function lease(
  db: Database,
  wanted: {
    regions: readonly string[]
    /** Operations that the caller is at work on: they are its own, however old their lease is. */
    except: readonly string[]
    owner: string
    leaseMs: number
    now: Date
  },
) {
  const { regions, except, owner, leaseMs, now } = wanted
  if (regions.length === 0) return undefined
  const { rows } = await sql<OperationRow>`
    update operations set
      fence = nextval('operation_fence'),
      lease_owner = ${owner},
      lease_until = now() + ${leaseMs} * interval '1 millisecond',
      started_at = coalesce(started_at, ${now}),
      state = case when state = 'pending' then 'running' else state end
    where id = (
      select o.id from operations o
      where o.state in ('pending', 'running', 'undoing')
        and o.region = any(${regions})
        and o.id <> all(${except}::uuid[])
        and (o.lease_until is null or o.lease_until < now())
        and not exists (
          select from operation_holds mine
          join operation_holds theirs on theirs.resource_id = mine.resource_id
            and theirs.operation_id <> mine.operation_id and (theirs.exclusive or mine.exclusive)
          join operations other on other.id = theirs.operation_id and other.seq < o.seq
          where mine.operation_id = o.id
        )
      order by o.seq
      limit 1
      for update of o skip locked
    )
    returning *
  `.execute(db)
  return rows[0]
}

type OperationRow = {
  id: string
  seq: number
  kind: string
  account_id: string
  region: string
  subject_kind: 'instance' | 'snapshot' | 'image' | 'volume' | 'microvm' | 'microvm-snapshot'
  subject_id: string
  subject_public_id: string
  input: Record<string, unknown>
  state: OperationState
  step: string | null
  fence: number
  cancel_requested: boolean
  error: string | null
}

/** Longer, please. Also tells whether somebody asked to cancel. */
export async function extendLease(db: Database, id: string, fence: number, leaseMs: number) {
  const row = await db
    .updateTable('operations')
    .set({ lease_until: sql<Date>`now() + ${leaseMs} * interval '1 millisecond'` })
    .where('id', '=', id)
    .where('fence', '=', fence)
    .returning('cancel_requested')
    .executeTakeFirst()
  if (row === undefined) throw new LeaseLost(id)
  return row
}

/** Lets others go on at once: the process is going away, or the new owner of a host takes over. */
export async function releaseLease(db: Database, id: string, fence: number) {
  await db
    .updateTable('operations')
    .set({ lease_until: null, lease_owner: null })
    .where('id', '=', id)
    .where('fence', '=', fence)
    .execute()
}

/** Only the process that owns the regions' hosts may call this: whoever held these leases is dead. */
export async function dropLeases(db: Database, regions: readonly string[]) {
  await db
    .updateTable('operations')
    .set({ lease_until: null, lease_owner: null })
    .where('region', 'in', regions)
    .where('state', 'in', openOperationStates)
    .execute()
}

/** Every write of a runner goes through this first, in the same transaction. */
export async function assertLease(tx: Tx, id: string, fence: number) {
  const row = await tx
    .selectFrom('operations')
    .select(['cancel_requested', 'cancel_reason', 'state'])
    .where('id', '=', id)
    .where('fence', '=', fence)
    .forUpdate()
    .executeTakeFirst()
  if (row === undefined) throw new LeaseLost(id)
  return row
}

export function loadSteps(db: Database | Tx, operationId: string) {
  return db
    .selectFrom('operation_steps')
    .selectAll()
    .where('operation_id', '=', operationId)
    .orderBy('started_at')
    .orderBy('name')
    .execute()
}

export async function journalStart(
  tx: Tx,
  step: { operationId: string; name: string; fence: number; now: Date },
) {
  await tx
    .insertInto('operation_steps')
    .values({
      operation_id: step.operationId,
      name: step.name,
      fence: step.fence,
      started_at: step.now,
      finished_at: null,
      undone_at: null,
      result: null,
      error: null,
    })
    .onConflict((conflict) =>
      conflict.columns(['operation_id', 'name']).doUpdateSet({
        fence: step.fence,
        error: null,
        attempts: sql<number>`operation_steps.attempts + 1`,
      }),
    )
    .execute()
  await tx
    .updateTable('operations')
    .set({ step: step.name })
    .where('id', '=', step.operationId)
    .execute()
}

export async function journalStep(
  tx: Tx,
  operationId: string,
  name: string,
  set: { finished_at?: Date; undone_at?: Date; result?: string; error?: string },
) {
  await tx
    .updateTable('operation_steps')
    .set(set)
    .where('operation_id', '=', operationId)
    .where('name', '=', name)
    .execute()
}

export async function setState(
  tx: Tx,
  id: string,
  set: {
    state: OperationState
    error?: string | null
    error_code?: ErrorCode | null
    note?: string | null
    finished_at?: Date
  },
) {
  await tx.updateTable('operations').set(set).where('id', '=', id).execute()
}

/** Deployments that wait for room look again after these: they free some, or are what one waited for. */
const concernsWaiting: ReadonlySet<string> = new Set([
  'delete-instance',
  'delete-volume',
  'deploy-instance',
  'hibernate-instance',
  'toggle-public-ip',
])

/** The end: what it held is free, and whoever waits hears of it. Answers as {@link findState} does. */
export type Ended = NonNullable<Awaited<ReturnType<typeof findState>>>

export async function close(
  tx: Tx,
  id: string,
  region: string,
  set: { state: OperationState; now: Date; error: string | null },
) {
  const { kind, ...ended } = await tx
    .with('freed', (cte) => cte.deleteFrom('operation_holds').where('operation_id', '=', id))
    .with('ended', (cte) =>
      cte
        .updateTable('operations')
        .set({
          state: set.state,
          finished_at: set.now,
          lease_until: null,
          lease_owner: null,
          ...(set.error !== null && { error: set.error }),
        })
        .where('id', '=', id)
        .returning(['kind', 'state', 'error', 'error_code', 'note']),
    )
    .selectFrom('ended')
    .selectAll()
    .select([
      sql`pg_notify('operation_finished', ${id})`.as('finished'),
      sql`pg_notify('operation_begun', ${region})`.as('begun'),
    ])
    .executeTakeFirstOrThrow()
  if (concernsWaiting.has(kind)) await notify(tx, 'deploy_queue', id)
  const { state, error, error_code, note } = ended
  return { state, error, error_code, note }
}

/** Leased as it is begun, by whoever is about to carry out its first step. */
export type LeasedBy = { owner: string; leaseMs: number; step: string }

/** With what it holds. Answers it as {@link lease} would, and what it is fenced by. */
export async function insertOperation(
  tx: Tx,
  operation: {
    id: string
    kind: string
    accountId: string
    region: string
    subject: { kind: string; id: string; publicId: string }
    input: Record<string, unknown>
    holds: readonly { id: string; exclusive: boolean }[]
    leased: LeasedBy | null
    now: Date
  },
) {
  const { leased, now } = operation
  const inserting = tx
    .with('operation', (cte) =>
      cte.insertInto('operations').values(valuesOf(operation)).returningAll(),
    )
    .with('held', (cte) =>
      cte.insertInto('operation_holds').values(
        operation.holds.map(({ id, exclusive }) => ({
          ...{ resource_id: id, operation_id: operation.id, exclusive },
        })),
      ),
    )
  const begun =
    leased === null
      ? inserting
      : inserting.with('journalled', (cte) =>
          cte
            .insertInto('operation_steps')
            .columns(['operation_id', 'name', 'fence', 'started_at'])
            .expression((from) =>
              from
                .selectFrom('operation')
                .select(['id', sql.val(leased.step).as('name'), 'fence'])
                .select(sql<Date>`${now}::timestamptz`.as('started_at')),
            ),
        )
  const row = await begun.selectFrom('operation').selectAll().executeTakeFirstOrThrow()
  return row as typeof row & { subject_kind: OperationRow['subject_kind'] }
}

type Inserted = Parameters<typeof insertOperation>[1]

const valuesOf = ({ leased, ...operation }: Inserted) => ({
  id: operation.id,
  kind: operation.kind,
  account_id: operation.accountId,
  region: operation.region,
  subject_kind: operation.subject.kind,
  subject_id: operation.subject.id,
  subject_public_id: operation.subject.publicId,
  input: JSON.stringify(operation.input),
  ...{ note: null, error: null, created_at: operation.now, finished_at: null },
  ...(leased === null
    ? { state: 'pending' as const, step: null, lease_owner: null, lease_until: null }
    : {
        ...{ state: 'running' as const, step: leased.step, lease_owner: leased.owner },
        // Not from when the transaction began, which may have waited for others.
        lease_until: sql<Date>`clock_timestamp() + ${leased.leaseMs} * interval '1 millisecond'`,
        fence: sql<number>`nextval('operation_fence')`,
      }),
  started_at: leased === null ? null : operation.now,
})

export function findOperation(db: Database | Tx, accountId: string, id: string) {
  return db
    .selectFrom('operations')
    .selectAll()
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .executeTakeFirst()
}

export function latestOn(
  db: Database,
  accountId: string,
  publicId: string,
  kinds: readonly string[],
) {
  return db
    .selectFrom('operations')
    .select('id')
    .where('account_id', '=', accountId)
    .where('subject_public_id', '=', publicId)
    .where('kind', 'in', kinds)
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst()
}

export function findState(db: Database, id: string) {
  return db
    .selectFrom('operations')
    .select(['state', 'error', 'error_code', 'note'])
    .where('id', '=', id)
    .executeTakeFirst()
}

export type OperationFilter = {
  state?: OperationState | undefined
  kind?: string | undefined
  subject?: string | undefined
}

export function pageOfOperations(
  db: Database,
  accountId: string,
  filter: OperationFilter,
  range: Range,
) {
  let matching = db.selectFrom('operations').where('account_id', '=', accountId)
  if (filter.state) matching = matching.where('state', '=', filter.state)
  if (filter.kind) matching = matching.where('kind', '=', filter.kind)
  if (filter.subject) matching = matching.where('subject_public_id', '=', filter.subject)
  const newestFirst = matching.selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc')
  const filtered = Boolean(filter.state || filter.kind || filter.subject)
  return readPage(
    newestFirst,
    filtered ? countOfMatches : counterOf(accountId, 'operations'),
    range,
  )
}

/** A fence for orders that no operation gives: reconciliation's. */
export async function nextFence(db: Database): Promise<number> {
  const { rows } = await sql<{ fence: number }>`select nextval('operation_fence') as fence`.execute(
    db,
  )
  return Number(rows[0]?.fence)
}

export async function recentOperations(
  db: Database,
  accountId: string,
  subjectId: string,
  kind: string,
  since: Date,
) {
  const { n } = await db
    .selectFrom('operations')
    .select((select) => select.fn.countAll<number>().as('n'))
    .where('account_id', '=', accountId)
    .where('subject_id', '=', subjectId)
    .where('kind', '=', kind)
    .where('created_at', '>=', since)
    .executeTakeFirstOrThrow()
  return Number(n)
}

import { type SelectQueryBuilder, sql } from 'kysely'
import type { Database } from '../database/database.ts'
import type { Range } from '../database/pages.ts'
import type { Schema } from '../database/schema.ts'

export type AuditFilter = {
  readonly action?: string | undefined
  readonly actor?: string | undefined
  readonly subject?: string | undefined
  readonly from?: string | undefined
  readonly to?: string | undefined
}

export type Row = Awaited<ReturnType<typeof pageOfAudit>>['rows'][number]

/** One row more than this is never in memory while a file is written. */
const batchSize = 1_000

type Log = SelectQueryBuilder<
  Pick<Schema, 'audit_log' | 'people' | 'api_keys'>,
  'audit_log',
  object
>

/** Of the account; people and keys are only asked for where the filter names one. */
function matching(db: Database, accountId: string, filter: AuditFilter): Log {
  const { action, actor, subject, from, to } = filter
  let query: Log = db.selectFrom('audit_log').where('audit_log.account_id', '=', accountId)
  // `starts_with`, since a pattern would take `_` for any letter.
  if (action) query = query.where(sql<boolean>`starts_with(audit_log.action, ${action})`)
  if (subject) query = query.where('audit_log.subject_id', '=', subject)
  if (from) query = query.where('audit_log.created_at', '>=', new Date(from))
  if (to) query = query.where('audit_log.created_at', '<', new Date(to))
  if (actor) {
    const name = actor.toLowerCase()
    query = query.where(({ or, exists, selectFrom }) =>
      or([
        exists(
          selectFrom('people')
            .select('people.id')
            .whereRef('people.id', '=', 'audit_log.person_id')
            .where(sql<boolean>`(people.id::text = ${name} or lower(people.email) = ${name})`),
        ),
        exists(
          selectFrom('api_keys')
            .select('api_keys.id')
            .whereRef('api_keys.id', '=', 'audit_log.api_key_id')
            .where(sql<boolean>`(api_keys.id::text = ${name} or lower(api_keys.name) = ${name})`),
        ),
      ]),
    )
  }
  return query
}

const withActors = (query: Log) =>
  query
    .leftJoin('people as person', 'person.id', 'audit_log.person_id')
    .leftJoin('api_keys as key', 'key.id', 'audit_log.api_key_id')
    .selectAll('audit_log')
    .select([
      'person.name as person_name',
      'person.email as person_email',
      'key.name as key_name',
      sql<string | null>`coalesce(
        nullif(after ->> 'name', ''), nullif(detail ->> 'name', ''), nullif(before ->> 'name', ''),
        detail ->> 'email'
      )`.as('subject_name'),
    ])

export async function countAudit(db: Database, accountId: string, filter: AuditFilter) {
  const { n } = await matching(db, accountId, filter)
    .select((select) => select.fn.countAll<number>().as('n'))
    .executeTakeFirstOrThrow()
  return Number(n)
}

export async function pageOfAudit(
  db: Database,
  accountId: string,
  filter: AuditFilter,
  { limit, offset }: Range,
) {
  const rows = await withActors(matching(db, accountId, filter))
    .orderBy('audit_log.created_at', 'desc')
    .orderBy('audit_log.id', 'desc')
    .limit(limit)
    .offset(offset)
    .execute()
  return { rows, total: await countAudit(db, accountId, filter) }
}

export const findAudit = (db: Database, accountId: string, id: number) =>
  withActors(matching(db, accountId, {}))
    .where('audit_log.id', '=', id)
    .executeTakeFirst()

export async function actionsOf(db: Database, accountId: string) {
  const rows = await db
    .selectFrom('audit_log')
    .where('account_id', '=', accountId)
    .groupBy(['action', 'subject_kind'])
    .select(({ fn }) => [
      ...(['action', 'subject_kind'] as const),
      fn.countAll<number>().as('count'),
      fn.max('created_at').as('last_at'),
    ])
    .orderBy('action')
    .orderBy('subject_kind')
    .execute()
  return rows.map((row) => ({ ...row, count: Number(row.count) }))
}

/** All that there are at the beginning, oldest first, some at a time. */
export async function* everyAudit(db: Database, accountId: string, filter: AuditFilter) {
  const { last } = await matching(db, accountId, filter)
    .select((select) => select.fn.max('audit_log.id').as('last'))
    .executeTakeFirstOrThrow()
  let after = 0
  for (;;) {
    const rows: Row[] = await withActors(matching(db, accountId, filter))
      .where('audit_log.id', '>', after)
      .where('audit_log.id', '<=', Number(last ?? 0))
      .orderBy('audit_log.id')
      .limit(batchSize)
      .execute()
    yield* rows
    const end = rows.at(-1)
    if (end === undefined || rows.length < batchSize) return
    after = Number(end.id)
  }
}

/** Billing records as the API shows them. The meter writes them; see meter.ts. */
import type { billingStatuses } from '@garrison/contract/billing/records'
import type { Currency } from '@garrison/contract/common'
import { type SelectQueryBuilder, sql } from 'kysely'
import type { Database } from '../database/database.ts'
import type { Range } from '../database/pages.ts'
import { containing } from '../database/patterns.ts'
import type { Schema } from '../database/schema.ts'

export type RecordFilter = {
  readonly kinds: readonly Schema['billing_records']['resource_kind']['__select__'][]
  /** Public id of the resource. */
  readonly resource?: string | undefined
  readonly status?: (typeof billingStatuses)[number] | undefined
  readonly start_date?: string | undefined
  readonly end_date?: string | undefined
  readonly search?: string | undefined
}

/** What the records of one account come to, whatever page of them is shown. */
export type Totals = {
  readonly records: number
  readonly minutes: number
  /** Of what is charged by the second all of them, of the rest those of whole minutes. */
  readonly seconds: number
  readonly costMicros: number
  readonly active: number
  readonly completed: number
  readonly hibernated: number
  /** Of those that go on. */
  readonly sizeGb: number
  readonly sizeBytes: number
}

type Records<O> = SelectQueryBuilder<Schema, 'billing_records', O>

export async function pageOfRecords(
  db: Database,
  { accountId, currency }: { accountId: string; currency: Currency },
  filter: RecordFilter,
  { limit, offset }: Range,
) {
  const matching = () =>
    narrow(db.selectFrom('billing_records').where('account_id', '=', accountId), filter)
  const [rows, totals] = await Promise.all([
    matching()
      .selectAll()
      .orderBy('started_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit)
      .offset(offset)
      .execute(),
    matching()
      .select([
        sql<number>`count(*)`.as('records'),
        sql<number>`coalesce(sum(minutes), 0)::bigint`.as('minutes'),
        sql<number>`coalesce(sum(coalesce(seconds, minutes * 60)), 0)::bigint`.as('seconds'),
        // Records of another currency, from before the account changed its own, are listed and not added.
        sql<number>`coalesce(sum(cost_micros) filter (where currency = ${currency}), 0)::bigint`.as(
          'costMicros',
        ),
        sql<number>`count(*) filter (where ${isOpen} and rate <> 'hibernated')`.as('active'),
        sql<number>`count(*) filter (where not (${isOpen}))`.as('completed'),
        sql<number>`count(*) filter (where ${isOpen} and rate = 'hibernated')`.as('hibernated'),
        sql<number>`coalesce(sum(size_gb) filter (where ${isOpen}), 0)::bigint`.as('sizeGb'),
        sql<number>`coalesce(sum(size_bytes) filter (where ${isOpen}), 0)::bigint`.as('sizeBytes'),
      ])
      .executeTakeFirstOrThrow(),
  ])
  return { rows, totals }
}

/** Where volumes are right now, by id: their records show it. Those that are gone are left out. */
export async function statusOfVolumes(
  db: Database,
  accountId: string,
  records: readonly { resource_id: string }[],
): Promise<ReadonlyMap<string, string>> {
  if (records.length === 0) return new Map()
  const rows = await db
    .selectFrom('volumes')
    .select(['id', 'status'])
    .where('account_id', '=', accountId)
    .where(
      'id',
      'in',
      records.map((record) => record.resource_id),
    )
    .where('deleted_at', 'is', null)
    .execute()
  return new Map(rows.map(({ id, status }) => [id, status]))
}

/** Micro-units per hour of everything that is billed right now, in the given currency. */
export async function burnRate(
  db: Database,
  accountId: string,
  currency: Currency,
): Promise<number> {
  const { rate } = await db
    .selectFrom('billing_records')
    .select(sql<number>`coalesce(sum(hourly_rate_micros), 0)::bigint`.as('rate'))
    .where('account_id', '=', accountId)
    .where('currency', '=', currency)
    .where('ended_at', 'is', null)
    .executeTakeFirstOrThrow()
  return rate
}

/** What a resource has cost so far, in micro-units. */
export async function costOf(db: Database, accountId: string, resourceId: string) {
  const { cost } = await db
    .selectFrom('billing_records')
    .select(sql<number>`coalesce(sum(cost_micros), 0)::bigint`.as('cost'))
    .where('account_id', '=', accountId)
    .where('resource_id', '=', resourceId)
    .executeTakeFirstOrThrow()
  return cost
}

const isOpen = sql<boolean>`ended_at is null`

function narrow<O>(query: Records<O>, filter: RecordFilter): Records<O> {
  const { kinds, resource, status, search, start_date, end_date } = filter
  let narrowed = query.where('resource_kind', 'in', kinds)
  if (resource) narrowed = narrowed.where('resource_public_id', '=', resource)
  if (search) narrowed = narrowed.where('resource_name', 'ilike', containing(search))
  if (start_date) {
    const from = new Date(start_date)
    narrowed = narrowed.where((or) =>
      or.or([or('ended_at', 'is', null), or('ended_at', '>=', from)]),
    )
  }
  if (end_date) narrowed = narrowed.where('started_at', '<', endOf(end_date))
  switch (status) {
    case undefined:
      return narrowed
    case 'active':
      return narrowed.where('ended_at', 'is', null).where('rate', '<>', 'hibernated')
    case 'hibernated':
      return narrowed.where('ended_at', 'is', null).where('rate', '=', 'hibernated')
    case 'completed':
      return narrowed.where('ended_at', 'is not', null)
  }
}

const dayMs = 24 * 60 * 60_000

/** A day counts to its end, a moment is itself. */
function endOf(moment: string): Date {
  const at = new Date(moment)
  return moment.length === '2026-01-10'.length ? new Date(at.getTime() + dayMs) : at
}

/**
 * Snapshot policies in the database, and the instances that they cover. Every function that serves a
 * request takes the account; what the scheduler asks spans accounts and says so.
 */
import { type Insertable, type Selectable, sql, type Updateable } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import { counterOf, countOfMatches, type Range, readPage } from '../database/pages.ts'
import { containing } from '../database/patterns.ts'
import type { Schema } from '../database/schema.ts'
import { retryAfterMs } from './rules.ts'

export type Policy = Selectable<Schema['snapshot_policies']>
type Coverage = Selectable<Schema['snapshot_policy_instances']>

const owned = (db: Database | Tx, accountId: string) =>
  db.selectFrom('snapshot_policies').where('account_id', '=', accountId)

export const findPolicy = (db: Database | Tx, accountId: string, publicId: string) =>
  owned(db, accountId).selectAll().where('public_id', '=', publicId).executeTakeFirst()

/** Nobody else changes it until the transaction ends. */
export const lockPolicy = (tx: Tx, accountId: string, publicId: string) =>
  owned(tx, accountId).selectAll().where('public_id', '=', publicId).forUpdate().executeTakeFirst()

export async function isPolicyNameTaken(
  tx: Tx,
  accountId: string,
  name: string,
  except: string | null,
) {
  let taken = owned(tx, accountId)
    .select('id')
    .where((where) => where(where.fn('lower', ['name']), '=', name.toLowerCase()))
  if (except !== null) taken = taken.where('id', '<>', except)
  return (await taken.executeTakeFirst()) !== undefined
}

export async function insertPolicy(tx: Tx, policy: Insertable<Schema['snapshot_policies']>) {
  await tx.insertInto('snapshot_policies').values(policy).execute()
}

export async function updatePolicy(
  tx: Tx,
  accountId: string,
  id: string,
  set: Updateable<Schema['snapshot_policies']> & { updated_at: Date },
) {
  await tx
    .updateTable('snapshot_policies')
    .set(set)
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .execute()
}

/** Its coverage goes with it; its snapshots stay. */
export async function deletePolicy(tx: Tx, accountId: string, id: string) {
  await tx
    .deleteFrom('snapshot_policies')
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .execute()
}

/** Newest first. */
export function pageOfPolicies(
  db: Database,
  accountId: string,
  search: string | undefined,
  range: Range,
) {
  let matching = owned(db, accountId)
  if (search) matching = matching.where('name', 'ilike', containing(search))
  const newestFirst = matching.selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc')
  const total = search ? countOfMatches : counterOf(accountId, 'snapshot_policies')
  return readPage(newestFirst, total, range)
}

/** With the instance as it is; those that are deleted are no longer covered. */
export const coverageOf = (db: Database | Tx, accountId: string, policyIds: readonly string[]) =>
  policyIds.length === 0
    ? Promise.resolve([])
    : db
        .selectFrom('snapshot_policy_instances as covered')
        .innerJoin('instances as instance', 'instance.id', 'covered.instance_id')
        .selectAll('covered')
        .select([
          'instance.public_id as instance_public_id',
          'instance.name as vm_name',
          'instance.status as instance_status',
          'instance.region',
        ])
        .where('covered.account_id', '=', accountId)
        .where('covered.policy_id', 'in', policyIds)
        .where('instance.deleted_at', 'is', null)
        .orderBy('instance.name')
        .orderBy('covered.instance_id')
        .execute()

export type CoveredInstance = Awaited<ReturnType<typeof coverageOf>>[number]

export async function insertCoverage(
  tx: Tx,
  coverage: Insertable<Schema['snapshot_policy_instances']>,
) {
  await tx.insertInto('snapshot_policy_instances').values(coverage).execute()
}

export async function deleteCoverage(
  tx: Tx,
  {
    account_id,
    policy_id,
    instance_id,
  }: Pick<Coverage, 'account_id' | 'policy_id' | 'instance_id'>,
) {
  await tx
    .deleteFrom('snapshot_policy_instances')
    .where('account_id', '=', account_id)
    .where('policy_id', '=', policy_id)
    .where('instance_id', '=', instance_id)
    .execute()
}

export async function updateCoverage(
  tx: Tx,
  {
    account_id,
    policy_id,
    instance_id,
  }: Pick<Coverage, 'account_id' | 'policy_id' | 'instance_id'>,
  set: Updateable<Schema['snapshot_policy_instances']>,
) {
  await tx
    .updateTable('snapshot_policy_instances')
    .set(set)
    .where('account_id', '=', account_id)
    .where('policy_id', '=', policy_id)
    .where('instance_id', '=', instance_id)
    .execute()
}

/** The policy keeps other numbers now, or takes them at other times. */
export async function reschedule(tx: Tx, { account_id, id }: Policy, dueAt: Date, now: Date) {
  await tx
    .updateTable('snapshot_policy_instances')
    .set({ due_at: dueAt, try_at: dueAt, thin_at: now })
    .where('account_id', '=', account_id)
    .where('policy_id', '=', id)
    .execute()
}

const scheduled = (tx: Tx, regions: readonly string[]) =>
  tx
    .selectFrom('snapshot_policy_instances as covered')
    .innerJoin('snapshot_policies as policy', 'policy.id', 'covered.policy_id')
    .innerJoin('instances as instance', 'instance.id', 'covered.instance_id')
    .selectAll('covered')
    .select([
      'policy.public_id as policy_public_id',
      'policy.hourly',
      'policy.daily',
      'policy.weekly',
      'policy.monthly',
      'policy.offset_minutes',
      'policy.api_key_id',
      'instance.public_id as instance_public_id',
      'instance.name as vm_name',
      'instance.status as instance_status',
    ])
    .where('instance.region', 'in', regions)
    .limit(1)
    // Whoever reschedules or ends the policy waits, and another scheduler takes the next one.
    .forUpdate('covered')
    .skipLocked()

/** Of whatever account: the one that is due for the longest, which nobody else takes meanwhile. */
export const lockDue = (tx: Tx, regions: readonly string[], now: Date) =>
  scheduled(tx, regions)
    .where('covered.try_at', '<=', now)
    .orderBy('covered.try_at')
    .executeTakeFirst()

/** Of whatever account: one that may have too many snapshots. */
export const lockThinnable = (tx: Tx, regions: readonly string[], now: Date) =>
  scheduled(tx, regions)
    .where('covered.thin_at', '<=', now)
    .orderBy('covered.thin_at')
    .executeTakeFirst()

export type Scheduled = NonNullable<Awaited<ReturnType<typeof lockDue>>>

/** What the policy took of one instance, or of all of them when none is named. */
export const snapshotsTaken = (
  db: Database | Tx,
  accountId: string,
  policyId: string,
  instanceId?: string,
) => {
  let all = db
    .selectFrom('snapshots')
    .select([
      'id',
      'public_id',
      'instance_id',
      'name',
      'status',
      'pinned',
      'created_at',
      sql<Date>`policy_slot`.as('at'),
    ])
    .where('account_id', '=', accountId)
    .where('policy_id', '=', policyId)
    .where('deleted_at', 'is', null)
  if (instanceId !== undefined) all = all.where('instance_id', '=', instanceId)
  return all.execute()
}

/**
 * How often that slot was tried, and whether one of them is good or under way; also when it is deleted
 * since.
 */
export async function attemptsAt(tx: Tx, { policy_id, instance_id }: Coverage, slot: Date) {
  const { attempts, settled } = await tx
    .selectFrom('snapshots')
    .select((select) => select.fn.countAll<number>().as('attempts'))
    // Only one that was taken has a size.
    .select(
      sql<boolean>`coalesce(bool_or(status = 'CREATING' or size_bytes is not null), false)`.as(
        'settled',
      ),
    )
    .where('policy_id', '=', policy_id)
    .where('instance_id', '=', instance_id)
    .where('policy_slot', '=', slot)
    .executeTakeFirstOrThrow()
  return { attempts: Number(attempts), settled }
}

const coverageOfSnapshot = (tx: Tx, snapshotId: string) =>
  tx
    .updateTable('snapshot_policy_instances as covered')
    .from('snapshots as snapshot')
    .whereRef('snapshot.policy_id', '=', 'covered.policy_id')
    .whereRef('snapshot.instance_id', '=', 'covered.instance_id')
    .where('snapshot.id', '=', snapshotId)

/** A snapshot is good: if a policy took it, that knows, and has one more than before. */
export async function noteTaken(tx: Tx, snapshotId: string, now: Date) {
  await coverageOfSnapshot(tx, snapshotId)
    .set({ last_success_at: now, last_error: null, last_error_at: null, thin_at: now })
    .set({ skip_reason: null, skipped_at: null })
    .execute()
}

/** The same for one that failed: its slot is tried again, a few times, unless the next comes before. */
export async function noteFailed(tx: Tx, snapshotId: string, reason: string, now: Date) {
  await coverageOfSnapshot(tx, snapshotId).set({ last_error: reason, last_error_at: now }).execute()
  const { policy_slot: slot, policy_attempt } = await tx
    .selectFrom('snapshots')
    .select(['policy_slot', 'policy_attempt'])
    .where('id', '=', snapshotId)
    .executeTakeFirstOrThrow()
  const waitMs = retryAfterMs(policy_attempt)
  if (slot === null || waitMs === null) return
  await coverageOfSnapshot(tx, snapshotId)
    .set({ due_at: slot, try_at: new Date(now.getTime() + waitMs) })
    .where('covered.try_at', '>', new Date(now.getTime() + waitMs))
    .execute()
}

/** Of all accounts, for the operator's metrics: running instances and when each last had a good snapshot. */
export const freshness = (db: Database) =>
  db
    .selectFrom('snapshot_policy_instances as covered')
    .innerJoin('snapshot_policies as policy', 'policy.id', 'covered.policy_id')
    .innerJoin('instances as instance', 'instance.id', 'covered.instance_id')
    .select([
      'covered.policy_id',
      'covered.last_success_at',
      'covered.skipped_at',
      'covered.created_at',
      'policy.hourly',
      'policy.daily',
      'policy.weekly',
      'policy.monthly',
      'policy.offset_minutes',
    ])
    .where('instance.status', '=', 'ACTIVE')
    .execute()

export type TakenSnapshot = Awaited<ReturnType<typeof snapshotsTaken>>[number]

/**
 * Deploy requests in the database. Every function that serves a request takes the account; the queue is
 * one for all accounts, and its functions say so.
 */
import type { DeployRequestState } from '@garrison/contract/deploy-requests/states'
import { type Insertable, type Selectable, sql, type Updateable } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import { counterOf, countOfMatches, type Range, readPage } from '../database/pages.ts'
import type { Schema } from '../database/schema.ts'

export type DeployRequest = Selectable<Schema['deploy_requests']>

/** Older ones that want room of the same kind, whosoever they are. */
const position = sql<number | null>`case when state = 'waiting' then 1 + (
  select count(*) from deploy_requests older
  where older.state = 'waiting' and older.seq < deploy_requests.seq
    and older.pools && deploy_requests.pools
) end`

const owned = (db: Database | Tx, accountId: string) =>
  db.selectFrom('deploy_requests').where('account_id', '=', accountId)

export type PlacedRequest = DeployRequest & { position: number | null }

export const findRequest = (db: Database | Tx, accountId: string, publicId: string) =>
  owned(db, accountId)
    .selectAll()
    .select(position.as('position'))
    .where('public_id', '=', publicId)
    .executeTakeFirst()

/** Nobody else changes it, nor deploys it, until the transaction ends. */
export const lockRequest = (tx: Tx, accountId: string, publicId: string) =>
  owned(tx, accountId).selectAll().where('public_id', '=', publicId).forUpdate().executeTakeFirst()

export function pageOfRequests(
  db: Database,
  accountId: string,
  state: DeployRequestState | undefined,
  range: Range,
) {
  let matching = owned(db, accountId)
  if (state) matching = matching.where('state', '=', state)
  const newestFirst = matching
    .selectAll()
    .select(position.as('position'))
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
  return readPage(
    newestFirst,
    state ? countOfMatches : counterOf(accountId, 'deploy_requests'),
    range,
  )
}

export async function countWaiting(tx: Tx, accountId: string) {
  const { n } = await owned(tx, accountId)
    .select((select) => select.fn.countAll<number>().as('n'))
    .where('state', '=', 'waiting')
    .executeTakeFirstOrThrow()
  return Number(n)
}

export async function insertRequest(tx: Tx, request: Insertable<Schema['deploy_requests']>) {
  await tx.insertInto('deploy_requests').values(request).execute()
}

export async function updateRequest(
  tx: Tx,
  { account_id, id }: Pick<DeployRequest, 'account_id' | 'id'>,
  set: Updateable<Schema['deploy_requests']> & { updated_at: Date },
) {
  await tx
    .updateTable('deploy_requests')
    .set(set)
    .where('account_id', '=', account_id)
    .where('id', '=', id)
    .execute()
}

/** Of all accounts, oldest first. */
export async function idsInState(db: Database, state: 'waiting' | 'deploying') {
  const rows = await db
    .selectFrom('deploy_requests')
    .select('id')
    .where('state', '=', state)
    .orderBy('seq')
    .execute()
  return rows.map((row) => row.id)
}

/** Of whatever account; undefined when it is no longer in that state. */
export const lockInState = (tx: Tx, id: string, state: 'waiting' | 'deploying') =>
  tx
    .selectFrom('deploy_requests')
    .selectAll()
    .where('id', '=', id)
    .where('state', '=', state)
    .forUpdate()
    .executeTakeFirst()

/** One process at a time serves the queue, or the order would be nobody's. */
export async function holdQueue(tx: Tx): Promise<boolean> {
  const { rows } = await sql<{ held: boolean }>`
    select pg_try_advisory_xact_lock(hashtextextended('deploy queue', 0)) as held
  `.execute(tx)
  return rows[0]?.held === true
}

/** Hosts of the region where room is kept, for whom, whoever they are. */
export const kept = (tx: Tx, region: string) =>
  tx
    .selectFrom('deploy_requests')
    .select(['id', 'account_id', 'kept_host'])
    .where('state', '=', 'waiting')
    .where('kept_region', '=', region)
    .execute()

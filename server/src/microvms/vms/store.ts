/** MicroVMs in the database. Every function takes the account, but those that look after everybody's. */
import { type Insertable, type RawBuilder, type Selectable, sql, type Updateable } from 'kysely'
import type { Database, Tx } from '../../database/database.ts'
import type { Schema } from '../../database/schema.ts'

/** With what the world knows its snapshot by. */
export type Microvm = Selectable<Schema['microvms']> & { snapshot_public_id: string | null }

const mostListed = 1_000

const withSnapshot = (db: Database | Tx) =>
  db
    .selectFrom('microvms')
    .leftJoin('microvm_snapshots as origin', 'origin.id', 'microvms.snapshot_id')
    .selectAll('microvms')
    .select('origin.public_id as snapshot_public_id')

const owned = (db: Database | Tx, accountId: string) =>
  withSnapshot(db).where('microvms.account_id', '=', accountId)

/** One that has ended is found while `endedSince` allows it. */
export const findMicrovm = (
  db: Database | Tx,
  accountId: string,
  publicId: string,
  endedSince: Date,
) =>
  owned(db, accountId)
    .where('microvms.public_id', '=', publicId)
    .where(sql<boolean>`(ended_at is null or ended_at >= ${endedSince})`)
    .executeTakeFirst()

/** By internal id: for operations, and sessions. */
export const getMicrovm = (db: Database | Tx, accountId: string, id: string) =>
  owned(db, accountId).where('microvms.id', '=', id).executeTakeFirstOrThrow()

export const lockMicrovm = (tx: Tx, accountId: string, id: string) =>
  owned(tx, accountId).where('microvms.id', '=', id).forUpdate('microvms').executeTakeFirstOrThrow()

export function listMicrovms(
  db: Database,
  accountId: string,
  wanted: { endedSince: Date | null; containing?: object | undefined; limit?: number },
) {
  const { endedSince, containing, limit = mostListed } = wanted
  let found = owned(db, accountId)
  found =
    endedSince === null
      ? found.where('microvms.ended_at', 'is', null)
      : found.where(sql<boolean>`(ended_at is null or ended_at >= ${endedSince})`)
  if (containing !== undefined)
    found = found.where(sql<boolean>`microvms.metadata @> ${JSON.stringify(containing)}::jsonb`)
  return found
    .orderBy('microvms.created_at', 'desc')
    .orderBy('microvms.id', 'desc')
    .limit(limit)
    .execute()
}

/** The machine of its session from now on. */
export const insertMicrovm = (tx: Tx, microvm: Insertable<Schema['microvms']>) =>
  tx
    .with('made', (cte) => cte.insertInto('microvms').values(microvm).returningAll())
    .with('session', (cte) =>
      cte
        .updateTable('microvm_sessions')
        .set({ vm_id: microvm.id })
        .where('account_id', '=', microvm.account_id)
        .where('id', '=', microvm.session_id),
    )
    .selectFrom('made')
    .selectAll()
    .executeTakeFirstOrThrow()

export async function updateMicrovm(
  tx: Database | Tx,
  accountId: string,
  id: string,
  set: Omit<Updateable<Schema['microvms']>, 'ends_at'> & {
    ends_at?: Date | null | RawBuilder<Date>
    updated_at: Date
  },
) {
  await tx
    .updateTable('microvms')
    .set(set)
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .execute()
}

/** The machine has this policy; it may be that another one is wanted by now. */
export async function egressInForce(tx: Tx, accountId: string, id: string, policy: object | null) {
  await tx
    .updateTable('microvms')
    .set({ egress_in_force: true })
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .where(sql<boolean>`egress is not distinct from ${policy && JSON.stringify(policy)}::jsonb`)
    .execute()
}

type Known = Pick<Selectable<Schema['microvms']>, 'id' | 'public_id' | 'account_id'>

/** Everybody's whose time is over. Those in the middle of something are taken when it has ended. */
export const overdue = (
  db: Database,
  now: Date,
  limit: number,
  without: readonly string[],
): Promise<Known[]> =>
  db
    .selectFrom('microvms')
    .select(['id', 'public_id', 'account_id'])
    .where('ended_at', 'is', null)
    .where('ends_at', '<=', now)
    .where('status', 'in', ['running', 'suspended'])
    .$if(without.length > 0, (some) => some.where('id', 'not in', without))
    .orderBy('ends_at')
    .limit(limit)
    .execute()

/** Everybody's of a region that have not ended. */
export const liveIn = (db: Database, region: string) =>
  db
    .selectFrom('microvms')
    .select(['id', 'public_id', 'account_id', 'status', 'updated_at', 'egress_in_force'])
    .where('region', '=', region)
    .where('ended_at', 'is', null)
    .execute()

/** Everybody's that run, or an account's. */
export function runningMicrovms(db: Database | Tx, accountId?: string) {
  const found = db
    .selectFrom('microvms')
    .select(['id', 'public_id', 'account_id', 'region'])
    .where('status', '=', 'running')
  return (accountId === undefined ? found : found.where('account_id', '=', accountId)).execute()
}

/** What runs and costs, of an account or of what one of its keys made. */
export function spending(tx: Tx, accountId: string, keyId: string | null, limit: number) {
  const found = tx
    .selectFrom('microvms')
    .select(['id', 'public_id'])
    .where('account_id', '=', accountId)
    .where('status', '=', 'running')
    .limit(limit)
  return (keyId === null ? found : found.where('api_key_id', '=', keyId)).execute()
}

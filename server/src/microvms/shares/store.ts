/** Shares in the database. Every function takes the account, but that which looks for whoever comes. */
import { liveMicrovmStatuses } from '@garrison/contract/microvms/states'
import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Database, Tx } from '../../database/database.ts'
import type { Schema } from '../../database/schema.ts'

/** With what its machine is known by. */
export type Share = Selectable<Schema['microvm_shares']> & {
  vm_public_id: string
  session_id: string
  region: string
  vm_status: Selectable<Schema['microvms']>['status']
}

const mostListed = 1_000

/** Those that lead somewhere. */
const live = (db: Database | Tx) =>
  db
    .selectFrom('microvm_shares as share')
    .innerJoin('microvms as vm', 'vm.id', 'share.vm_id')
    .selectAll('share')
    .select([
      'vm.public_id as vm_public_id',
      'vm.session_id as session_id',
      'vm.region as region',
      'vm.status as vm_status',
    ])
    .where('share.revoked_at', 'is', null)
    .where('vm.ended_at', 'is', null)
    .where('vm.status', 'in', liveMicrovmStatuses)

export const findShare = (
  db: Database | Tx,
  accountId: string,
  publicId: string,
): Promise<Share | undefined> =>
  live(db)
    .where('share.account_id', '=', accountId)
    .where('share.public_id', '=', publicId)
    .executeTakeFirst()

/** As it is once nobody else changes it; nobody does until the transaction ends. */
export const lockShare = (
  tx: Tx,
  accountId: string,
  publicId: string,
): Promise<Share | undefined> =>
  live(tx)
    .where('share.account_id', '=', accountId)
    .where('share.public_id', '=', publicId)
    .forUpdate('share')
    .executeTakeFirst()

export const listShares = (db: Database, accountId: string): Promise<Share[]> =>
  live(db)
    .where('share.account_id', '=', accountId)
    .orderBy('share.created_at', 'desc')
    .orderBy('share.id', 'desc')
    .limit(mostListed)
    .execute()

export async function countShares(tx: Tx, accountId: string, vmId: string): Promise<number> {
  const { n } = await tx
    .selectFrom('microvm_shares')
    .select((select) => select.fn.countAll<number>().as('n'))
    .where('account_id', '=', accountId)
    .where('vm_id', '=', vmId)
    .where('revoked_at', 'is', null)
    .executeTakeFirstOrThrow()
  return Number(n)
}

/** Whether it could be inserted: not when its name was given before. */
export async function insertShare(tx: Tx, share: Insertable<Schema['microvm_shares']>) {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('microvm_shares')
    .values(share)
    .onConflict((conflict) => conflict.column('name').doNothing())
    .executeTakeFirstOrThrow()
  return numInsertedOrUpdatedRows === 1n
}

export async function updateShare(
  tx: Tx,
  accountId: string,
  id: string,
  set: Updateable<Schema['microvm_shares']> & { updated_at: Date },
) {
  await tx
    .updateTable('microvm_shares')
    .set(set)
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .execute()
}

/** Anybody's, for whoever comes to it. */
export const findByName = (db: Database, name: string): Promise<Share | undefined> =>
  live(db).where('share.name', '=', name).executeTakeFirst()

/** Anybody's machine, for whoever comes to a port of it and is of its account. */
export const findMachine = (db: Database, publicId: string) =>
  db
    .selectFrom('microvms')
    .select(['id', 'account_id', 'region', 'status'])
    .where('public_id', '=', publicId)
    .where('ended_at', 'is', null)
    .executeTakeFirst()

/** The machine that anybody's session has. */
export const findMachineOfSession = (db: Database, sessionId: string) =>
  db
    .selectFrom('microvm_sessions as session')
    .innerJoin('microvms as vm', 'vm.id', 'session.vm_id')
    .select(['vm.id', 'vm.account_id', 'vm.region', 'vm.status'])
    .where('session.id', '=', sessionId)
    .where('vm.ended_at', 'is', null)
    .executeTakeFirst()

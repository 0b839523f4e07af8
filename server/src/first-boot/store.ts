/**
 * What became of the user-data of machines. Every function takes the account, but for those that collect
 * for a whole region.
 */
import type { StartupLog } from '@garrison/engines/engine'
import type { Selectable } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import type { Schema } from '../database/schema.ts'

export type StartupLogRow = Selectable<Schema['startup_logs']>

const unfinishedStatuses = ['pending', 'running'] as const

export const isUnfinished = (row: StartupLogRow) =>
  unfinishedStatuses.some((status) => status === row.status)

export const findStartupLog = (db: Database | Tx, accountId: string, instanceId: string) =>
  db
    .selectFrom('startup_logs')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('instance_id', '=', instanceId)
    .executeTakeFirst()

export async function insertStartupLog(tx: Tx, accountId: string, instanceId: string) {
  await tx
    .insertInto('startup_logs')
    .values({
      instance_id: instanceId,
      account_id: accountId,
      status: 'pending',
      exit_code: null,
      log: null,
      started_at: null,
      finished_at: null,
    })
    .execute()
}

/** It may hold secrets, like the user-data. */
export async function deleteStartupLog(tx: Tx, accountId: string, instanceId: string) {
  await tx
    .deleteFrom('startup_logs')
    .where('account_id', '=', accountId)
    .where('instance_id', '=', instanceId)
    .execute()
}

/**
 * Keeps what was read, unless it has ended before, and forgets the user-data: a guest that has begun has
 * its own copy, and will not be given it again.
 */
export async function keepStartupLog(
  tx: Tx,
  accountId: string,
  instanceId: string,
  { status, exitCode, log, startedAt, finishedAt }: StartupLog,
) {
  await tx
    .updateTable('startup_logs')
    .set({ status, exit_code: exitCode, log, started_at: startedAt, finished_at: finishedAt })
    .where('account_id', '=', accountId)
    .where('instance_id', '=', instanceId)
    .where('status', 'in', unfinishedStatuses)
    .execute()
  await tx
    .updateTable('instances')
    .set({ user_data: null })
    .where('account_id', '=', accountId)
    .where('id', '=', instanceId)
    .where('user_data', 'is not', null)
    .execute()
}

/** Machines of a region that run and have not ended, whoever owns them. */
export const unfinishedMachines = (db: Database, region: string) =>
  db
    .selectFrom('startup_logs')
    .innerJoin('instances', 'instances.id', 'startup_logs.instance_id')
    .select(['instances.id', 'instances.account_id', 'instances.public_id'])
    .where('startup_logs.status', 'in', unfinishedStatuses)
    .where('instances.region', '=', region)
    .where('instances.status', '=', 'ACTIVE')
    .execute()

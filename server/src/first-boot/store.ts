/**
 * What became of the user-data of machines. Every function takes the account, but for those that collect
 * for a whole region.
 */
import type { StartupLog } from '@garrison/engines/engine'
import type { Selectable } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import type { Schema } from '../database/schema.ts'

export type StartupLogRow = Selectable<Schema['startup_logs']>

const firstPauseMs = 5_000
const longestPauseMs = 60 * 60_000
/** Which is a day of running: an hour and a half of pauses that grow, and an hour each from then on. */
export const mostUnanswered = 33
const neverHeard =
  'Nothing was heard from the guest for a day, so nobody knows whether it ran. Its agent does not answer; look at the console.\n'

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
      ask_at: null,
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
    .set({ unanswered: 0, ask_at: null })
    .where('account_id', '=', accountId)
    .where('instance_id', '=', instanceId)
    .where('status', 'in', unfinishedStatuses)
    .execute()
  await forgetUserData(tx, accountId, instanceId)
}

async function forgetUserData(tx: Tx, accountId: string, instanceId: string) {
  await tx
    .updateTable('instances')
    .set({ user_data: null })
    .where('account_id', '=', accountId)
    .where('id', '=', instanceId)
    .where('user_data', 'is not', null)
    .execute()
}

/** The guest said nothing, so it is asked again later and later; after a day, that is how it ended. */
export async function noteSilence(tx: Tx, accountId: string, instanceId: string, now: Date) {
  const row = await unfinishedLog(tx, accountId, instanceId).forUpdate().executeTakeFirst()
  if (row === undefined) return
  const unanswered = row.unanswered + 1
  const waitMs = Math.min(firstPauseMs * 2 ** row.unanswered, longestPauseMs)
  const givesUp = unanswered >= mostUnanswered
  const ended = { status: 'failed', log: row.log ?? neverHeard, finished_at: now } as const
  await tx
    .updateTable('startup_logs')
    .set({ unanswered, ask_at: new Date(now.getTime() + waitMs), ...(givesUp && ended) })
    .where('account_id', '=', accountId)
    .where('instance_id', '=', instanceId)
    .execute()
  if (givesUp) await forgetUserData(tx, accountId, instanceId)
}

const unfinishedLog = (tx: Tx, accountId: string, instanceId: string) =>
  tx
    .selectFrom('startup_logs')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('instance_id', '=', instanceId)
    .where('status', 'in', unfinishedStatuses)

/** Its guest has come up, so it is worth asking; of whatever account. */
export async function askSoon(db: Database, instanceId: string) {
  await db
    .updateTable('startup_logs')
    .set({ ask_at: null })
    .where('instance_id', '=', instanceId)
    .where('ask_at', 'is not', null)
    .execute()
}

/** Machines of a region that run, have not ended and are to be asked now, whoever owns them. */
export const unfinishedMachines = (db: Database, region: string, now: Date) =>
  db
    .selectFrom('startup_logs')
    .innerJoin('instances', 'instances.id', 'startup_logs.instance_id')
    .select(['instances.id', 'instances.account_id', 'instances.public_id'])
    .where('startup_logs.status', 'in', unfinishedStatuses)
    .where('instances.region', '=', region)
    .where('instances.status', '=', 'ACTIVE')
    .where((where) => where.or([where('ask_at', 'is', null), where('ask_at', '<=', now)]))
    .execute()

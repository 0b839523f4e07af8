/** Asynchronous executions in the database. Every function takes the account, but those of the region's owner. */
import { type Insertable, type Selectable, sql, type Updateable } from 'kysely'
import type { Database, Tx } from '../../database/database.ts'
import type { Schema } from '../../database/schema.ts'

export type Execution = Selectable<Schema['microvm_executions']> & { vm_public_id: string | null }

const owned = (db: Database | Tx, accountId: string) =>
  db
    .selectFrom('microvm_executions')
    .leftJoin('microvms as vm', 'vm.id', 'microvm_executions.vm_id')
    .selectAll('microvm_executions')
    .select('vm.public_id as vm_public_id')
    .where('microvm_executions.account_id', '=', accountId)

export const findExecution = (
  db: Database | Tx,
  accountId: string,
  publicId: string,
): Promise<Execution | undefined> =>
  owned(db, accountId).where('microvm_executions.public_id', '=', publicId).executeTakeFirst()

/** Without what they printed, which may be a MiB each. */
export const listExecutions = (
  db: Database,
  accountId: string,
  limit: number,
): Promise<Execution[]> =>
  owned(db, accountId)
    .clearSelect()
    .selectAll('microvm_executions')
    .select([
      'vm.public_id as vm_public_id',
      sql<Buffer | null>`null`.as('stdout'),
      sql<Buffer | null>`null`.as('stderr'),
    ])
    .orderBy('microvm_executions.created_at', 'desc')
    .orderBy('microvm_executions.id', 'desc')
    .limit(limit)
    .execute()

export async function insertExecution(tx: Tx, execution: Insertable<Schema['microvm_executions']>) {
  await tx.insertInto('microvm_executions').values(execution).execute()
}

/** Only one that runs: what was given up stays so. */
export async function updateExecution(
  db: Database,
  accountId: string,
  id: string,
  set: Updateable<Schema['microvm_executions']>,
) {
  await db
    .updateTable('microvm_executions')
    .set(set)
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .where('status', '=', 'running')
    .execute()
}

/** Of processes that are gone: nobody hears of them any more. This spans accounts. */
export async function giveUpRunning(db: Database, regions: readonly string[], now: Date) {
  if (regions.length === 0) return
  const error = 'The server was stopped while it ran; what became of it is not known'
  await db
    .updateTable('microvm_executions')
    .set({ status: 'lost', error, finished_at: now })
    .where('status', '=', 'running')
    .where('region', 'in', regions)
    .execute()
}

export const runningOf = async (tx: Tx, accountId: string) => {
  const { n } = await tx
    .selectFrom('microvm_executions')
    .select((select) => select.fn.countAll<number>().as('n'))
    .where('account_id', '=', accountId)
    .where('status', '=', 'running')
    .executeTakeFirstOrThrow()
  return Number(n)
}

/** What was printed last is kept, up to so many bytes of each account; of the rest, how it ended is. */
export async function forgetPrinted(db: Database, bytes: number) {
  await sql`
    update microvm_executions set stdout = null, stderr = null, truncated = true
    where id in (
      select id from (
        select id, sum(coalesce(octet_length(stdout), 0) + coalesce(octet_length(stderr), 0))
          over (partition by account_id order by finished_at desc, id) as printed
        from microvm_executions where stdout is not null
      ) as kept where printed > ${bytes}
    )
  `.execute(db)
}

/** What ended long ago is forgotten, and so are machines and sessions that nothing refers to any more. */
export async function forgetOld(db: Database, now: Date) {
  const day = 24 * 60 * 60_000
  const before = (days: number) => new Date(now.getTime() - days * day)
  await db.deleteFrom('microvm_executions').where('finished_at', '<', before(1)).execute()
  await sql`
    delete from microvms vm where ended_at < ${before(7)}
      and not exists (select from microvm_executions where vm_id = vm.id)
  `.execute(db)
  await sql`
    delete from microvm_snapshots snapshot where deleted_at < ${before(30)}
      and not exists (select from microvms where snapshot_id = snapshot.id)
  `.execute(db)
  await sql`
    delete from microvm_sessions session where created_at < ${before(30)}
      and not exists (select from microvms where session_id = session.id)
      and not exists (select from microvm_executions where session_id = session.id)
  `.execute(db)
}

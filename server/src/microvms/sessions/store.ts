/** Sessions in the database. Every function takes the account: nothing is found without one. */
import { type Insertable, type Selectable, sql } from 'kysely'
import type { Database, Tx } from '../../database/database.ts'
import type { Schema } from '../../database/schema.ts'

/** With how its machine stands; null: it never had one. */
export type Session = Selectable<Schema['microvm_sessions']> & {
  vm_public_id: string | null
  vm_status: Selectable<Schema['microvms']>['status'] | null
  vm_region: string | null
  vm_ends_at: Date | null
}

export const findSession = (
  db: Database | Tx,
  accountId: string,
  id: string,
): Promise<Session | undefined> =>
  db
    .selectFrom('microvm_sessions as session')
    .leftJoin('microvms as vm', 'vm.id', 'session.vm_id')
    .selectAll('session')
    .select([
      'vm.public_id as vm_public_id',
      'vm.status as vm_status',
      'vm.region as vm_region',
      'vm.ends_at as vm_ends_at',
    ])
    .where('session.account_id', '=', accountId)
    .where('session.id', '=', id)
    .executeTakeFirst()

/** Nobody gives it a machine until the transaction ends. */
export async function lockSession(tx: Tx, accountId: string, id: string) {
  await tx
    .selectFrom('microvm_sessions')
    .select('id')
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .forUpdate()
    .execute()
}

/** One that has no machine yet. */
export async function insertSession(
  tx: Tx,
  session: Omit<Insertable<Schema['microvm_sessions']>, 'vm_id'>,
): Promise<Session> {
  const row = await tx
    .insertInto('microvm_sessions')
    .values({ ...session, vm_id: null })
    .returningAll()
    .executeTakeFirstOrThrow()
  return { ...row, vm_public_id: null, vm_status: null, vm_region: null, vm_ends_at: null }
}

export async function setSessionEgress(tx: Tx, accountId: string, id: string, policy: object) {
  await tx
    .updateTable('microvm_sessions')
    .set({ egress: JSON.stringify(policy) })
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .execute()
}

/** Its machine has what it was to be given; nobody else is to have it. */
export async function forgetEnvironment(tx: Tx, accountId: string, vmId: string) {
  await tx
    .updateTable('microvm_sessions')
    .set({ env: '{}' })
    .where('account_id', '=', accountId)
    .where('vm_id', '=', vmId)
    .execute()
}

/** One more execution, and what it took. */
export async function countExecution(
  db: Database | Tx,
  accountId: string,
  id: string,
  took: { seconds: number; cpuSeconds: number },
) {
  await db
    .updateTable('microvm_sessions')
    .set({
      executions: sql<number>`executions + 1`,
      execution_seconds: sql<number>`execution_seconds + ${took.seconds}`,
      cpu_seconds: sql<number>`cpu_seconds + ${took.cpuSeconds}`,
    })
    .where('account_id', '=', accountId)
    .where('id', '=', id)
    .execute()
}

/** Of all machines that it ever had, as they were metered; those of now until now. */
export async function usageOf(db: Database, accountId: string, id: string, now: Date) {
  const { rows } = await sql<{
    seconds: number
    vcpuSeconds: number
    gbSeconds: number
    micros: number
  }>`
    select coalesce(sum(s), 0)::bigint as seconds, coalesce(sum(s * vcpus), 0)::bigint as "vcpuSeconds",
      coalesce(sum(s * memory_mib / 1024.0), 0)::float8 as "gbSeconds",
      coalesce(sum(round(s * rate / 3600.0)), 0)::bigint as micros
    from (
      select vm.vcpus, vm.memory_mib, record.hourly_rate_micros as rate,
        greatest(0, floor(extract(epoch from coalesce(record.ended_at, ${now}) - record.started_at))) as s
      from billing_records record join microvms vm on vm.id = record.resource_id
      where vm.session_id = ${id} and vm.account_id = ${accountId}
    ) used
  `.execute(db)
  const [row] = rows
  if (row === undefined) throw new Error('a sum has no row')
  return row
}

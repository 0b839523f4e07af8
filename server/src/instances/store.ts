/** Instances in the database. Every function takes the account: nothing is found without one. */
import type { InstanceStatus } from '@garrison/contract/instances/states'
import type { Insertable, Selectable, Updateable } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import { counterOf, countOfMatches, type Range, readPage } from '../database/pages.ts'
import { containing } from '../database/patterns.ts'
import type { Schema } from '../database/schema.ts'

export type Instance = Selectable<Schema['instances']>
export type InstanceSshKey = Selectable<Schema['instance_ssh_keys']>

export function findInstance(db: Database | Tx, accountId: string, publicId: string) {
  return db
    .selectFrom('instances')
    .selectAll()
    .where('public_id', '=', publicId)
    .where('account_id', '=', accountId)
    .executeTakeFirst()
}

/** The same, and nobody else changes it until the transaction ends. */
export function lockInstance(tx: Tx, accountId: string, publicId: string) {
  return tx
    .selectFrom('instances')
    .selectAll()
    .where('public_id', '=', publicId)
    .where('account_id', '=', accountId)
    .forUpdate()
    .executeTakeFirst()
}

/** By internal id, for operations and reconciliation. */
export function getInstance(db: Database | Tx, accountId: string, id: string) {
  return db
    .selectFrom('instances')
    .selectAll()
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .executeTakeFirstOrThrow()
}

/** Also by a deployment that still waits for room. */
export async function isNameTaken(db: Database | Tx, accountId: string, name: string) {
  const row = await db
    .selectFrom('instances')
    .select('id')
    .where('account_id', '=', accountId)
    .where((where) => where(where.fn('lower', ['name']), '=', name.toLowerCase()))
    .where('deleted_at', 'is', null)
    .unionAll(
      db
        .selectFrom('deploy_requests')
        .select('id')
        .where('account_id', '=', accountId)
        .where((where) => where(where.fn('lower', ['vm_name']), '=', name.toLowerCase()))
        .where('state', '=', 'waiting'),
    )
    .executeTakeFirst()
  return row !== undefined
}

export async function insertInstance(
  tx: Tx,
  instance: Insertable<Schema['instances']>,
  keys: readonly { id: string; public_id: string; name: string; public_key: string }[],
) {
  await tx.insertInto('instances').values(instance).execute()
  if (keys.length === 0) return
  await tx
    .insertInto('instance_ssh_keys')
    .values(
      keys.map(({ id, public_id, name, public_key }) => ({
        instance_id: instance.id,
        ssh_key_id: id,
        public_id,
        name,
        public_key,
      })),
    )
    .execute()
}

export async function updateInstance(
  tx: Tx,
  accountId: string,
  id: string,
  set: Updateable<Schema['instances']> & { updated_at: Date },
) {
  await tx
    .updateTable('instances')
    .set(set)
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .execute()
}

export function sshKeysOf(db: Database | Tx, instanceId: string): Promise<InstanceSshKey[]> {
  return db
    .selectFrom('instance_ssh_keys')
    .selectAll()
    .where('instance_id', '=', instanceId)
    .orderBy('public_id')
    .execute()
}

export type InstanceFilter = {
  readonly search?: string | undefined
  /** `undefined`: all but the deleted ones. */
  readonly status?: InstanceStatus | undefined
  readonly region?: string | undefined
  readonly tier?: string | undefined
}

/** Newest first. */
export async function pageOfInstances(
  db: Database,
  accountId: string,
  filter: InstanceFilter,
  range: Range,
) {
  const { search, status, region, tier } = filter
  let matching = db.selectFrom('instances').where('account_id', '=', accountId)
  matching =
    status === undefined
      ? matching.where('deleted_at', 'is', null)
      : matching.where('status', '=', status)
  if (search) matching = matching.where('name', 'ilike', containing(search))
  if (region) matching = matching.where('region', '=', region)
  if (tier) matching = matching.where('tier', '=', tier as Instance['tier'])
  const newestFirst = matching.selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc')
  const filtered = Boolean(search || status || region || tier)
  return readPage(newestFirst, filtered ? countOfMatches : counterOf(accountId, 'instances'), range)
}

export function activeInstances(db: Database, accountId: string, region: string | undefined) {
  const all = db
    .selectFrom('instances')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('status', '=', 'ACTIVE')
    .orderBy('created_at', 'desc')
  return (region ? all.where('region', '=', region) : all).execute()
}

/** Those that began as this snapshot or image and are still there, newest first; `limit` at most. */
export function instancesMadeFrom(
  db: Database,
  accountId: string,
  sourceId: string,
  limit: number,
) {
  return db
    .selectFrom('instances')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('source_id', '=', sourceId)
    .where('deleted_at', 'is', null)
    .orderBy('created_at', 'desc')
    .limit(limit)
    .execute()
}

const sources = { snapshot: 'snapshots', custom_image: 'images', volume: 'volumes' } as const

/** What it began as; null: an OS image. */
export async function sourceOf(db: Database, { account_id, boot_source, source_id }: Instance) {
  if (boot_source === 'os_image' || source_id === null) return null
  const source = await db
    .selectFrom(sources[boot_source])
    .select(['public_id as id', 'name', 'deleted_at'])
    .where('account_id', '=', account_id)
    .where('id', '=', source_id)
    .executeTakeFirst()
  return source ? { id: source.id, name: source.name, deleted: source.deleted_at !== null } : null
}

export async function countActive(db: Database, accountId: string, region: string | undefined) {
  const all = db
    .selectFrom('instances')
    .select((select) => select.fn.countAll<number>().as('n'))
    .where('account_id', '=', accountId)
    .where('status', '=', 'ACTIVE')
  const { n } = await (region ? all.where('region', '=', region) : all).executeTakeFirstOrThrow()
  return Number(n)
}

/**
 * What reconciliation compares with an engine: every machine of a region that is not deleted, whoever
 * owns it, with whether an operation is at work on it. The one query that spans accounts.
 */
export function instancesToReconcile(db: Database, region: string) {
  return db
    .selectFrom('instances')
    .select(['id', 'account_id', 'public_id', 'status', 'name', 'ready_at', 'updated_at'])
    .select((select) =>
      select
        .exists(
          select
            .selectFrom('operation_holds')
            .select('operation_holds.operation_id')
            .whereRef('operation_holds.resource_id', '=', 'instances.id')
            .where('operation_holds.exclusive', '=', true),
        )
        .as('busy'),
    )
    .where('region', '=', region)
    .where('deleted_at', 'is', null)
    .execute()
}

/** Whoever owns them: the machines whose public address is theirs by right. */
export async function publicAddressesToKeep(db: Database): Promise<Set<string>> {
  const rows = await db
    .selectFrom('instances')
    .select('id')
    .where('deleted_at', 'is', null)
    .where('public_ip', '=', 'attached')
    .execute()
  return new Set(rows.map((row) => row.id))
}

/** Whoever owns them: for the operator, who shuts the whole host down. */
export const allInstances = (db: Database) =>
  db.selectFrom('instances').selectAll().where('deleted_at', 'is', null).execute()

/** The guest reported itself up; only the first report since its last start counts. */
export async function markReady(db: Database, id: string, now: Date) {
  await db
    .updateTable('instances')
    .set({ ready_at: now, updated_at: now })
    .where('id', '=', id)
    .where('ready_at', 'is', null)
    // A report during a reboot may still be of the time before it.
    .where('status', 'in', ['CREATING', 'BUILD', 'STARTING', 'RESTORING', 'ACTIVE'])
    .execute()
}

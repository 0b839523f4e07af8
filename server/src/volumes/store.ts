/** Volumes in the database. Every function takes the account: nothing is found without one. */
import { restingStatus, type VolumeStatus } from '@garrison/contract/volumes/states'
import { type Insertable, type Selectable, sql, type Updateable } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import { counterOf, countOfMatches, type Range, readPage } from '../database/pages.ts'
import { containing } from '../database/patterns.ts'
import type { Schema } from '../database/schema.ts'

export type Volume = Selectable<Schema['volumes']>

const alive = (db: Database | Tx, accountId: string) =>
  db
    .selectFrom('volumes')
    .where('volumes.account_id', '=', accountId)
    .where('volumes.deleted_at', 'is', null)

/** With the machine that has it. */
const withMachine = (db: Database | Tx, accountId: string) =>
  alive(db, accountId)
    .leftJoin('instances', 'instances.id', 'volumes.instance_id')
    .selectAll('volumes')
    .select([
      'instances.public_id as instance_public_id',
      'instances.name as vm_name',
      'instances.status as vm_status',
    ])

export type VolumeWithMachine = Volume & {
  instance_public_id: string | null
  vm_name: string | null
  vm_status: Selectable<Schema['instances']>['status'] | null
}

export const findVolume = (db: Database | Tx, accountId: string, publicId: string) =>
  withMachine(db, accountId).where('volumes.public_id', '=', publicId).executeTakeFirst()

/** By internal id, for operations. */
export const getVolume = (db: Database | Tx, accountId: string, id: string) =>
  alive(db, accountId).selectAll().where('id', '=', id).executeTakeFirstOrThrow()

export const getVolumes = (db: Database | Tx, accountId: string, ids: readonly string[]) =>
  alive(db, accountId).selectAll().where('id', 'in', ids).orderBy('public_id').execute()

/** Those that there are; always in the same order, so that nobody waits for one another. */
export const lockVolumes = (tx: Tx, accountId: string, publicIds: readonly string[]) =>
  alive(tx, accountId)
    .selectAll()
    .where('public_id', 'in', publicIds)
    .orderBy('id')
    .forUpdate()
    .execute()

export async function isVolumeNameTaken(db: Database | Tx, accountId: string, name: string) {
  const row = await alive(db, accountId)
    .select('id')
    .where((where) => where(where.fn('lower', ['name']), '=', name.toLowerCase()))
    .executeTakeFirst()
  return row !== undefined
}

export async function insertVolume(tx: Tx, volume: Insertable<Schema['volumes']>) {
  await tx.insertInto('volumes').values(volume).execute()
}

export async function updateVolumes(
  tx: Tx,
  accountId: string,
  ids: readonly string[],
  set: Updateable<Schema['volumes']> & { updated_at: Date },
) {
  if (ids.length === 0) return
  await tx
    .updateTable('volumes')
    .set(set)
    .where('account_id', '=', accountId)
    .where('id', 'in', ids)
    .execute()
}

export const updateVolume = (
  tx: Tx,
  accountId: string,
  id: string,
  set: Updateable<Schema['volumes']> & { updated_at: Date },
) => updateVolumes(tx, accountId, [id], set)

/** The machine that has it, if any: machines before volumes, always, so that nobody waits for one another. */
export async function lockMachineOf(tx: Tx, accountId: string, id: string) {
  const { instance_id } = await getVolume(tx, accountId, id)
  if (instance_id === null) return
  await tx
    .selectFrom('instances')
    .select('id')
    .where('account_id', '=', accountId)
    .where('id', '=', instance_id)
    .forUpdate()
    .execute()
}

/** Nothing is at work on it any more: it is where it was, or `available` when its machine is gone since. */
export async function atRest(
  tx: Tx,
  accountId: string,
  id: string,
  set: Updateable<Schema['volumes']> & { updated_at: Date },
) {
  const { instance_id } = await getVolume(tx, accountId, id)
  await updateVolume(tx, accountId, id, { ...set, status: restingStatus(instance_id !== null) })
}

export type VolumeFilter = {
  readonly search?: string | undefined
  readonly region?: string | undefined
  readonly status?: VolumeStatus | undefined
  readonly bootable?: boolean | undefined
  readonly tier?: Volume['tier'] | undefined
}

/** Newest first. */
export async function pageOfVolumes(
  db: Database,
  accountId: string,
  { search, region, status, bootable, tier }: VolumeFilter,
  range: Range,
): Promise<{ rows: VolumeWithMachine[]; total: number }> {
  let matching = withMachine(db, accountId)
  if (search) matching = matching.where('volumes.name', 'ilike', containing(search))
  if (region) matching = matching.where('volumes.region', '=', region)
  if (status) matching = matching.where('volumes.status', '=', status)
  if (bootable !== undefined) matching = matching.where('volumes.bootable', '=', bootable)
  if (tier) matching = matching.where('volumes.tier', '=', tier)
  const newestFirst = matching.orderBy('volumes.created_at', 'desc').orderBy('volumes.id', 'desc')
  const filtered = [search, region, status, bootable, tier].some((each) => each !== undefined)
  return readPage(newestFirst, filtered ? countOfMatches : counterOf(accountId, 'volumes'), range)
}

/** Of all, or of those of a region. */
export async function volumeTotals(db: Database, accountId: string, region: string | undefined) {
  const all = alive(db, accountId).select([
    sql<number>`count(*)`.as('total'),
    sql<number>`coalesce(sum(size_gb), 0)`.as('gb'),
    sql<number>`count(instance_id)`.as('attached'),
    sql<number>`count(*) filter (where bootable)`.as('bootable'),
  ])
  const row = await (region ? all.where('region', '=', region) : all).executeTakeFirstOrThrow()
  return {
    total: Number(row.total),
    gb: Number(row.gb),
    attached: Number(row.attached),
    bootable: Number(row.bootable),
  }
}

/** Numbers that follow `volume` in the names of the account's volumes. */
export async function takenNumbers(db: Database, accountId: string): Promise<ReadonlySet<string>> {
  const rows = await alive(db, accountId)
    .select('name')
    .where(sql<boolean>`name ~* '^volume[1-9][0-9]{0,8}$'`)
    .execute()
  return new Set(rows.map(({ name }) => name.slice('volume'.length)))
}

/** Ids of everything that exists, in whatever region: what an engine may keep. */
export async function volumesToKeep(db: Database) {
  const rows = await db.selectFrom('volumes').select('id').where('deleted_at', 'is', null).execute()
  return new Set(rows.map((row) => row.id))
}

/** Volumes as their machine's operations see them. Every function takes the account. */
import { heldStatuses } from '@garrison/contract/volumes/states'
import type { AttachedVolume } from '@garrison/engines/engine'
import { sql } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import type { Volume } from './store.ts'

/** All that a machine has, what it boots from first; also those on their way to it or off it. */
export const volumesOf = (db: Database | Tx, accountId: string, instanceId: string) =>
  db
    .selectFrom('volumes')
    .selectAll()
    .where('account_id', '=', accountId)
    .where('instance_id', '=', instanceId)
    .orderBy('is_boot', 'desc')
    .orderBy('attached_at')
    .orderBy('public_id')
    .execute()

/** The guest finds a volume by its public id. */
export const asAttached = ({
  id,
  public_id,
}: Pick<Volume, 'id' | 'public_id'>): AttachedVolume => ({
  id,
  serial: public_id,
})

/** Data volumes that the machine is to have when it starts. */
export async function dataVolumes(db: Database | Tx, accountId: string, instanceId: string) {
  const all = await volumesOf(db, accountId, instanceId)
  return all.filter((volume) => !volume.is_boot).map(asAttached)
}

/** Nothing is at work on the machine any more: what was on its way to it, or off it, is the machine's. */
export async function volumesInUse(tx: Tx, accountId: string, instanceId: string, now: Date) {
  await tx
    .updateTable('volumes')
    .set({ status: 'in-use', error: null, updated_at: now })
    .where('account_id', '=', accountId)
    .where('instance_id', '=', instanceId)
    .where('status', 'in', ['attaching', 'detaching'])
    .execute()
}

/** The machine is gone: its volumes are free again. */
export async function releaseVolumes(tx: Tx, accountId: string, instanceId: string, now: Date) {
  await tx
    .updateTable('volumes')
    .set({
      // Something else may be at work on one, a resize: that goes on.
      status: sql`case when status in (${sql.join(heldStatuses)}) then 'available' else status end`,
      instance_id: null,
      attached_at: null,
      is_boot: false,
      updated_at: now,
    })
    .where('account_id', '=', accountId)
    .where('instance_id', '=', instanceId)
    .execute()
}

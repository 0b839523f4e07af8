/** Volumes that a new machine is made with: those that it gets, and the one that it boots from. */
import { isTransitional, whyNot } from '@garrison/contract/volumes/states'
import type { Caller } from '../caller.ts'
import type { Regions } from '../catalog/regions.ts'
import type { Clock } from '../clock.ts'
import type { Tx } from '../database/database.ts'
import { DomainError, InvalidState, NotFound, ValidationError } from '../errors.ts'
import type { Instance } from '../instances/store.ts'
import * as store from './store.ts'

/** Volumes of a machine, once everything about them is known to be right; locked. */
export type Equipment = {
  readonly boot: store.Volume | null
  readonly data: readonly store.Volume[]
}

export const noEquipment: Equipment = { boot: null, data: [] }

export function createEquipment({ clock, regions }: { clock: Clock; regions: Regions }) {
  return {
    /** What a deployment asks for; nobody else gets them until the transaction ends. */
    async require(
      tx: Tx,
      caller: Caller,
      region: string,
      wanted: { boot: string | null; data: readonly string[] },
    ): Promise<Equipment> {
      const ids = [...(wanted.boot === null ? [] : [wanted.boot]), ...wanted.data]
      if (ids.length === 0) return noEquipment
      const can = regions.capabilities(region)
      if (!can.volumes)
        throw new DomainError('TIER_NOT_SUPPORTED', `${region} has no volumes; leave them out`)
      if (wanted.boot !== null && !can.volumeBoot)
        throw new DomainError('TIER_NOT_SUPPORTED', `${region} cannot boot from a volume`)
      if (new Set(ids).size < ids.length)
        throw new ValidationError({ volume_ids: ['Name each volume only once.'] })
      const found = await lockAll(tx, caller, ids)
      for (const volume of found) {
        requireRegion(volume, region)
        requireState(volume, 'attach')
      }
      const boot = found.find((volume) => volume.public_id === wanted.boot) ?? null
      if (boot !== null && !boot.bootable)
        throw new ValidationError({
          volume_id: [`${boot.public_id} is not bootable; create one with bootable and os_image.`],
        })
      return { boot, data: found.filter((volume) => volume !== boot) }
    },

    /** GB of a new machine's own disk: its flavor's, its boot volume's, or what was asked for. */
    diskSize(region: string, flavorGb: number, asked: number | undefined, { boot }: Equipment) {
      if (asked === undefined) return boot?.size_gb ?? flavorGb
      if (boot !== null)
        throw new ValidationError({
          os_volume_size_gb: ['A volume has its size already; resize it instead.'],
        })
      if (!regions.capabilities(region).diskSize)
        throw new DomainError(
          'TIER_NOT_SUPPORTED',
          `In ${region} a disk is as large as the flavor says; leave os_volume_size_gb out`,
        )
      return asked
    },

    /** They are the machine's from now on; in use once it runs. */
    async give(tx: Tx, { account_id, id }: Instance, { boot, data }: Equipment) {
      const now = clock.now()
      const given = { status: 'attaching', instance_id: id, attached_at: now } as const
      const about = { error: null, updated_at: now }
      const set = { ...given, ...about }
      await store.updateVolumes(
        tx,
        account_id,
        data.map((volume) => volume.id),
        set,
      )
      if (boot !== null)
        await store.updateVolume(tx, account_id, boot.id, { ...set, is_boot: true })
    },
  }
}

export type EquipmentService = ReturnType<typeof createEquipment>

/** All of them, locked, in the order of asking; a stranger's is not found. */
export async function lockAll(tx: Tx, caller: Caller, ids: readonly string[]) {
  const found = await store.lockVolumes(tx, caller.accountId, ids)
  return ids.map((id) => {
    const volume = found.find((each) => each.public_id === id)
    if (volume === undefined) throw new NotFound('Volume', id)
    return volume
  })
}

export function requireRegion(volume: store.Volume, region: string) {
  if (volume.region === region) return
  throw new DomainError(
    'REGION_MISMATCH',
    `Volume ${volume.public_id} is in ${volume.region} and cannot be used in ${region}`,
  )
}

/** One that a machine has is in use; one in the middle of something else is busy. */
export function requireState(volume: store.Volume, action: Parameters<typeof whyNot>[0]) {
  const refusal = whyNot(action, volume.status)
  if (refusal === null) return
  const said = `${volume.public_id}: ${refusal}`
  if (volume.instance_id !== null && (action === 'attach' || action === 'delete'))
    throw new DomainError(
      'VOLUME_IN_USE',
      `${said}; ${volume.is_boot ? 'its instance boots from it, delete that first' : 'detach it first'}`,
    )
  throw isTransitional(volume.status)
    ? new DomainError('OPERATION_IN_PROGRESS', said)
    : new InvalidState('volume', said)
}

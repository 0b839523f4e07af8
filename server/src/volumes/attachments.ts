/** Volumes to a machine and off it again. Several at once: all or none. */

import { volumesPerInstance } from '@garrison/contract/volumes/routes'
import { volumeActions, whyNotPlug } from '@garrison/contract/volumes/states'
import { recordAudit } from '../accounts/audit.ts'
import type { Caller } from '../caller.ts'
import type { Regions } from '../catalog/regions.ts'
import type { Clock } from '../clock.ts'
import type { Database, Tx } from '../database/database.ts'
import { DomainError, InvalidState, ValidationError } from '../errors.ts'
import { type InstanceService, refusalOf } from '../instances/service.ts'
import type { Instance } from '../instances/store.ts'
import type { OperationService } from '../operations/service.ts'
import { lockAll, requireRegion, requireState } from './equipment.ts'
import { volumesOf } from './machine-store.ts'
import * as store from './store.ts'

export type AttachmentServiceDeps = {
  clock: Clock
  regions: Regions
  operations: OperationService
  instances: InstanceService
}

export function createAttachmentService(deps: AttachmentServiceDeps) {
  const { clock, regions, operations, instances } = deps

  function requirePluggable(instance: Instance, verb: 'attach' | 'detach') {
    const can = regions.capabilities(instance.region)
    if (!can.volumes)
      throw new DomainError('TIER_NOT_SUPPORTED', `${instance.region} has no volumes`)
    const refusal = whyNotPlug(instance.status, verb, can)
    if (refusal !== null) throw refusalOf(instance.status, refusal)
  }

  async function begin(
    tx: Tx,
    caller: Caller,
    instance: Instance,
    volumes: readonly store.Volume[],
    verb: 'attach' | 'detach',
  ) {
    await operations.begin(tx, {
      kind: `${verb}-volumes`,
      accountId: caller.accountId,
      region: instance.region,
      subject: { kind: 'instance', id: instance.id, publicId: instance.public_id },
      input: { volumeIds: volumes.map(({ id }) => id) },
      holds: [instance, ...volumes].map(({ id }) => ({ id, exclusive: true })),
    })
    const now = clock.now()
    await store.updateVolumes(
      tx,
      caller.accountId,
      volumes.map(({ id }) => id),
      {
        ...{ status: volumeActions[verb].through, error: null, updated_at: now },
        ...(verb === 'attach' && { instance_id: instance.id, attached_at: now }),
      },
    )
    const [held, free] = [{ instance: instance.public_id }, { instance: null }]
    const [before, after] = verb === 'attach' ? [free, held] : [held, free]
    for (const { public_id, name } of volumes) {
      const subject = { subjectKind: 'volume', subjectId: public_id }
      const values = { detail: { name, ...held }, before, after }
      await recordAudit(tx, caller, { action: `volume.${verb}`, ...subject, ...values }, now)
    }
  }

  return {
    async attach(tx: Tx, caller: Caller, instanceId: string, ids: readonly string[]) {
      // Machines before volumes, in operations too: so nobody waits for one another.
      const { instance } = await instances.lock(tx, caller, instanceId)
      const volumes = await lockAll(tx, caller, ids)
      for (const volume of volumes) requireRegion(volume, instance.region)
      requirePluggable(instance, 'attach')
      for (const volume of volumes) requireState(volume, 'attach')
      const has = (await volumesOf(tx, caller.accountId, instance.id)).filter(
        (each) => !each.is_boot,
      )
      if (has.length + volumes.length > volumesPerInstance)
        throw new DomainError(
          'LIMIT_EXCEEDED',
          `An instance has at most ${volumesPerInstance} volumes and this one has ${has.length}; detach some first`,
        )
      await begin(tx, caller, instance, volumes, 'attach')
      return {
        instance,
        volumes: await store.getVolumes(
          tx,
          caller.accountId,
          volumes.map(({ id }) => id),
        ),
      }
    },

    async detach(tx: Tx, caller: Caller, ids: readonly string[], instanceId: string | undefined) {
      const holder = await machineOf(tx, caller, ids, instanceId)
      const { instance } = await instances.lock(tx, caller, holder)
      const volumes = await lockAll(tx, caller, ids)
      for (const volume of volumes) {
        if (volume.instance_id !== instance.id)
          throw new InvalidState(
            'volume',
            `Volume ${volume.public_id} is not attached to ${instance.public_id}`,
          )
        if (volume.is_boot)
          throw new InvalidState(
            'volume',
            `${instance.public_id} boots from volume ${volume.public_id}, which stays with it; delete the instance to get the volume back`,
          )
      }
      requirePluggable(instance, 'detach')
      for (const volume of volumes) requireState(volume, 'detach')
      await begin(tx, caller, instance, volumes, 'detach')
      return { instance, volumes }
    },

    of: (db: Database | Tx, instance: Instance) => volumesOf(db, instance.account_id, instance.id),
  }

  /** The machine that has them, by its public id, when the caller does not say. */
  async function machineOf(
    tx: Tx,
    caller: Caller,
    ids: readonly string[],
    instanceId: string | undefined,
  ): Promise<string> {
    if (instanceId !== undefined) return instanceId
    const holders = new Set<string>()
    for (const id of ids) {
      const volume = await store.findVolume(tx, caller.accountId, id)
      // `lockAll` will say that it is not there.
      if (volume === undefined) await lockAll(tx, caller, [id])
      else if (volume.instance_public_id === null)
        throw new InvalidState('volume', `Volume ${id} is not attached to an instance`)
      else holders.add(volume.instance_public_id)
    }
    const [only, ...others] = holders
    if (only === undefined || others.length > 0)
      throw new ValidationError({
        volume_ids: [
          `They are attached to ${[...holders].join(', ')}; detach one instance's at a time.`,
        ],
      })
    return only
  }
}

export type AttachmentService = ReturnType<typeof createAttachmentService>

/** The rules for going back in place: a machine keeps everything but its disk. */
import type { RollbackRequest } from '@garrison/contract/instances/routes'
import { instanceActions, whyNot } from '@garrison/contract/instances/states'
import { recordAudit } from '../accounts/audit.ts'
import type { Caller } from '../caller.ts'
import type { Regions } from '../catalog/regions.ts'
import type { Clock } from '../clock.ts'
import type { Tx } from '../database/database.ts'
import { DomainError, ValidationError } from '../errors.ts'
import type { OperationService } from '../operations/service.ts'
import type { PriceService } from '../prices/service.ts'
import type { SnapshotService } from '../snapshots/service.ts'
import { type InstanceService, refusalOf } from './service.ts'
import * as store from './store.ts'

export type RollbackDeps = {
  clock: Clock
  regions: Regions
  operations: OperationService
  instances: InstanceService
  snapshots: SnapshotService
  prices: PriceService
}

export function createRollback(deps: RollbackDeps) {
  const { clock, regions, operations, instances, snapshots, prices } = deps

  function requireState(instance: store.Instance, force: boolean) {
    if (instance.status === 'ACTIVE') {
      if (force) return 'rollback-running' as const
      const message = 'Instance is ACTIVE; stop it first, or send "force": true to have it stopped'
      throw refusalOf(instance.status, message)
    }
    const refusal = whyNot('rollback', instance.status)
    if (refusal !== null) throw refusalOf(instance.status, refusal)
    return 'rollback' as const
  }

  return {
    async rollBack(tx: Tx, caller: Caller, id: string, input: RollbackRequest) {
      // Before any row is locked, as everybody does.
      if (input.snapshot_first !== undefined) await prices.hold(tx)
      const source = await instances.lock(tx, caller, id)
      const { instance } = source
      if (!regions.capabilities(instance.region).rollback) {
        throw new DomainError('TIER_NOT_SUPPORTED', `${instance.region} cannot roll machines back`)
      }
      const snapshot = await snapshots.lockFor(tx, caller, input.snapshot_id, 'rollback')
      if (snapshot.instance_id !== instance.id) {
        throw new ValidationError({
          snapshot_id: [
            `${snapshot.public_id} is not a snapshot of this instance; restore it as a new one.`,
          ],
        })
      }
      const action = requireState(instance, input.force ?? false)
      const first =
        input.snapshot_first === undefined
          ? null
          : await snapshots.add(tx, caller, source, {
              name: input.snapshot_first,
              description: `Before the rollback to ${snapshot.name}`,
            })
      const now = clock.now()
      const { through } = instanceActions[action]
      await store.updateInstance(tx, caller.accountId, instance.id, {
        status: through,
        ready_at: null,
        updated_at: now,
      })
      await operations.begin(tx, {
        kind: 'rollback-instance',
        accountId: caller.accountId,
        region: instance.region,
        subject: { kind: 'instance', id: instance.id, publicId: instance.public_id },
        input: {
          snapshotId: snapshot.id,
          firstId: first?.id ?? null,
          restart: action === 'rollback-running',
        },
        holds: [
          { id: instance.id, exclusive: true },
          { id: snapshot.id, exclusive: false },
          ...(first === null ? [] : [{ id: first.id, exclusive: true }]),
        ],
      })
      await recordAudit(
        tx,
        caller,
        {
          action: 'instance.rollback',
          subjectKind: 'instance',
          subjectId: instance.public_id,
          detail: {
            name: instance.name,
            snapshot: snapshot.public_id,
            snapshot_first: first?.public_id ?? null,
          },
          before: { status: instance.status },
          after: { status: through },
        },
        now,
      )
      return { instance, status: through, snapshot, first }
    },
  }
}

export type Rollback = ReturnType<typeof createRollback>

import * as contract from '@garrison/contract/snapshots/routes'
import type { Caller } from '../caller.ts'
import type { Catalog } from '../catalog/catalog.ts'
import type { Clock } from '../clock.ts'
import type { Database } from '../database/database.ts'
import { DomainError } from '../errors.ts'
import { callerOf, envelope } from '../http/answers.ts'
import type { App, AppContext } from '../http/app.ts'
import { offset, paginate } from '../http/pagination.ts'
import type { Write } from '../http/write.ts'
import type { InstanceService } from '../instances/service.ts'
import type { Instance } from '../instances/store.ts'
import { deployedData, madeInstance, type ViewContext } from '../instances/view.ts'
import type { OperationService } from '../operations/service.ts'
import type { SnapshotExportService } from '../snapshot-exports/service.ts'
import { exportAnswer } from '../snapshot-exports/view.ts'
import type { SnapshotService } from './service.ts'
import { sizeGb, snapshotAnswer } from './view.ts'

/** The published answer shows the machine running, so restoring waits for it this long. */
const restorePatienceMs = 30_000

type Deps = {
  db: Database
  clock: Clock
  write: Write
  catalog: Catalog
  instances: InstanceService
  snapshots: SnapshotService
  snapshotExports: SnapshotExportService
  operations: OperationService
  view: ViewContext
}

export function snapshotRoutes(app: App, deps: Deps) {
  const { db, clock, write, catalog, instances, operations, view } = deps
  const { snapshots, snapshotExports } = deps

  app.openapi(contract.listSnapshots, async (c) => {
    const { page, pageSize, search, region } = c.req.valid('query')
    if (region !== undefined) catalog.region(region)
    const range = { limit: pageSize, offset: offset(page, pageSize) }
    const found = await snapshots.list(db, callerOf(c), { search, region }, range)
    return c.json(
      {
        ...envelope(c, 'Snapshots retrieved successfully'),
        snapshots: found.rows.map(({ row, isImage }) => snapshotAnswer(row, isImage)),
        statistics: {
          total_snapshots: found.statistics.total,
          total_storage_gb: sizeGb(found.statistics.bytes),
          available_vms: found.statistics.availableVms,
          restorable: found.statistics.restorable,
        },
        pagination: paginate(page, pageSize, found.total),
      },
      200,
    )
  })

  app.openapi(contract.getSnapshot, async (c) => {
    const caller = callerOf(c)
    const snapshot = await snapshots.require(db, caller, c.req.valid('param').snapshot_id)
    const exported = await snapshotExports.find(db, caller, snapshot)
    return c.json(
      {
        ...envelope(c, 'Snapshot retrieved successfully'),
        snapshot: snapshotAnswer(snapshot, await snapshots.hasImage(db, caller, snapshot)),
        instances: (await instances.madeFrom(db, caller, snapshot.id)).map(madeInstance),
        export: exported === undefined ? null : exportAnswer(exported, snapshot.public_id),
        tier: snapshot.tier,
      },
      200,
    )
  })

  const create = (c: AppContext, input: contract.CreateSnapshotRequest) =>
    write(c, async (tx, caller) => {
      const { snapshot, image } = await snapshots.create(tx, caller, input)
      return {
        ...envelope(c, 'Snapshot creation started'),
        timestamp: snapshot.created_at.toISOString(),
        snapshot: snapshotAnswer(snapshot, image !== null),
        image_id: image?.public_id ?? null,
        tier: snapshot.tier,
      }
    })

  app.openapi(contract.createSnapshot, (c) => create(c, c.req.valid('json')))

  app.openapi(contract.createInstanceSnapshot, (c) =>
    create(c, { ...c.req.valid('json'), instance_id: c.req.valid('param').instance_id }),
  )

  app.openapi(contract.deleteSnapshot, (c) =>
    write(c, async (tx, caller) => {
      const { snapshot_id } = c.req.valid('param')
      const snapshot = await snapshots.delete(tx, caller, snapshot_id)
      return {
        ...envelope(c, 'Snapshot deletion started'),
        snapshot_id: snapshot.public_id,
        tier: snapshot.tier,
      }
    }),
  )

  app.openapi(contract.pinSnapshot, (c) =>
    write(c, async (tx, caller) => {
      const { pinned } = c.req.valid('json')
      const { snapshot_id } = c.req.valid('param')
      const snapshot = await snapshots.pin(tx, caller, snapshot_id, pinned)
      return {
        ...envelope(c, pinned ? 'Snapshot pinned' : 'Snapshot unpinned'),
        snapshot: snapshotAnswer(snapshot, await snapshots.hasImage(tx, caller, snapshot)),
        tier: snapshot.tier,
      }
    }),
  )

  app.openapi(contract.restoreSnapshot, (c) => {
    const caller = callerOf(c)
    const tellSimulated = ({ region }: Instance) => {
      if (view.isSimulated(region)) c.header('Garrison-Simulated', 'true')
    }
    return write(
      c,
      async (tx) => {
        const { snapshot_id } = c.req.valid('param')
        const { new_vm_name } = c.req.valid('json')
        const { instance, snapshot } = await snapshots.restore(tx, caller, snapshot_id, new_vm_name)
        tellSimulated(instance)
        return {
          ...envelope(c, 'Snapshot restore started'),
          timestamp: instance.created_at.toISOString(),
          data: deployedData(instance),
          snapshot: { id: snapshot.public_id, name: snapshot.name },
          tier: instance.tier,
        }
      },
      {
        async onReplay(tx, { data }) {
          tellSimulated(await instances.require(tx, caller, data.instance_id))
        },
        async afterCommit(body) {
          const { instance, state } = await restored(caller, body.data.instance_id)
          return {
            ...body,
            message: state === 'done' ? 'Snapshot restored successfully' : body.message,
            timestamp: clock.now().toISOString(),
            data: deployedData(instance),
          }
        },
      },
    )
  })

  /** The machine after all patience: it may still be on its way. Throws when it failed. */
  async function restored(caller: Caller, instanceId: string) {
    const restores = await operations.list(
      db,
      caller.accountId,
      { kind: 'restore-snapshot', subject: instanceId },
      { limit: 1, offset: 0 },
    )
    const [restore] = restores.rows
    const ended = restore && (await operations.wait(restore.id, restorePatienceMs))
    const instance = await instances.require(db, caller, instanceId)
    if (ended?.state === 'failed') {
      throw new DomainError(
        'UPSTREAM_ERROR',
        `The snapshot could not be restored: ${instance.error ?? ended.error}; instance ${instanceId} is left in ERROR: delete it, then restore again as a new request`,
      )
    }
    return { instance, state: ended?.state }
  }
}

/** The rules for exports: a snapshot as a file, kept for a day. */
import { type ExportAction, whyNot } from '@garrison/contract/snapshot-exports/states'
import { diskFileName } from '@garrison/contract/snapshots/manifest'
import { recordAudit } from '../accounts/audit.ts'
import type { Caller } from '../caller.ts'
import type { Placement } from '../catalog/placement.ts'
import type { Regions } from '../catalog/regions.ts'
import type { Clock } from '../clock.ts'
import { type Database, type Tx, transaction } from '../database/database.ts'
import { DomainError, InvalidState, NotFound } from '../errors.ts'
import { newUuid } from '../ids.ts'
import { oneAfterAnother } from '../one-after-another.ts'
import type { OperationService } from '../operations/service.ts'
import type { SnapshotService } from '../snapshots/service.ts'
import type { Snapshot } from '../snapshots/store.ts'
import * as store from './store.ts'

export type SnapshotExportDeps = {
  clock: Clock
  regions: Regions
  placement: Placement
  operations: OperationService
  snapshots: SnapshotService
}

type Account = Pick<Caller, 'accountId'>

export function createSnapshotExportService(deps: SnapshotExportDeps) {
  const { clock, regions, placement, operations, snapshots } = deps

  async function require(db: Database | Tx, caller: Account, snapshotId: string) {
    const snapshot = await snapshots.require(db, caller, snapshotId)
    const found = await store.findExport(db, caller.accountId, snapshot.id)
    if (found === undefined) throw new NotFound('Export of snapshot', snapshotId)
    return { snapshot, row: found }
  }

  function requireState(action: ExportAction, { status }: store.SnapshotExport) {
    const refusal = whyNot(action, status)
    if (refusal !== null) throw new InvalidState('snapshot', refusal)
  }

  function audit(tx: Tx, caller: Caller, verb: string, { public_id }: Snapshot) {
    return recordAudit(
      tx,
      caller,
      { action: `snapshot.${verb}`, subjectKind: 'snapshot', subjectId: public_id },
      clock.now(),
    )
  }

  /** Writes that it is going, and begins the operation that removes it. */
  async function beginDeletion(tx: Tx, { accountId }: Account, snapshotId: string) {
    const { row, snapshot } = await require(tx, { accountId }, snapshotId)
    regions.requireConfigured(snapshot.region)
    await operations.pauseAllOn(tx, row.id)
    const current = await store.lockExport(tx, accountId, snapshot.id)
    if (current === undefined) throw new NotFound('Export of snapshot', snapshotId)
    requireState('delete', current)
    const operation = await operations.begin(tx, {
      kind: 'delete-export',
      accountId,
      region: snapshot.region,
      subject: { kind: 'snapshot', id: snapshot.id, publicId: snapshot.public_id },
      input: { exportId: row.id },
      holds: [{ id: row.id, exclusive: true }],
      whenBusy: 'cancel',
    })
    await store.updateExport(tx, accountId, row.id, {
      ...{ status: 'DELETING', manifest: null, error: null, expires_at: null },
      ...{ operation_id: operation, updated_at: clock.now() },
    })
    return snapshot
  }

  return {
    require,

    find: (db: Database, caller: Account, { id }: Snapshot) =>
      store.findExport(db, caller.accountId, id),

    /** Asked for again, it answers the one that is there; one that failed is tried again. */
    async create(tx: Tx, caller: Caller, snapshotId: string) {
      const snapshot = await snapshots.lockFor(tx, caller, snapshotId, 'export')
      if (!regions.capabilities(snapshot.region).snapshotTransfer) {
        throw new DomainError('TIER_NOT_SUPPORTED', `${snapshot.region} cannot export snapshots`)
      }
      const existing = await store.lockExport(tx, caller.accountId, snapshot.id)
      if (existing?.status === 'CREATING' || existing?.status === 'SUCCESS') {
        return { snapshot, row: existing }
      }
      if (existing?.status === 'DELETING') {
        throw new DomainError(
          'OPERATION_IN_PROGRESS',
          `The former export of ${snapshotId} is still being deleted; wait until that has finished`,
        )
      }
      await placement.requireAnyDiskRoom(snapshot.region)
      const id = existing?.id ?? newUuid()
      const operation = await operations.begin(tx, {
        kind: 'export-snapshot',
        accountId: caller.accountId,
        region: snapshot.region,
        subject: { kind: 'snapshot', id: snapshot.id, publicId: snapshot.public_id },
        input: { exportId: id },
        holds: [
          { id, exclusive: true },
          { id: snapshot.id, exclusive: false },
        ],
      })
      const now = clock.now()
      const begun = {
        status: 'CREATING' as const,
        ...{ operation_id: operation, manifest: null, error: null },
        ...{ expires_at: null, created_at: now, updated_at: now },
      }
      if (existing === undefined) {
        const owner = { account_id: caller.accountId, snapshot_id: snapshot.id }
        await store.insertExport(tx, { id, ...owner, ...begun })
      } else await store.updateExport(tx, caller.accountId, id, begun)
      await audit(tx, caller, 'export', snapshot)
      return require(tx, caller, snapshotId)
    },

    async delete(tx: Tx, caller: Caller, snapshotId: string) {
      const snapshot = await beginDeletion(tx, caller, snapshotId)
      await audit(tx, caller, 'export.delete', snapshot)
      return require(tx, caller, snapshotId)
    },

    /** What there is to read: facts of the file, and a way to its bytes. */
    async open(db: Database, caller: Caller, snapshotId: string) {
      const { snapshot, row } = await require(db, caller, snapshotId)
      requireState('read', row)
      const file = row.manifest?.files.find((each) => each.name === diskFileName)
      if (file === undefined) throw new Error(`The export of ${snapshotId} has no manifest`)
      const engine = regions.engine(snapshot.region)
      return {
        ...{ name: `${snapshot.name}.qcow2`, sizeBytes: file.size_bytes, sha256: file.sha256 },
        read: (range: { from: number; to: number }) => engine.readExport(row.id, range),
      }
    },

    /** Begins to remove what nobody has asked for long enough. One that cannot go holds up no other. */
    async expire(db: Database) {
      const expired = await store.expiredExports(db, clock.now())
      await oneAfterAnother(expired, ({ account_id, snapshot_public_id }) =>
        transaction(db, (tx) => beginDeletion(tx, { accountId: account_id }, snapshot_public_id)),
      )
    },
  }
}

export type SnapshotExportService = ReturnType<typeof createSnapshotExportService>

/** The rules for snapshots of microVMs: whose they are, how many, and how the base of all comes to be. */
import type { CreateMicrovmSnapshotRequest } from '@garrison/contract/microvms/snapshots'
import { recordAudit } from '../../accounts/audit.ts'
import type { AccountLimits } from '../../accounts/limits.ts'
import { requirePermission } from '../../accounts/permission.ts'
import type { AccountService } from '../../accounts/service.ts'
import type { BillingService } from '../../billing/service.ts'
import { bearingKey, type Caller } from '../../caller.ts'
import type { Catalog } from '../../catalog/catalog.ts'
import type { Placement } from '../../catalog/placement.ts'
import type { Clock } from '../../clock.ts'
import type { Config } from '../../config.ts'
import { type Database, type Tx, transaction } from '../../database/database.ts'
import type { BuildPlan } from '../../database/schema/microvms.ts'
import { DomainError, InvalidState, NotFound, NotServed, OperationFailed } from '../../errors.ts'
import { newUuid } from '../../ids.ts'
import type { OperationService } from '../../operations/service.ts'
import type { PriceService } from '../../prices/service.ts'
import { type Hosting, newId } from '../hosting.ts'
import { buildPlan, imageReference } from './build-plan.ts'
import * as store from './store.ts'

/** The public snapshot that is meant where none is named. */
export const baseName = 'garrison/base:1'
const baseShape = { vcpus: 2, memoryMib: 512 }
/** One that failed is not tried again for everybody who asks. */
const retryBaseMs = 5 * 60_000
const hiddenForMs = 60 * 60_000
/** The base may be made by whoever comes first, who is told then to ask again. */
const longestBaseWaitMs = 45_000
/** A request that waits is answered before its client gives up. */
const longestWaitMs = 50_000

export type MicrovmSnapshotDeps = {
  db: Database
  clock: Clock
  config: Config
  accounts: AccountService
  accountLimits: AccountLimits
  billing: BillingService
  operations: OperationService
  placement: Placement
  hosting: Hosting
  catalog: Catalog
  prices: PriceService
}

type New = {
  name: string | null
  origin: 'vm' | 'oci' | 'base'
  isPublic?: boolean
  sourceVm?: string
  ociImage?: string
  build?: BuildPlan
  shape?: { vcpus: number; memoryMib: number }
  hidden?: boolean
}

export function createMicrovmSnapshotService(deps: MicrovmSnapshotDeps) {
  const { db, clock, config, accounts, accountLimits, billing } = deps
  const { operations, placement, hosting, catalog, prices } = deps

  async function require(db: Database | Tx, caller: Caller, publicId: string) {
    const found = await store.findSnapshot(db, caller.accountId, publicId)
    if (found === undefined) throw new NotFound('Snapshot', publicId)
    return found
  }

  async function requireRoomForOne(tx: Tx, caller: Caller) {
    await accounts.lock(tx, caller.accountId)
    await accountLimits.require(tx, caller, { snapshots: 1 })
    const most = config.microvms.snapshots_per_account
    if ((await store.countSnapshots(tx, caller.accountId)) < most) return
    throw new DomainError(
      'LIMIT_EXCEEDED',
      `An account has at most ${most} snapshots of microVMs; delete one first`,
    )
  }

  /** What is neither public nor hidden is charged for: the caller holds prices. */
  function insert(tx: Tx, caller: Caller, region: string, made: New) {
    const now = clock.now()
    const { currency } = caller
    return store.insertSnapshot(tx, {
      ...{ id: newUuid(), public_id: newId('snap'), account_id: caller.accountId, region },
      ...{ name: made.name, status: 'pending', origin: made.origin },
      is_public: made.isPublic ?? false,
      source_vm_public_id: made.sourceVm ?? null,
      oci_image: made.ociImage ?? null,
      build: made.build === undefined ? null : JSON.stringify(made.build),
      vcpus: made.shape?.vcpus ?? null,
      memory_mib: made.shape?.memoryMib ?? null,
      hidden: made.hidden ?? false,
      ...{ hundred_gb_rate_micros: catalog.snapshotRate(currency, 100), currency },
      tier: hosting.tier(region),
      ...{ error: null, api_key_id: bearingKey(caller), deleted_at: null },
      ...{ created_at: now, updated_at: now },
    })
  }

  const subjectOf = ({ id, public_id: publicId }: store.MicrovmSnapshot) => ({
    ...{ kind: 'microvm-snapshot' as const, id, publicId },
  })

  const audit = (
    tx: Tx,
    caller: Caller,
    verb: 'create' | 'delete',
    { public_id, name }: store.MicrovmSnapshot,
  ) =>
    recordAudit(
      tx,
      caller,
      {
        ...{ action: `microvm-snapshot.${verb}`, subjectKind: 'microvm-snapshot' },
        ...{ subjectId: public_id, detail: { name } },
      },
      clock.now(),
    )

  const beginBuild = (tx: Tx, row: store.MicrovmSnapshot) =>
    operations.begin(tx, {
      ...{ kind: 'build-microvm-snapshot', accountId: row.account_id, region: row.region },
      ...{ subject: subjectOf(row), input: {}, holds: [{ id: row.id, exclusive: true }] },
    })

  /** Whose the base is: nobody signs in to it. */
  async function house(tx: Tx): Promise<Caller> {
    await store.lockHouse(tx)
    const known = await store.houseAccount(tx)
    if (known !== null) return accounts.onBehalfOf(tx, known)
    const { currency } = config.billing
    const made = await accounts.create(tx, { name: 'MicroVM images', currency })
    await store.setHouse(tx, made.id)
    return accounts.onBehalfOf(tx, made.id)
  }

  /** Registered, and being built where it was not yet. Answers it in whatever state it is. */
  async function ensureBase(tx: Tx) {
    const known = await store.latestBase(tx, baseName)
    const retryAt = known === undefined ? 0 : known.updated_at.getTime() + retryBaseMs
    if (known !== undefined && (known.status !== 'failed' || clock.now().getTime() < retryAt))
      return known
    const region = hosting.region()
    const owner = await house(tx)
    // Somebody may have done it while we waited for the house.
    const since = await store.latestBase(tx, baseName)
    if (since !== undefined && since.id !== known?.id) return since
    const row = await insert(tx, owner, region, {
      ...{ name: baseName, origin: 'base', isPublic: true, shape: baseShape },
    })
    await beginBuild(tx, row)
    return row
  }

  return {
    require,
    requireRoomForOne,

    list: (db: Database, caller: Caller, type: 'user' | 'system' | undefined) =>
      store.listSnapshots(db, caller.accountId, type),

    readLog: (db: Database, { id }: store.MicrovmSnapshot, offset: number) =>
      store.readBuildLog(db, id, offset),

    /** What a machine can begin as right now. */
    async requireReady(db: Database | Tx, caller: Caller, publicId: string) {
      const row = await require(db, caller, publicId)
      if (row.status === 'ready') return row
      throw new InvalidState('snapshot', `Snapshot ${publicId} ${whyNotReady(row)}`)
    },

    /**
     * The base, registered when this is the first who asks for it. Before any transaction of the caller's,
     * since what is begun here stays. Throws SERVICE_UNAVAILABLE when it is not ready within `waitMs`.
     */
    async readyBase(waitMs = longestBaseWaitMs): Promise<store.MicrovmSnapshot> {
      const known = await store.latestBase(db, baseName)
      if (known?.status === 'ready') return known
      const { id } = await transaction(db, ensureBase)
      const building = await operations.openOn(db, id)
      if (building !== null) await operations.wait(building, waitMs)
      const row = await store.latestBase(db, baseName)
      if (row?.status === 'ready') return row
      const why = row === undefined ? 'is not there yet' : whyNotReady(row)
      throw new DomainError('SERVICE_UNAVAILABLE', `The snapshot ${baseName} ${why}`)
    },

    /** A row for what an operation of a machine is about to take. */
    async announce(
      tx: Tx,
      caller: Caller,
      of: { region: string; publicId: string },
      { name, hidden = false }: { name: string | null; hidden?: boolean },
    ) {
      const row = await insert(tx, caller, of.region, {
        ...{ name, hidden, origin: 'vm', sourceVm: of.publicId },
      })
      if (!hidden) await audit(tx, caller, 'create', row)
      return row
    },

    async build(tx: Tx, caller: Caller, input: CreateMicrovmSnapshotRequest) {
      await prices.hold(tx)
      const isPublic = input.type === 'system'
      if (isPublic) requirePermission(caller, 'installation.operate')
      const region = hosting.region()
      const { reference } = imageReference(input.oci_image, { local: caller.role === 'operator' })
      const build = buildPlan(reference, input.build_args)
      if (!hosting.engine(region).capabilities().oci)
        throw new NotServed(`${region} cannot unpack images of registries`)
      await requireRoomForOne(tx, caller)
      await billing.requireStorageCredits(tx, caller)
      await placement.requireAnyDiskRoom(region)
      const row = await insert(tx, caller, region, {
        ...{ name: input.name ?? null, origin: 'oci', isPublic, build, ociImage: input.oci_image },
        shape: { vcpus: input.vcpu_count, memoryMib: input.memory_mb },
      })
      await beginBuild(tx, row)
      await audit(tx, caller, 'create', row)
      return row
    },

    /** What is being built stops being built. Machines that began as it go on. */
    async delete(tx: Tx, caller: Caller, publicId: string) {
      const found = await require(tx, caller, publicId)
      if (found.account_id !== caller.accountId) {
        throw new DomainError('PERMISSION_DENIED', `${publicId} is the system's, and stays`)
      }
      await operations.pauseAllOn(tx, found.id)
      const row = await store.lockOwnSnapshot(tx, caller.accountId, publicId)
      if (row === undefined) throw new NotFound('Snapshot', publicId)
      if (row.status === 'deleting') return row
      await operations.begin(tx, {
        ...{ kind: 'delete-microvm-snapshot', accountId: caller.accountId, region: row.region },
        ...{ subject: subjectOf(row), input: {}, holds: [{ id: row.id, exclusive: true }] },
        // Machines that begin as it, or that leave it behind, are not to suffer.
        whenBusy: 'cancel-own',
      })
      await store.updateSnapshot(tx, caller.accountId, row.id, {
        ...{ status: 'deleting', updated_at: clock.now() },
      })
      await audit(tx, caller, 'delete', row)
      return row
    },

    /** Begins to build the base, where it was not yet. */
    registerBase: () => transaction(db, ensureBase),

    /**
     * One of a VM, when it was taken, or still is after all patience. Throws {@link OperationFailed}.
     * @param operation `null`: unknown when another request had asked for it.
     */
    async taken(caller: Caller, publicId: string, operation: string | null) {
      const kinds = ['snapshot-microvm']
      const known = operation ?? (await operations.latest(caller.accountId, publicId, kinds))
      const ended = known === null ? null : await operations.wait(known, longestWaitMs)
      const row = await require(db, caller, publicId)
      if (row.status !== 'failed') return row
      if (ended?.state === 'cancelled') throw new InvalidState('snapshot', `${row.error}`)
      throw new OperationFailed(`The snapshot failed: ${row.error}`, ended?.error_code)
    },

    /** What clones left behind that never came to be; for housekeeping. */
    forgotten: (db: Database) =>
      store.forgottenSnapshots(db, new Date(clock.now().getTime() - hiddenForMs)),
  }
}

function whyNotReady({ status, error }: store.MicrovmSnapshot): string {
  if (status === 'failed') return `could not be built: ${error}`
  return status === 'deleting' ? 'is being deleted' : 'is still being built; ask again shortly'
}

export type MicrovmSnapshotService = ReturnType<typeof createMicrovmSnapshotService>

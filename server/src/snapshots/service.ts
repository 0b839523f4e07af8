/** The rules for snapshots: taking them, restoring them as new machines, making images of them. */
import type { CreateImageRequest } from '@garrison/contract/images/routes'
import { whyNot as whyNotInstance } from '@garrison/contract/instances/states'
import type { CreateSnapshotRequest } from '@garrison/contract/snapshots/routes'
import { type SnapshotAction, whyNot } from '@garrison/contract/snapshots/states'
import { type AuditEntry, recordAudit } from '../accounts/audit.ts'
import type { AccountLimits } from '../accounts/limits.ts'
import type { BillingService } from '../billing/service.ts'
import { bearingKey, type Caller } from '../caller.ts'
import type { Catalog, Flavor, Region } from '../catalog/catalog.ts'
import type { Placement } from '../catalog/placement.ts'
import type { Regions } from '../catalog/regions.ts'
import type { Clock } from '../clock.ts'
import { type Database, isUniqueViolation, type Tx } from '../database/database.ts'
import type { Range } from '../database/pages.ts'
import type { SnapshotSshKey } from '../database/schema/snapshots.ts'
import { DomainError, InvalidState, NameTaken, NotFound } from '../errors.ts'
import { recordEvent } from '../events/outbox.ts'
import { issuePublicId, newUuid } from '../ids.ts'
import type { ImageService } from '../images/service.ts'
import { getsPublicAddress } from '../instances/public-address-rule.ts'
import { type InstanceService, refusalOf } from '../instances/service.ts'
import type { Instance } from '../instances/store.ts'
import type { OperationService } from '../operations/service.ts'
import type { PriceService } from '../prices/service.ts'
import { dataVolumes } from '../volumes/machine-store.ts'
import * as store from './store.ts'

export type SnapshotServiceDeps = {
  clock: Clock
  catalog: Catalog
  regions: Regions
  placement: Placement
  operations: OperationService
  billing: BillingService
  prices: PriceService
  accountLimits: AccountLimits
  instances: InstanceService
  images: ImageService
}

/** One that is to be imported. */
export type ForeignSnapshot = {
  readonly name: string
  readonly description: string | null
  readonly region: Region
  readonly flavor: Flavor
  readonly keys: readonly SnapshotSshKey[]
  readonly vmName: string
  readonly diskGb: number
  readonly osImage: string | null
  readonly loginUser: string
}

const asJson = (keys: readonly SnapshotSshKey[]) =>
  JSON.stringify(
    keys.map(({ id, public_id, name, public_key }) => ({ id, public_id, name, public_key })),
  )

/** The slot of a snapshot policy that a snapshot is taken for. */
type PolicySlot = {
  readonly policyId: string
  readonly policyPublicId: string
  readonly slot: Date
  /** From 1. */
  readonly attempt: number
}

export function createSnapshotService(deps: SnapshotServiceDeps) {
  const { clock, catalog, regions, placement, operations } = deps
  const { billing, prices, accountLimits, instances, images } = deps

  async function require(db: Database | Tx, caller: Pick<Caller, 'accountId'>, id: string) {
    const snapshot = await store.findSnapshot(db, caller.accountId, id)
    if (snapshot === undefined) throw new NotFound('Snapshot', id)
    return snapshot
  }

  /** The snapshot, locked, in a state that allows the action. */
  async function lockFor(tx: Tx, caller: Caller, id: string, action: SnapshotAction) {
    const snapshot = await store.lockSnapshot(tx, caller.accountId, id)
    if (snapshot === undefined) throw new NotFound('Snapshot', id)
    regions.requireConfigured(snapshot.region)
    const refusal = whyNot(action, snapshot.status)
    if (refusal !== null) throw new InvalidState('snapshot', refusal)
    return snapshot
  }

  async function requireAllowed(tx: Tx, caller: Caller, name: string) {
    if (await store.isSnapshotNameTaken(tx, caller.accountId, name)) {
      throw new NameTaken('a snapshot', name)
    }
    await accountLimits.require(tx, caller, { snapshots: 1 })
    await billing.requireProfile(tx, caller)
    await billing.requireStorageCredits(tx, caller)
  }

  /** Answers its public id. */
  async function insert(tx: Tx, caller: Caller, facts: store.NewSnapshot): Promise<string> {
    const now = clock.now()
    const publicId = await issuePublicId(tx, 'S')
    await store
      .insertSnapshot(tx, {
        ...facts,
        id: newUuid(),
        public_id: publicId,
        account_id: caller.accountId,
        status: 'CREATING',
        size_bytes: null,
        consistency: null,
        hourly_rate_micros: catalog.snapshotRate(caller.currency, facts.disk_gb),
        currency: caller.currency,
        error: null,
        created_at: now,
        updated_at: now,
        deleted_at: null,
        api_key_id: bearingKey(caller),
      })
      .catch((error: unknown) => {
        throw isUniqueViolation(error, 'snapshots_name')
          ? new NameTaken('a snapshot', facts.name)
          : error
      })
    return publicId
  }

  /** One that was taken elsewhere. The caller brings its content, and has checked everything about it. */
  async function addForeign(tx: Tx, caller: Caller, snapshot: ForeignSnapshot) {
    const { name, region, flavor, keys } = snapshot
    await prices.hold(tx)
    await requireAllowed(tx, caller, name)
    const publicId = await insert(tx, caller, {
      ...{ instance_id: null, instance_public_id: null, vm_name: snapshot.vmName, name },
      ...{ description: snapshot.description, region: region.name, tier: region.tier },
      ...{ disk_gb: snapshot.diskGb, memory: false, flavor: flavor.name },
      ...{ gpu_model: flavor.gpu?.model ?? null, gpu_count: flavor.gpu?.count ?? 0 },
      ...{ vcpus: flavor.vcpus, memory_mib: flavor.memoryMib },
      ...{ os_image: snapshot.osImage, login_user: snapshot.loginUser, ssh_keys: asJson(keys) },
    })
    return require(tx, caller, publicId)
  }

  /** Writes that it is going, and begins the operation that removes it with its export. */
  async function beginDeletion(tx: Tx, snapshot: store.Snapshot, whenBusy: 'refuse' | 'cancel') {
    const { id, account_id, region, public_id } = snapshot
    const exported = await store.exportsOf(tx, account_id, id)
    await operations.begin(tx, {
      kind: 'delete-snapshot',
      accountId: account_id,
      region,
      subject: { kind: 'snapshot', id, publicId: public_id },
      input: {},
      holds: [id, ...exported].map((each) => ({ id: each, exclusive: true })),
      whenBusy,
    })
    await store.updateSnapshot(tx, account_id, id, { status: 'DELETING', updated_at: clock.now() })
  }

  /**
   * A snapshot that is still to be taken, with everything checked but the state of its machine. The caller
   * begins the operation that takes it.
   */
  async function add(
    tx: Tx,
    caller: Caller,
    { instance, keys }: Awaited<ReturnType<InstanceService['lock']>>,
    input: Pick<CreateSnapshotRequest, 'name' | 'description' | 'memory'>,
    by?: PolicySlot,
  ) {
    requireCapability(instance, input.memory ?? false)
    if (input.memory === true) await requireNoVolumes(tx, instance)
    await requireAllowed(tx, caller, input.name)
    const memoryGb = input.memory === true ? (instance.memory_mib * 1024 ** 2) / 1e9 : 0
    await placement.requireDiskRoom(instance.region, instance.host, memoryGb)
    const publicId = await insert(tx, caller, {
      instance_id: instance.id,
      instance_public_id: instance.public_id,
      vm_name: instance.name,
      name: input.name,
      description: input.description ?? null,
      region: instance.region,
      tier: instance.tier,
      disk_gb: instance.disk_gb,
      memory: input.memory ?? false,
      policy_id: by?.policyId ?? null,
      policy_public_id: by?.policyPublicId ?? null,
      policy_slot: by?.slot ?? null,
      policy_attempt: by?.attempt ?? 1,
      flavor: instance.flavor,
      gpu_model: instance.gpu_model,
      gpu_count: instance.gpu_count,
      vcpus: instance.vcpus,
      memory_mib: instance.memory_mib,
      os_image: instance.os_image,
      login_user: instance.login_user,
      ssh_keys: asJson(keys.map(({ ssh_key_id, ...key }) => ({ ...key, id: ssh_key_id }))),
    })
    await audit(tx, caller, 'create', publicId, {
      name: input.name,
      instance: instance.public_id,
      ...(by && { policy: by.policyPublicId }),
    })
    return require(tx, caller, publicId)
  }

  function audit(
    tx: Tx,
    caller: Caller,
    verb: string,
    id: string,
    detail: Record<string, unknown>,
    values: Pick<AuditEntry, 'before' | 'after'> = {},
  ) {
    return recordAudit(
      tx,
      caller,
      { action: `snapshot.${verb}`, subjectKind: 'snapshot', subjectId: id, detail, ...values },
      clock.now(),
    )
  }

  return {
    require,
    whyNoMemory,
    lockFor,
    add,
    addForeign,
    beginDeletion,

    /** `by`: the policy whose slot it is, when nobody asked for it. */
    async create(tx: Tx, caller: Caller, input: CreateSnapshotRequest, by?: PolicySlot) {
      await prices.hold(tx)
      const source = await instances.lock(tx, caller, input.instance_id)
      const { instance } = source
      const refusal = whyNotInstance('snapshot', instance.status)
      if (refusal !== null) throw refusalOf(instance.status, refusal)
      const snapshot = await add(tx, caller, source, input, by)
      await operations.begin(tx, {
        kind: 'create-snapshot',
        accountId: caller.accountId,
        region: instance.region,
        subject: { kind: 'snapshot', id: snapshot.id, publicId: snapshot.public_id },
        input: { instanceId: instance.id, memory: input.memory ?? false },
        holds: [
          { id: snapshot.id, exclusive: true },
          { id: instance.id, exclusive: true },
        ],
      })
      const image =
        input.create_as_image === true
          ? await images.createFrom(tx, caller, snapshot, {
              name: input.name,
              description: input.description,
            })
          : null
      return { snapshot, image }
    },

    /** A new machine like the source was; several of one snapshot at once are fine. */
    async restore(tx: Tx, caller: Caller, id: string, name: string) {
      await prices.hold(tx)
      const snapshot = await lockFor(tx, caller, id, 'restore')
      const region = catalog.region(snapshot.region)
      const can = regions.capabilities(region.name)
      const flavor = catalog.flavorOfRecord(snapshot.region, snapshot, caller.currency)
      const created = await instances.create(tx, caller, {
        kind: 'restore-snapshot',
        name,
        region: snapshot.region,
        tier: snapshot.tier,
        flavor,
        diskGb: snapshot.disk_gb,
        bootSource: 'snapshot',
        sourceId: snapshot.id,
        osImage: snapshot.os_image,
        loginUser: snapshot.login_user,
        userData: null,
        publicIp: getsPublicAddress(region, can, undefined),
        keys: snapshot.ssh_keys,
      })
      await audit(tx, caller, 'restore', snapshot.public_id, {
        instance: created.instance.public_id,
      })
      return { ...created, snapshot }
    },

    /** `by`: the policy that has too many, and why it is this one, when nobody asked for it. */
    async delete(
      tx: Tx,
      caller: Caller,
      id: string,
      by?: { readonly policy: string; readonly reason: string },
    ) {
      const snapshot = await store.lockSnapshot(tx, caller.accountId, id)
      if (snapshot === undefined) throw new NotFound('Snapshot', id)
      regions.requireConfigured(snapshot.region)
      if (snapshot.pinned) {
        throw new DomainError(
          'SNAPSHOT_PINNED',
          `Snapshot ${id} is pinned, so it is not deleted; unpin it first`,
        )
      }
      const refusal = whyNot('delete', snapshot.status)
      if (refusal !== null) {
        throw snapshot.status === 'CREATING'
          ? new DomainError('OPERATION_IN_PROGRESS', refusal)
          : new InvalidState('snapshot', refusal)
      }
      await beginDeletion(tx, snapshot, 'refuse')
      await audit(tx, caller, 'delete', snapshot.public_id, { name: snapshot.name, ...by })
      return snapshot
    },

    /**
     * Twice the same is fine, and nothing happens. Also one that failed, which may be evidence; but not one
     * that is not there yet: an import is given up when its file does not come.
     */
    async pin(tx: Tx, caller: Caller, id: string, pinned: boolean) {
      const snapshot = await store.lockSnapshot(tx, caller.accountId, id)
      if (snapshot === undefined) throw new NotFound('Snapshot', id)
      if (snapshot.status === 'DELETING') {
        throw new InvalidState('snapshot', `Snapshot ${id} is being deleted and cannot be pinned`)
      }
      if (pinned && snapshot.status === 'CREATING') {
        throw new InvalidState(
          'snapshot',
          `Snapshot ${id} is not there yet; pin it once it is SUCCESS`,
        )
      }
      if (snapshot.pinned === pinned) return snapshot
      const change = { pinned, updated_at: clock.now() }
      await store.updateSnapshot(tx, caller.accountId, snapshot.id, change)
      const values = { before: { pinned: snapshot.pinned }, after: { pinned } }
      const { public_id, name } = snapshot
      await audit(tx, caller, pinned ? 'pin' : 'unpin', public_id, { name }, values)
      await recordEvent(
        tx,
        {
          accountId: caller.accountId,
          kind: pinned ? 'snapshot.pinned' : 'snapshot.unpinned',
          subjectKind: 'snapshot',
          subjectId: snapshot.public_id,
          data: {},
        },
        change.updated_at,
      )
      return { ...snapshot, ...change }
    },

    async createImage(tx: Tx, caller: Caller, input: CreateImageRequest) {
      const snapshot = await lockFor(tx, caller, input.snapshot_id, 'create-image')
      await billing.requireProfile(tx, caller)
      await billing.requireStorageCredits(tx, caller)
      return images.createFrom(tx, caller, snapshot, {
        name: input.name,
        description: input.description,
      })
    },

    async list(db: Database, caller: Caller, filter: store.SnapshotFilter, range: Range) {
      const [{ rows, total }, totals, availableVms] = await Promise.all([
        store.pageOfSnapshots(db, caller.accountId, filter, range),
        store.snapshotTotals(db, caller.accountId, filter.region),
        instances.countActive(db, caller, filter.region),
      ])
      const images = await store.withImages(
        db,
        caller.accountId,
        rows.map((row) => row.id),
      )
      return {
        rows: rows.map((row) => ({ row, isImage: images.has(row.id) })),
        total,
        statistics: { ...totals, availableVms },
      }
    },

    /** Those of the ids that are the caller's snapshots. */
    existing: (db: Database, caller: Caller, ids: readonly string[]) =>
      store.existingSnapshots(db, caller.accountId, ids),

    async hasImage(db: Database | Tx, caller: Caller, snapshot: store.Snapshot) {
      return (await store.withImages(db, caller.accountId, [snapshot.id])).has(snapshot.id)
    },
  }

  /** What has data volumes would begin without them, and its memory knows of them. */
  async function requireNoVolumes(tx: Tx, { account_id, id, public_id }: Instance) {
    const attached = await dataVolumes(tx, account_id, id)
    if (attached.length === 0) return
    const names = attached.map(({ serial }) => serial).join(', ')
    throw new InvalidState(
      'instance',
      `${public_id} has volumes attached (${names}), which a snapshot with memory cannot hold; detach them, or leave "memory" out for a snapshot of the disk`,
    )
  }

  function requireCapability(instance: Instance, memory: boolean) {
    const { region } = instance
    if (!regions.capabilities(region).snapshot) {
      throw new DomainError('TIER_NOT_SUPPORTED', `${region} cannot take snapshots`)
    }
    const refusal = memory ? whyNoMemory(instance) : null
    if (refusal !== null) {
      const instead = 'leave "memory" out for a snapshot of the disk'
      throw new DomainError('TIER_NOT_SUPPORTED', `${refusal}; ${instead}`)
    }
  }

  /** By where it is and what it is made of. What is attached to it is looked at when one is taken. */
  function whyNoMemory({ region, gpu_model }: Instance): string | null {
    if (!regions.capabilities(region).memorySnapshot) {
      return `${region} cannot keep memory in a snapshot`
    }
    return gpu_model === null ? null : 'Memory beside a GPU cannot be kept'
  }
}

export type SnapshotService = ReturnType<typeof createSnapshotService>

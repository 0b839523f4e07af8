/**
 * The rules for instances: what all that are made have in common, and what may happen to a machine in which
 * state. Everything that the caller can get wrong is checked before anything is written.
 */
import {
  type InstanceAction,
  instanceActions,
  isTransitional,
  whyNot,
} from '@garrison/contract/instances/states'
import { type AuditEntry, recordAudit } from '../accounts/audit.ts'
import type { AccountLimits } from '../accounts/limits.ts'
import type { BillingService } from '../billing/service.ts'
import { bearingKey, type Caller } from '../caller.ts'
import type { Catalog, Flavor } from '../catalog/catalog.ts'
import type { Placement } from '../catalog/placement.ts'
import type { Regions } from '../catalog/regions.ts'
import type { Clock } from '../clock.ts'
import { type Database, isUniqueViolation, type Tx } from '../database/database.ts'
import type { Range } from '../database/pages.ts'
import { DomainError, InvalidState, NameTaken, NotFound } from '../errors.ts'
import { issuePublicId, newUuid } from '../ids.ts'
import type { OperationService } from '../operations/service.ts'
import { type Equipment, noEquipment } from '../volumes/equipment.ts'
import * as store from './store.ts'

export type InstanceServiceDeps = {
  clock: Clock
  catalog: Catalog
  regions: Regions
  placement: Placement
  operations: OperationService
  billing: BillingService
  accountLimits: AccountLimits
}

/** What a new instance is made of, once everything about it is known to be right. */
export type NewInstance = {
  readonly kind: 'deploy-instance' | 'restore-snapshot'
  readonly name: string
  readonly region: string
  readonly tier: store.Instance['tier']
  readonly flavor: Flavor
  readonly diskGb: number
  readonly bootSource: store.Instance['boot_source']
  /** Internal id of the image or snapshot; held while the machine is being made. */
  readonly sourceId: string | null
  readonly osImage: string | null
  readonly loginUser: string
  readonly userData: string | null
  /** Whether it gets a public address. */
  readonly publicIp: boolean
  readonly jupyter?: boolean
  /** Volumes that it is made with. */
  readonly equipment?: Equipment
  readonly keys: readonly { id: string; public_id: string; name: string; public_key: string }[]
}

/** Actions that an operation carries out. */
type OperatedAction = Extract<
  InstanceAction,
  'start' | 'stop' | 'reboot' | 'hibernate' | 'hibernate-unpaid' | 'restore' | 'delete'
>

/** What goes with an action beyond its change of state. */
type Particulars = {
  /** Columns of the row. */
  readonly set?: Partial<Parameters<typeof store.updateInstance>[3]>
  /** What its operation is begun with. */
  readonly input?: Record<string, unknown>
  /** For the audit log and the event. */
  readonly detail?: Record<string, unknown>
}

export function createInstanceService(deps: InstanceServiceDeps) {
  const { clock, catalog, regions, placement } = deps
  const { operations, billing, accountLimits } = deps

  async function require(db: Database | Tx, caller: Caller, id: string) {
    const instance = await store.findInstance(db, caller.accountId, id)
    if (instance === undefined) throw new NotFound('Instance', id)
    return instance
  }

  /** Checks name, room and credits, then writes the instance and the operation that makes it. */
  async function create(tx: Tx, caller: Caller, wanted: NewInstance) {
    if (await store.isNameTaken(tx, caller.accountId, wanted.name)) {
      throw new NameTaken('an instance', wanted.name)
    }
    const { flavor, equipment: { boot, data } = noEquipment } = wanted
    const volumes = boot === null ? data : [boot, ...data]
    await accountLimits.require(tx, caller, {
      instances: 1,
      vcpus: flavor.vcpus,
      memoryMib: flavor.memoryMib,
      gpus: flavor.gpu?.count ?? 0,
    })
    const rate = flavor.hourlyRate[caller.currency]
    await billing.requireCredits(tx, caller, rate)
    const host = await placement.reserve(tx, wanted.region, {
      vcpus: flavor.vcpus,
      memoryMib: flavor.memoryMib,
      // A volume has its room already.
      diskGb: boot === null ? wanted.diskGb : 0,
      gpu: flavor.gpu,
    })
    if (wanted.publicIp) await placement.reservePublicAddress(tx, wanted.region)
    const now = clock.now()
    const id = newUuid()
    const publicId = await issuePublicId(tx, 'D')
    await store
      .insertInstance(
        tx,
        {
          id,
          public_id: publicId,
          account_id: caller.accountId,
          name: wanted.name,
          status: 'CREATING',
          region: wanted.region,
          tier: wanted.tier,
          host,
          flavor: flavor.name,
          gpu_model: flavor.gpu?.model ?? null,
          gpu_count: flavor.gpu?.count ?? 0,
          vcpus: flavor.vcpus,
          memory_mib: flavor.memoryMib,
          disk_gb: wanted.diskGb,
          boot_source: wanted.bootSource,
          source_id: wanted.sourceId,
          os_image: wanted.osImage,
          login_user: wanted.loginUser,
          user_data: wanted.userData,
          jupyter: wanted.jupyter ?? false,
          address: null,
          public_ip: wanted.publicIp ? 'attached' : 'none',
          hourly_rate_micros: rate,
          currency: caller.currency,
          error: null,
          made_at: null,
          ready_at: null,
          created_at: now,
          updated_at: now,
          deleted_at: null,
          api_key_id: bearingKey(caller),
        },
        wanted.keys,
      )
      .catch((error: unknown) => {
        throw isUniqueViolation(error, 'instances_name')
          ? new NameTaken('an instance', wanted.name)
          : error
      })
    const operation = await operations.begin(tx, {
      kind: wanted.kind,
      accountId: caller.accountId,
      region: wanted.region,
      subject: { kind: 'instance', id, publicId },
      input: {},
      holds: [
        { id, exclusive: true },
        ...(wanted.sourceId === null || boot !== null
          ? []
          : [{ id: wanted.sourceId, exclusive: false }]),
        ...volumes.map((volume) => ({ id: volume.id, exclusive: true })),
      ],
    })
    await tellOf(tx, caller, 'create', publicId, {
      detail: { name: wanted.name, region: wanted.region },
    })
    return { instance: await store.getInstance(tx, caller.accountId, id), operation }
  }

  async function tellOf(
    tx: Tx,
    caller: Caller,
    verb: string,
    publicId: string,
    said: Pick<AuditEntry, 'detail' | 'before' | 'after'>,
  ) {
    const now = clock.now()
    await recordAudit(
      tx,
      caller,
      { action: `instance.${verb}`, subjectKind: 'instance', subjectId: publicId, ...said },
      now,
    )
  }

  /** Begins an action of the state table: the row says what is going on before the operation runs. */
  async function begin(
    tx: Tx,
    accountId: string,
    id: string,
    action: OperatedAction,
    { set = {}, input = {} }: Particulars = {},
  ) {
    const instance = await store.lockInstance(tx, accountId, id)
    if (instance === undefined) throw new NotFound('Instance', id)
    const refusal = whyNot(action, instance.status)
    if (refusal !== null) throw refusalOf(instance.status, refusal)
    const { through } = instanceActions[action]
    await store.updateInstance(tx, accountId, instance.id, {
      ...set,
      status: through,
      ready_at: null,
      updated_at: clock.now(),
    })
    const operation = await operations.begin(tx, {
      kind: action === 'hibernate-unpaid' ? 'hibernate-instance' : `${action}-instance`,
      accountId,
      region: instance.region,
      subject: { kind: 'instance', id: instance.id, publicId: instance.public_id },
      input,
      holds: [{ id: instance.id, exclusive: true }],
      whenBusy: action === 'delete' ? 'cancel' : 'refuse',
    })
    return { instance, status: through, operation }
  }

  async function act(
    tx: Tx,
    caller: Caller,
    id: string,
    action: OperatedAction,
    particulars: Particulars = {},
  ) {
    regions.requireConfigured((await require(tx, caller, id)).region)
    const begun = await begin(tx, caller.accountId, id, action, particulars)
    const { public_id, name, status } = begun.instance
    await tellOf(tx, caller, action, public_id, {
      detail: { name, ...particulars.detail },
      before: { status },
      after: { status: begun.status },
    })
    return begun
  }

  /** The row first, as everybody locks. */
  async function requireOpenHost(tx: Tx, { account_id, public_id }: store.Instance) {
    const instance = await store.lockInstance(tx, account_id, public_id)
    if (instance !== undefined) await placement.requireOpen(tx, instance)
  }

  return {
    require,
    /** For services that make them: of a deployment, or of a snapshot. */
    create,
    /** For services with rules of their own about an action. */
    act,

    /** Nothing starts that would stop at once for want of credits. */
    async start(tx: Tx, caller: Caller, id: string) {
      const instance = await require(tx, caller, id)
      if (whyNot('start', instance.status) === null) {
        await billing.requireCredits(tx, caller, instance.hourly_rate_micros, instance)
        await requireOpenHost(tx, instance)
      }
      return act(tx, caller, id, 'start')
    },
    stop: (tx: Tx, caller: Caller, id: string) => act(tx, caller, id, 'stop'),
    /** One in ERROR is started, and costs again. */
    async reboot(tx: Tx, caller: Caller, id: string) {
      const instance = await require(tx, caller, id)
      if (instance.status === 'ERROR') {
        await billing.requireCredits(tx, caller, instance.hourly_rate_micros, instance)
        await requireOpenHost(tx, instance)
      }
      return act(tx, caller, id, 'reboot')
    },

    /** Accepted in every state; asked twice it answers the same and does nothing more. */
    async delete(tx: Tx, caller: Caller, id: string) {
      await operations.pauseAllOn(tx, (await require(tx, caller, id)).id)
      const instance = await store.lockInstance(tx, caller.accountId, id)
      if (instance?.status === 'DELETING') return { instance, status: instance.status }
      return act(tx, caller, id, 'delete')
    },

    /**
     * The operator shuts the host down, in a process without engines, and makes sure himself that a server
     * runs the region. There is no caller. Answers the operation.
     */
    async stopForOperator(tx: Tx, { account_id, public_id }: store.Instance) {
      return (await begin(tx, account_id, public_id, 'stop')).operation
    },
    /** Whoever owns them: those that run, or are about to. For the operator too. */
    async running(db: Database) {
      const all = await store.allInstances(db)
      return all.filter(({ status }) => status === 'ACTIVE' || isTransitional(status))
    },

    list(db: Database, caller: Caller, filter: store.InstanceFilter, range: Range) {
      return store.pageOfInstances(db, caller.accountId, filter, range)
    },

    sourceOf: (db: Database, instance: store.Instance) => store.sourceOf(db, instance),
    keysOf: (db: Database, instance: store.Instance) => store.sshKeysOf(db, instance.id),

    /** Those that run, which a snapshot can be taken of and a firewall attached to. */
    active(db: Database, caller: Caller, regionName: string | undefined) {
      if (regionName !== undefined) catalog.region(regionName)
      return store.activeInstances(db, caller.accountId, regionName)
    },

    /** Those that began as this snapshot or image, by its internal id. */
    madeFrom: (db: Database, caller: Caller, sourceId: string) =>
      store.instancesMadeFrom(db, caller.accountId, sourceId, 100),

    countActive: (db: Database, caller: Caller, region: string | undefined) =>
      store.countActive(db, caller.accountId, region),

    get: (db: Database | Tx, caller: Caller, internalId: string) =>
      store.getInstance(db, caller.accountId, internalId),

    /** For other services: the machine, which nobody changes until the transaction ends. */
    async lock(tx: Tx, caller: Caller, id: string) {
      const instance = await store.lockInstance(tx, caller.accountId, id)
      if (instance === undefined) throw new NotFound('Instance', id)
      regions.requireConfigured(instance.region)
      return { instance, keys: await store.sshKeysOf(tx, instance.id) }
    },
  }
}

export type InstanceService = ReturnType<typeof createInstanceService>

/** A machine in the middle of something is busy; one at rest is in the wrong state. */
export function refusalOf(status: store.Instance['status'], message: string) {
  return isTransitional(status)
    ? new DomainError('OPERATION_IN_PROGRESS', message)
    : new InvalidState('instance', message)
}

/**
 * The rules for microVMs: what each may do in which state, room, limits and credits for a new one, and how
 * one ends. What an engine does about it is an operation, begun in the transaction that says so here.
 */
import type { EgressKnobs } from '@garrison/contract/microvms/egress'
import { nameKey } from '@garrison/contract/microvms/facts'
import { type MicrovmAction, microvmActions } from '@garrison/contract/microvms/states'
import type { CreateVmRequest, UpdateVmRequest } from '@garrison/contract/microvms/vms'
import { type AuditEntry, recordAudit } from '../../accounts/audit.ts'
import { changes } from '../../accounts/changes.ts'
import type { AccountLimits } from '../../accounts/limits.ts'
import type { AccountService } from '../../accounts/service.ts'
import type { BillingService } from '../../billing/service.ts'
import { bearingKey, type Caller } from '../../caller.ts'
import { promisedMemoryMib } from '../../catalog/capacity.ts'
import type { Placement } from '../../catalog/placement.ts'
import type { Clock } from '../../clock.ts'
import type { Database, Tx } from '../../database/database.ts'
import { DomainError, InvalidState, NotFound } from '../../errors.ts'
import { newUuid } from '../../ids.ts'
import type { Hold, OperationService } from '../../operations/service.ts'
import type { PriceService } from '../../prices/service.ts'
import type { EgressRules } from '../egress/rules.ts'
import { type Hosting, newId } from '../hosting.ts'
import type { MicrovmSnapshotService } from '../snapshots/service.ts'
import type { MicrovmSnapshot } from '../snapshots/store.ts'
import * as store from './store.ts'
import { createUpkeep } from './upkeep.ts'
import { createWaiting } from './waiting.ts'

/** One that has ended is shown for so long. */
const shownForMs = 24 * 60 * 60_000
export const usualLifetime = 300

export type MicrovmDeps = {
  db: Database
  clock: Clock
  accounts: AccountService
  accountLimits: AccountLimits
  billing: BillingService
  operations: OperationService
  placement: Placement
  hosting: Hosting
  microvmSnapshots: MicrovmSnapshotService
  prices: PriceService
  egress: EgressRules
}

type More = {
  input?: object
  holds?: readonly Hold[]
  whenBusy?: 'wait' | 'cancel'
  joinPending?: boolean
  atOnce?: boolean
}

/** What a machine is made with, whoever makes it. */
export type NewMicrovm = Pick<
  CreateVmRequest,
  'vcpu_count' | 'memory_mb' | 'metadata' | 'env' | 'vm_lifetime_seconds'
> &
  Pick<CreateVmRequest, 'snapshot_on_terminate' | 'snapshot_name' | 'egress_policy'>

export function createMicrovmService(deps: MicrovmDeps) {
  const { db, clock, accounts, accountLimits, billing } = deps
  const { operations, placement, hosting, microvmSnapshots, prices, egress } = deps

  const endedSince = () => new Date(clock.now().getTime() - shownForMs)

  async function require(db: Database | Tx, caller: Caller, publicId: string) {
    const found = await store.findMicrovm(db, caller.accountId, publicId, endedSince())
    if (found === undefined) throw new NotFound('VM', publicId)
    return found
  }

  function requireState(row: store.Microvm, action: MicrovmAction) {
    const { from, done } = microvmActions[action]
    if ((from as readonly string[]).includes(row.status)) return
    const words = `It must be ${from.join(' or ')} to be ${done}`
    throw new InvalidState('instance', `VM ${row.public_id} is ${row.status}. ${words}`)
  }

  async function lockFor(tx: Tx, caller: Caller, publicId: string, action: MicrovmAction) {
    const { id } = await require(tx, caller, publicId)
    const row = await store.lockMicrovm(tx, caller.accountId, id)
    requireState(row, action)
    return row
  }

  const audit = (
    tx: Tx,
    caller: Caller,
    verb: string,
    publicId: string,
    more: Pick<AuditEntry, 'detail' | 'before' | 'after'> = {},
  ) =>
    recordAudit(
      tx,
      caller,
      { action: `microvm.${verb}`, subjectKind: 'microvm', subjectId: publicId, ...more },
      clock.now(),
    )

  /** Limits, credits and room come first. The caller holds prices. */
  async function announceSnapshot(
    tx: Tx,
    caller: Caller,
    { region, host, public_id: publicId }: store.Microvm,
    name: string | null,
  ) {
    await microvmSnapshots.requireRoomForOne(tx, caller)
    await billing.requireStorageCredits(tx, caller)
    await placement.requireDiskRoom(region, host)
    return microvmSnapshots.announce(tx, caller, { region, publicId }, { name })
  }

  /** What one leaves behind, where that was asked for; it ends all the same when that is refused. */
  async function leave(tx: Tx, caller: Caller, row: store.Microvm, reason: string) {
    const wanted = row.snapshot_on_terminate && ['running', 'suspended'].includes(row.status)
    if (!wanted) return { snapshot: null, told: reason }
    try {
      return { snapshot: await announceSnapshot(tx, caller, row, row.snapshot_name), told: reason }
    } catch (error) {
      if (!(error instanceof DomainError)) throw error
      return { snapshot: null, told: `${reason}; no snapshot was taken: ${error.message}` }
    }
  }

  type About = Pick<store.Microvm, 'id' | 'public_id' | 'account_id' | 'region'>

  const begin = (tx: Tx, row: About, kind: string, more: More = {}) =>
    operations.begin(tx, {
      ...{ kind, accountId: row.account_id, region: row.region },
      subject: { kind: 'microvm', id: row.id, publicId: row.public_id },
      input: { ...more.input },
      holds: [{ id: row.id, exclusive: true }, ...(more.holds ?? [])],
      ...(more.whenBusy && { whenBusy: more.whenBusy }),
      ...(more.atOnce && { atOnce: true }),
      joinPending: more.joinPending ?? false,
    })

  /** Everything that could be wrong with one more machine, before there is one. */
  async function requireMore(tx: Tx, caller: Caller, shape: { vcpus: number; memoryMib: number }) {
    // Nobody else makes one for this account until it is there to be counted.
    await accounts.lock(tx, caller.accountId)
    await accountLimits.requireMicrovm(tx, caller, shape)
    await billing.requireProfile(tx, caller)
    const { hourly_rate_micros } = hosting.rates(caller.currency, shape)
    // For ten minutes: most live no longer.
    await billing.requireCredits(tx, caller, Math.ceil(hourly_rate_micros / 6))
  }

  /** The row of a machine that is about to be started; room for it is kept by it from now on. */
  async function insert(
    tx: Tx,
    caller: Caller,
    of: { sessionId: string; region: string; snapshotId: string; shape: Shape; shares: boolean },
    wanted: NewMicrovm,
  ) {
    const { region, shape } = of
    // Last of what is asked, since everybody else waits for room meanwhile.
    const promised = promisedMemoryMib(shape.memoryMib, of.shares)
    const host = await placement.reserveMicrovm(tx, region, promised)
    const now = clock.now()
    const row = { id: newUuid(), public_id: newId('vm'), account_id: caller.accountId, region }
    return store.insertMicrovm(tx, {
      ...{ ...row, host, session_id: of.sessionId, status: 'starting' },
      ...{ snapshot_id: of.snapshotId, vcpus: shape.vcpus, memory_mib: shape.memoryMib },
      promised_memory_mib: promised,
      metadata: JSON.stringify(wanted.metadata ?? {}),
      env: JSON.stringify(wanted.env ?? {}),
      lifetime: wanted.vm_lifetime_seconds ?? usualLifetime,
      snapshot_on_terminate: wanted.snapshot_on_terminate ?? false,
      snapshot_name: wanted.snapshot_name ?? null,
      egress: JSON.stringify(egress.policyOf(region, wanted.egress_policy, 'egress_policy')),
      ...hosting.rates(caller.currency, shape),
      ...{ currency: caller.currency, tier: hosting.tier(region) },
      ...{ ends_at: null, how: null, message: null, started_at: null, ended_at: null },
      ...{ api_key_id: bearingKey(caller), created_at: now, updated_at: now },
    })
  }

  type Shape = { vcpus: number; memoryMib: number }

  const shapeOf = (
    wanted: Pick<NewMicrovm, 'vcpu_count' | 'memory_mb'>,
    snapshot: Pick<MicrovmSnapshot, 'vcpus' | 'memory_mib'>,
  ): Shape => ({
    vcpus: wanted.vcpu_count ?? snapshot.vcpus ?? 2,
    memoryMib: wanted.memory_mb ?? snapshot.memory_mib ?? 512,
  })

  return {
    require,
    requireState,
    lockFor,
    audit,
    begin,
    get: (caller: Caller, id: string) => store.getMicrovm(db, caller.accountId, id),

    list: (caller: Caller, all: boolean) =>
      store.listMicrovms(db, caller.accountId, { endedSince: all ? endedSince() : null }),

    sandboxes: (caller: Caller, containing: object | undefined, limit: number) =>
      store.listMicrovms(db, caller.accountId, { endedSince: endedSince(), containing, limit }),

    /** Begins to start one of the snapshot, for the session. Answers its row and the operation. */
    async start(
      tx: Tx,
      caller: Caller,
      sessionId: string,
      snapshot: MicrovmSnapshot,
      wanted: NewMicrovm,
    ) {
      const shape = shapeOf(wanted, snapshot)
      await requireMore(tx, caller, shape)
      // One of another shape cannot go on from the snapshot's memory: it boots.
      const shares = shape.vcpus === snapshot.vcpus && shape.memoryMib === snapshot.memory_mib
      const of = { sessionId, region: snapshot.region, snapshotId: snapshot.id, shape, shares }
      const row = await insert(tx, caller, of, wanted)
      const operation = await begin(tx, row, 'start-microvm', {
        holds: [{ id: snapshot.id, exclusive: false }],
        atOnce: true,
      })
      const detail = { snapshot: snapshot.public_id, ...shape }
      await audit(tx, caller, 'create', row.public_id, { detail })
      const made: store.Microvm = { ...row, snapshot_public_id: snapshot.public_id }
      return { id: row.id, publicId: row.public_id, operation, row: made }
    },

    /** Takes a snapshot of one and starts another of it, in one operation. */
    async clone(
      tx: Tx,
      caller: Caller,
      publicId: string,
      { snapshotName, newSession }: { snapshotName: string | null; newSession: NewSession },
    ) {
      if (snapshotName !== null) await prices.hold(tx)
      const source = await lockFor(tx, caller, publicId, 'snapshot')
      const shape = { vcpus: source.vcpus, memoryMib: source.memory_mib }
      await requireMore(tx, caller, shape)
      if (snapshotName !== null) await microvmSnapshots.requireRoomForOne(tx, caller)
      await placement.requireDiskRoom(source.region, source.host)
      const { region } = source
      const announced = { region, publicId: source.public_id }
      const options = { name: snapshotName, hidden: snapshotName === null }
      const snapshot = await microvmSnapshots.announce(tx, caller, announced, options)
      const { lifetime, egress } = source
      // A name of two would be of neither: the copy is known by its id until it is given one.
      const { [nameKey]: _, ...metadata } = source.metadata
      const wanted = { metadata, vm_lifetime_seconds: lifetime, egress_policy: egress }
      const { id: sessionId } = await newSession(tx, caller, {
        ...shape,
        metadata,
        lifetime,
        egress,
      })
      const of = { sessionId, region, snapshotId: snapshot.id, shape, shares: true }
      const row = await insert(tx, caller, of, wanted)
      const operation = await begin(tx, row, 'clone-microvm', {
        input: { sourceId: source.id, keep: snapshotName !== null },
        holds: [source, snapshot].map(({ id }) => ({ id, exclusive: true })),
        whenBusy: 'wait',
      })
      await audit(tx, caller, 'clone', row.public_id, { detail: { source: source.public_id } })
      return { row, sessionId, snapshot, operation }
    },

    async snapshot(tx: Tx, caller: Caller, publicId: string, name: string | null) {
      await prices.hold(tx)
      const row = await lockFor(tx, caller, publicId, 'snapshot')
      const snapshot = await announceSnapshot(tx, caller, row, name)
      const operation = await operations.begin(tx, {
        ...{ kind: 'snapshot-microvm', accountId: row.account_id, region: row.region },
        subject: { kind: 'microvm-snapshot', id: snapshot.id, publicId: snapshot.public_id },
        input: { vmId: row.id },
        holds: [snapshot, row].map(({ id }) => ({ id, exclusive: true })),
        whenBusy: 'wait',
      })
      await audit(tx, caller, 'snapshot', row.public_id, {
        detail: { snapshot: snapshot.public_id },
      })
      return { snapshot, operation }
    },

    async suspend(tx: Tx, caller: Caller, publicId: string, detail: object = {}) {
      const row = await lockFor(tx, caller, publicId, 'suspend')
      const memoryGb = (row.memory_mib * 1024 ** 2) / 1e9
      await placement.requireDiskRoom(row.region, row.host, memoryGb)
      const operation = await begin(tx, row, 'suspend-microvm')
      const set = { status: microvmActions.suspend.through, updated_at: clock.now() }
      await store.updateMicrovm(tx, caller.accountId, row.id, set)
      await audit(tx, caller, 'suspend', row.public_id, { detail: { ...detail } })
      return { row, operation }
    },

    /** Room is looked for before anything happens: without it, it stays suspended. */
    async resume(tx: Tx, caller: Caller, publicId: string) {
      const row = await lockFor(tx, caller, publicId, 'resume')
      await billing.requireCredits(tx, caller, Math.ceil(row.hourly_rate_micros / 6), row)
      await placement.reserveMicrovm(tx, row.region, row.promised_memory_mib, row.host)
      const operation = await begin(tx, row, 'resume-microvm', { atOnce: true })
      const set = { status: microvmActions.resume.through, updated_at: clock.now() }
      await store.updateMicrovm(tx, caller.accountId, row.id, set)
      await audit(tx, caller, 'resume', row.public_id)
      return { row, operation }
    },

    /** The lifetime counts from now. */
    async update(tx: Tx, caller: Caller, publicId: string, input: UpdateVmRequest) {
      const row = await lockFor(tx, caller, publicId, 'change')
      const now = clock.now()
      const seconds = input.vm_lifetime_seconds
      // Of one that does not run yet, the lifetime begins when it does.
      const runs = row.started_at !== null
      await store.updateMicrovm(tx, caller.accountId, row.id, {
        ...(input.metadata != null && { metadata: JSON.stringify(input.metadata) }),
        ...(seconds != null && { lifetime: seconds }),
        ...(seconds != null && runs && { ends_at: new Date(now.getTime() + seconds * 1000) }),
        ...(input.snapshot_on_terminate != null && {
          snapshot_on_terminate: input.snapshot_on_terminate,
        }),
        ...(input.snapshot_name != null && { snapshot_name: input.snapshot_name }),
        updated_at: now,
      })
      const updated = await store.getMicrovm(tx, caller.accountId, row.id)
      await audit(tx, caller, 'update', row.public_id, changes(toldOf(row), toldOf(updated)))
      return updated
    },

    /** `reason`: a sentence that the machine shows from then on. Fine when it has ended or is ending. */
    async end(tx: Tx, caller: Caller, id: string, reason: string) {
      // For the snapshot that it may leave behind.
      await prices.hold(tx)
      await operations.pauseAllOn(tx, id)
      const row = await store.lockMicrovm(tx, caller.accountId, id)
      if (['terminating', 'terminated'].includes(row.status)) return { row, operation: null }
      const { snapshot, told } = await leave(tx, caller, row, reason)
      const operation = await begin(tx, row, 'delete-microvm', {
        input: { reason: told, snapshotId: snapshot?.id ?? null },
        holds: snapshot === null ? [] : [{ id: snapshot.id, exclusive: true }],
        whenBusy: 'cancel',
      })
      await store.updateMicrovm(tx, caller.accountId, row.id, {
        status: microvmActions.delete.through,
        updated_at: clock.now(),
      })
      await audit(tx, caller, 'delete', row.public_id, { detail: { reason: told } })
      return { row, operation }
    },

    ...createWaiting({ db, operations, require }),
    ...createUpkeep({ db, clock, accounts, operations, requireState, begin }),
  }
}

export type NewSession = (
  tx: Tx,
  caller: Caller,
  wanted: {
    vcpus: number
    memoryMib: number
    metadata: Record<string, unknown>
    lifetime: number
    env?: Record<string, string>
    egress?: EgressKnobs | null
  },
) => Promise<{ id: string }>

const toldOf = (row: store.Microvm) => ({
  metadata: row.metadata,
  vm_lifetime_seconds: row.lifetime,
  ends_at: row.ends_at?.toISOString() ?? null,
  snapshot_on_terminate: row.snapshot_on_terminate,
  snapshot_name: row.snapshot_name,
})

export type MicrovmService = ReturnType<typeof createMicrovmService>

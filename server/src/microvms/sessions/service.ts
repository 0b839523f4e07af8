/**
 * Sessions: each names at most one machine, which is made when something is to be run. What has ended is
 * replaced by a new, empty one; what is suspended waits for whoever suspended it.
 */
import { randomUUID } from 'node:crypto'
import type { CreateSessionRequest } from '@garrison/contract/microvms/sessions'
import type { CreateVmRequest } from '@garrison/contract/microvms/vms'
import { recordAudit } from '../../accounts/audit.ts'
import { bearingKey, type Caller } from '../../caller.ts'
import type { Clock } from '../../clock.ts'
import { type Database, type Tx, transaction } from '../../database/database.ts'
import { DomainError, InvalidState, NotFound } from '../../errors.ts'
import { isUuid } from '../../ids.ts'
import type { Log } from '../../log.ts'
import type { EgressRules } from '../egress/rules.ts'
import type { Hosting } from '../hosting.ts'
import type { MicrovmSnapshotService } from '../snapshots/service.ts'
import type { MicrovmSnapshot } from '../snapshots/store.ts'
import { type MicrovmService, type NewSession, usualLifetime } from '../vms/service.ts'
import type { Microvm } from '../vms/store.ts'
import * as store from './store.ts'
import { vmStatusOf } from './view.ts'

const usualShape = { vcpus: 2, memoryMib: 512 }
/** Machines that end at the very moment of the call are replaced; more often than that is no accident. */
const mostTries = 3

/** Where a session's code runs. */
export type Machine = {
  readonly id: string
  readonly publicId: string
  readonly region: string
  readonly sessionId: string
}

export type SessionDeps = {
  db: Database
  clock: Clock
  hosting: Hosting
  microvms: MicrovmService
  microvmSnapshots: MicrovmSnapshotService
  egress: EgressRules
  log: Log
}

export function createMicrovmSessionService(deps: SessionDeps) {
  const { db, clock, hosting, microvms, microvmSnapshots, egress, log } = deps
  const underCount = new Set<Promise<void>>()

  async function counted() {
    while (underCount.size > 0) await Promise.all(underCount)
  }

  async function require(reader: Database | Tx, caller: Caller, id: string) {
    const found = isUuid(id) ? await store.findSession(reader, caller.accountId, id) : undefined
    if (found === undefined) throw new NotFound('Session', id)
    return found
  }

  const insert = (...[tx, caller, wanted]: Parameters<NewSession>) =>
    store.insertSession(tx, {
      // Not by time: whoever knows one of an account's must not guess the next.
      ...{ id: randomUUID(), account_id: caller.accountId, lifetime: wanted.lifetime },
      ...{ vcpus: wanted.vcpus, memory_mib: wanted.memoryMib },
      metadata: JSON.stringify(wanted.metadata),
      env: JSON.stringify(wanted.env ?? {}),
      egress: wanted.egress == null ? null : JSON.stringify(wanted.egress),
      ...{ api_key_id: bearingKey(caller), created_at: clock.now() },
    })

  /** Begins to make its machine. The session is locked. */
  async function begin(tx: Tx, caller: Caller, session: store.Session, base: MicrovmSnapshot) {
    return microvms.start(tx, caller, session.id, base, {
      ...{ vcpu_count: session.vcpus, memory_mb: session.memory_mib },
      ...{ metadata: session.metadata, env: session.env, egress_policy: session.egress },
      vm_lifetime_seconds: session.lifetime,
    })
  }

  const machineIn = (session: Pick<store.Session, 'id'>, vm: Microvm): Machine => ({
    ...{ id: vm.id, publicId: vm.public_id, region: vm.region, sessionId: session.id },
  })

  /** What it has, or begins to have: nothing needs to be made. */
  const onItsWay = (session: store.Session) =>
    session.vm_public_id === null || vmStatusOf(session) === 'expired'
      ? null
      : { publicId: session.vm_public_id, operation: null }

  /** Begins to make the machine where there is none; answers what is at work on it. */
  async function ensureBegun(caller: Caller, session: store.Session) {
    const known = onItsWay(session)
    if (known !== null) return known
    const base = await microvmSnapshots.readyBase()
    return transaction(db, async (tx) => {
      await store.lockSession(tx, caller.accountId, session.id)
      const locked = await require(tx, caller, session.id)
      return onItsWay(locked) ?? begin(tx, caller, locked, base)
    })
  }

  /** The machine of a session, which runs when this answers. */
  async function machine(caller: Caller, sessionId: string): Promise<Machine> {
    for (let tries = 1; ; tries++) {
      const session = await require(db, caller, sessionId)
      const { vm_id, vm_public_id, vm_region } = session
      if (session.vm_status === 'running' && vm_id && vm_public_id && vm_region) {
        return { id: vm_id, publicId: vm_public_id, region: vm_region, sessionId: session.id }
      }
      if (['suspending', 'suspended'].includes(session.vm_status ?? '')) {
        const words = `VM ${vm_public_id} is ${session.vm_status}; resume it first`
        throw new InvalidState('instance', words)
      }
      const begun = await ensureBegun(caller, session)
      const change = session.vm_status === 'resuming' ? 'resumed' : 'started'
      const vm = await microvms.carriedOut(caller, begun.publicId, begun.operation, change)
      if (vm.status === 'running') return machineIn(session, vm)
      if (['starting', 'resuming'].includes(vm.status) || tries === mostTries) {
        const words = `VM ${vm.public_id} is ${vm.status}; try again shortly`
        throw new DomainError('SERVICE_UNAVAILABLE', words)
      }
    }
  }

  return {
    require,
    machine,
    insert,

    /** The machine that a session has already: nothing is made to read from. */
    async runningMachine(caller: Caller, sessionId: string): Promise<Machine> {
      const session = await require(db, caller, sessionId)
      if (session.vm_id === null || vmStatusOf(session) === 'expired') {
        throw new DomainError(
          'NOT_FOUND',
          `Session ${session.id} has no VM; execute something first`,
        )
      }
      return machine(caller, sessionId)
    },

    /** @param base Its machine is begun at once, of this; otherwise when something is to be run. */
    async create(
      tx: Tx,
      caller: Caller,
      input: CreateSessionRequest,
      base: MicrovmSnapshot | null = null,
    ) {
      // Where there are none, it says so now rather than at the first execution.
      hosting.region()
      const session = await insert(tx, caller, {
        vcpus: input.vcpu_count ?? usualShape.vcpus,
        memoryMib: input.memory_mb ?? usualShape.memoryMib,
        metadata: input.metadata ?? {},
        lifetime: input.vm_lifetime_seconds ?? usualLifetime,
        env: input.env ?? {},
      })
      const subject = { subjectKind: 'microvm-session', subjectId: session.id }
      await recordAudit(tx, caller, { action: 'microvm-session.create', ...subject }, clock.now())
      if (base === null) return session
      await begin(tx, caller, session, base)
      return require(tx, caller, session.id)
    },

    /** A machine that was asked for by itself: with a session of its own, or one that has none. */
    async createVm(tx: Tx, caller: Caller, input: CreateVmRequest, snapshot: MicrovmSnapshot) {
      const session =
        input.session_id == null
          ? await newFor(tx, caller, input, snapshot)
          : await lockWithoutVm(tx, caller, input.session_id)
      return microvms.start(tx, caller, session.id, snapshot, {
        ...input,
        egress_policy: input.egress_policy ?? session.egress,
      })
    },

    clone(tx: Tx, caller: Caller, publicId: string, snapshotName: string | null) {
      return microvms.clone(tx, caller, publicId, { snapshotName, newSession: insert })
    },

    /** Ends the machine and keeps the session. */
    async kill(tx: Tx, caller: Caller, id: string) {
      const session = await require(tx, caller, id)
      if (session.vm_id === null || vmStatusOf(session) === 'expired') {
        throw new DomainError('NOT_FOUND', `Session ${session.id} has no VM`)
      }
      return microvms.end(tx, caller, session.vm_id, 'It was killed')
    },

    async usage(caller: Caller, id: string) {
      await counted()
      const session = await require(db, caller, id)
      const used = await store.usageOf(db, caller.accountId, session.id, clock.now())
      return { session, used }
    },

    /**
     * Nobody waits for it, but who asks for the usage. A process that dies meanwhile has not counted it,
     * which is nobody's money: machines are charged for.
     */
    countExecution(caller: Caller, id: string, took: { seconds: number; cpuSeconds: number }) {
      const counting = store
        .countExecution(db, caller.accountId, id, took)
        .catch((error: unknown) => log('warn', 'an execution was not counted', { error }))
        .finally(() => underCount.delete(counting))
      underCount.add(counting)
    },

    /** All executions that were carried out here are counted. */
    counted,
  }

  async function lockWithoutVm(tx: Tx, caller: Caller, id: string) {
    await require(tx, caller, id)
    await store.lockSession(tx, caller.accountId, id)
    const session = await require(tx, caller, id)
    if (['pending', 'expired'].includes(vmStatusOf(session))) return session
    const words = `Session ${id} has a VM already, ${session.vm_public_id}; end it first`
    throw new InvalidState('instance', words)
  }

  function newFor(tx: Tx, caller: Caller, input: CreateVmRequest, snapshot: MicrovmSnapshot) {
    return insert(tx, caller, {
      vcpus: input.vcpu_count ?? snapshot.vcpus ?? usualShape.vcpus,
      memoryMib: input.memory_mb ?? snapshot.memory_mib ?? usualShape.memoryMib,
      metadata: input.metadata ?? {},
      lifetime: input.vm_lifetime_seconds ?? usualLifetime,
      env: input.env ?? {},
      egress:
        input.egress_policy == null
          ? null
          : egress.policyOf(snapshot.region, input.egress_policy, 'egress_policy'),
    })
  }
}

export type MicrovmSessionService = ReturnType<typeof createMicrovmSessionService>

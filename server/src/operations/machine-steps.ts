/** The steps that several changes to a machine share: give it an address, make it run. */
import { type Address, EngineError, type MachineSpec } from '@garrison/engines/engine'
import type { Tx } from '../database/database.ts'
import { machineRules, rulesInForce, rulesNotInForce } from '../firewalls/machine-store.ts'
import { machineSpec } from '../instances/machine-spec.ts'
import { getInstance, sshKeysOf, updateInstance } from '../instances/store.ts'
import { dataVolumes, volumesInUse } from '../volumes/machine-store.ts'
import type { Step, StepResult, Work } from './definition.ts'

/** What every operation on an instance is begun with: the row says the rest, and says it after a crash too. */
export type InstanceInput = Record<string, never>

type InstanceWork = Work<InstanceInput>

export const ensureAddress: Step<InstanceInput> = {
  name: 'address',
  async do({ engine, operation, order }) {
    return { address: await engine.ensureAddress(operation.subject.id, operation.accountId, order) }
  },
  async record(tx, { operation, clock }, { address }) {
    await updateInstance(tx, operation.accountId, operation.subject.id, {
      address: JSON.stringify(address as Address),
      updated_at: clock.now(),
    })
  },
}

/** Also takes the address back: for machines that do not exist yet. */
export const assignAddress: Step<InstanceInput> = {
  ...ensureAddress,
  async record(tx, work, result) {
    await ensureAddress.record?.(tx, work, result)
    await updateInstance(tx, work.operation.accountId, work.operation.subject.id, {
      status: 'BUILD',
      updated_at: work.clock.now(),
    })
  },
  async undo({ engine, operation, order }) {
    await engine.ensureAddressGone(operation.subject.id, order)
  },
}

/** The machine's virtual CPUs run. One that failed to is left stopped, with its disk. */
export const ensureRunning: Step<InstanceInput> = {
  name: 'start',
  async do(work) {
    await requireDisk(work)
    const { spec, revision } = await loadSpec(work)
    await work.engine.ensureMachine(spec, work.order)
    return { revision }
  },
  record: recordActive,
  undo: cutOff,
}

/** The same for a machine that does not exist yet. */
export const createMachine: Step<InstanceInput> = {
  ...ensureRunning,
  async undo({ engine, operation, order }) {
    await engine.ensureGone(operation.subject.id, order)
  },
}

/** The step may have failed before there was anything to stop. */
export async function cutOff({ engine, operation, order }: InstanceWork) {
  const { status } = await engine.observe(operation.subject.id)
  if (status === 'absent') return
  await engine.ensureStopped(operation.subject.id, 0, order)
}

/** With the revision of its rules; rules that are newer are on their way with an operation of their own. */
export async function loadSpec({
  db,
  operation,
}: InstanceWork): Promise<{ spec: MachineSpec; revision: number }> {
  const { accountId, subject } = operation
  const instance = await getInstance(db, accountId, subject.id)
  const keys = await sshKeysOf(db, instance.id)
  const rules = await machineRules(db, accountId, instance.id)
  const volumes = await dataVolumes(db, accountId, instance.id)
  return { spec: machineSpec(instance, keys, rules, volumes), revision: instance.rules_revision }
}

/** An engine would make a machine that is gone anew, from its source: with an empty disk, without a word. */
export async function requireDisk({ db, engine, operation }: InstanceWork) {
  const { accountId, subject } = operation
  const { made_at } = await getInstance(db, accountId, subject.id)
  if (made_at === null) return
  const { status } = await engine.observe(subject.id)
  if (status !== 'absent') return
  throw new EngineError(
    'Its disk is gone from the host; restore a snapshot of it, then delete this instance',
  )
}

/** The step has made the machine run, with the rules of `revision`. */
export async function recordActive(
  tx: Tx,
  { operation, clock }: InstanceWork,
  { revision }: StepResult,
) {
  await rulesInForce(tx, operation.accountId, operation.subject.id, Number(revision))
  const now = clock.now()
  const { made_at } = await getInstance(tx, operation.accountId, operation.subject.id)
  await updateInstance(tx, operation.accountId, operation.subject.id, {
    status: 'ACTIVE',
    made_at: made_at ?? now,
    error: null,
    updated_at: now,
  })
  await volumesInUse(tx, operation.accountId, operation.subject.id, now)
}

/**
 * The change failed: the instance says why. What became of the machine, the undo has decided. Its volumes
 * stay with it, for a reboot makes it with them; only its deletion frees them.
 */
export async function instanceFailed(tx: Tx, { operation, clock }: InstanceWork, reason: string) {
  await rulesNotInForce(tx, operation.accountId, operation.subject.id)
  const now = clock.now()
  await updateInstance(tx, operation.accountId, operation.subject.id, {
    status: 'ERROR',
    error: reason,
    updated_at: now,
  })
  await volumesInUse(tx, operation.accountId, operation.subject.id, now)
}

/** The same for a machine that never came to be: its addresses went back. */
export async function instanceNeverWas(tx: Tx, work: InstanceWork, reason: string) {
  await instanceFailed(tx, work, reason)
  const { accountId, subject } = work.operation
  const now = work.clock.now()
  await updateInstance(tx, accountId, subject.id, {
    address: null,
    public_address: null,
    updated_at: now,
  })
}

/** Only a deletion cancels an operation on an instance, and it has already said so on the row. */
export async function leaveToDeletion() {}

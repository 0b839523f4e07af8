/**
 * Takes the snapshots that policies are due to take, and removes those that are too many, by the ordinary
 * operations. What is due, and until when it was looked at, is in the database: each look is one
 * transaction, which takes the row, begins the operation and sets the next slot. So a slot is taken once,
 * however many servers look, and wherever one dies.
 */
import { isTransitional, whyNot } from '@garrison/contract/instances/states'
import { EngineError } from '@garrison/engines/engine'
import type { AccountService } from '../accounts/service.ts'
import type { Caller } from '../caller.ts'
import type { Regions } from '../catalog/regions.ts'
import type { Clock } from '../clock.ts'
import {
  type Database,
  gaveWay,
  isUnavailable,
  type Tx,
  transaction,
} from '../database/database.ts'
import { savepoint } from '../database/savepoint.ts'
import { DomainError, NameTaken } from '../errors.ts'
import { recordEvent } from '../events/outbox.ts'
import type { Log } from '../log.ts'
import type { SnapshotService } from '../snapshots/service.ts'
import { mostAttempts, nextSlot, type Slot, slotToTake, snapshotName, verdicts } from './rules.ts'
import { scheduleOf } from './service.ts'
import * as store from './store.ts'

/** A machine that is busy is tried again this soon. */
const retryMs = 2 * 60_000
/** A snapshot that is being restored may go later. */
const thinAgainMs = 10 * 60_000
/** Nothing failed: there is nothing to pay a snapshot with, which is for the account to mend. */
const unpaid = new Set<string>(['INSUFFICIENT_CREDITS', 'BUDGET_REACHED'])
/** The name is the machine's and the slot's, so only another policy or a person can have taken it. */
const namesToTry = 9

export type SchedulerDeps = {
  db: Database
  clock: Clock
  regions: Regions
  accounts: AccountService
  snapshots: SnapshotService
  log: Log
}

export function createSnapshotScheduler(deps: SchedulerDeps) {
  const { db, clock, regions, accounts, snapshots, log } = deps

  /** Everything that is due now. */
  async function run() {
    while (await takeNext());
    while (await thinNext());
  }

  /** Whether there was one. */
  function takeNext(): Promise<boolean> {
    return transaction(db, async (tx) => {
      const now = clock.now()
      const due = await store.lockDue(tx, regions.names(), now)
      if (due === undefined) return false
      const { instance_status: status } = due
      if (status === 'DELETING' || status === 'DELETED') {
        await store.deleteCoverage(tx, due)
        return true
      }
      const schedule = scheduleOf(due)
      const slot = slotToTake(schedule, due.due_at, now)
      const refusal = whyNot('snapshot', status)
      const { attempts, settled } = await store.attemptsAt(tx, due, slot.at)
      if (settled || attempts >= mostAttempts) await moveOn(tx, due, now)
      else if (refusal === null) await take(tx, due, slot, attempts + 1, now)
      else if (isTransitional(status)) await postpone(tx, due, now)
      else await skip(tx, due, refusal, now)
      return true
    })
  }

  async function take(tx: Tx, due: store.Scheduled, slot: Slot, attempt: number, now: Date) {
    const caller = await accounts.onBehalfOf(tx, due.account_id, due.api_key_id)
    try {
      await createNamed(tx, caller, due, slot, attempt)
      await moveOn(tx, due, now)
    } catch (error) {
      if (isUnavailable(error) || gaveWay(error)) throw error
      if (error instanceof DomainError && error.code === 'OPERATION_IN_PROGRESS') {
        return postpone(tx, due, now)
      }
      if (error instanceof DomainError && unpaid.has(error.code)) {
        return skip(tx, due, error.message, now)
      }
      const reason = reasonOf(error)
      await store.updateCoverage(tx, due, { last_error: reason, last_error_at: now })
      await tell(tx, due, 'failed', reason, now)
      // What the account can mend waits for the next slot; what is our trouble may soon be over.
      const ours = !(error instanceof DomainError) || error.code === 'SERVICE_UNAVAILABLE'
      await (ours ? postpone(tx, due, now) : moveOn(tx, due, now))
    }
  }

  async function createNamed(
    tx: Tx,
    caller: Caller,
    due: store.Scheduled,
    slot: Slot,
    attempt: number,
  ) {
    const machine = { name: due.vm_name, publicId: due.instance_public_id }
    const name = snapshotName(machine, slot)
    const by = {
      policyId: due.policy_id,
      policyPublicId: due.policy_public_id,
      slot: slot.at,
      attempt,
    }
    for (let number = 1; ; number++) {
      const input = {
        instance_id: due.instance_public_id,
        name: number === 1 ? name : `${name}.${number}`,
      }
      try {
        return await savepoint(tx, () => snapshots.create(tx, caller, input, by))
      } catch (error) {
        if (!(error instanceof NameTaken) || number === namesToTry) throw error
      }
    }
  }

  async function skip(tx: Tx, due: store.Scheduled, reason: string, now: Date) {
    await store.updateCoverage(tx, due, { skip_reason: reason, skipped_at: now })
    await tell(tx, due, 'skipped', reason, now)
    await moveOn(tx, due, now)
  }

  /** The slot is settled; however many were missed, the next one is in the future. */
  async function moveOn(tx: Tx, due: store.Scheduled, now: Date) {
    const { at } = nextSlot(scheduleOf(due), now)
    await store.updateCoverage(tx, due, { due_at: at, try_at: at })
  }

  const postpone = (tx: Tx, due: store.Scheduled, now: Date) =>
    store.updateCoverage(tx, due, { try_at: new Date(now.getTime() + retryMs) })

  /** Whether there was one that may have too many. */
  function thinNext(): Promise<boolean> {
    return transaction(db, async (tx) => {
      const now = clock.now()
      const found = await store.lockThinnable(tx, regions.names(), now)
      if (found === undefined) return false
      const { account_id, policy_id, instance_id } = found
      const caller = await accounts.onBehalfOf(tx, account_id)
      const taken = await store.snapshotsTaken(tx, account_id, policy_id, instance_id)
      let left = 0
      for (const { snapshot, keep, reasons } of verdicts(scheduleOf(found), taken)) {
        if (keep) continue
        const by = { policy: found.policy_public_id, reason: reasons.join(', ') }
        try {
          await savepoint(tx, () => snapshots.delete(tx, caller, snapshot.public_id, by))
        } catch (error) {
          if (isUnavailable(error) || gaveWay(error)) throw error
          left++
          log('debug', 'a snapshot that is too many cannot go yet', {
            snapshot: snapshot.public_id,
            error,
          })
        }
      }
      await store.updateCoverage(tx, found, {
        thin_at: left === 0 ? null : new Date(now.getTime() + thinAgainMs),
      })
      return true
    })
  }

  const tell = (
    tx: Tx,
    due: store.Scheduled,
    what: 'failed' | 'skipped',
    reason: string,
    now: Date,
  ) =>
    recordEvent(
      tx,
      {
        accountId: due.account_id,
        kind: `snapshot-policy.${what}`,
        subjectKind: 'snapshot-policy',
        subjectId: due.policy_public_id,
        data: { instance: due.instance_public_id, reason },
      },
      now,
    )

  function reasonOf(error: unknown): string {
    if (error instanceof DomainError || error instanceof EngineError) return error.message
    log('error', 'a snapshot policy could not begin a snapshot', { error })
    return 'Something went wrong on our side; it is tried again'
  }

  return { run }
}

export type SnapshotScheduler = ReturnType<typeof createSnapshotScheduler>

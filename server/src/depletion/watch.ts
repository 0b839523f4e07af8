/**
 * Looks after what credits still pay for, after each round of the meter. What becomes of an account is
 * one transaction: its stage, what people are told of it, and the operations that it begins. Everything
 * looks at what is there rather than at what just happened, so a crash, a second server or a machine in
 * the middle of something only mean that the next look goes on.
 */
import type { EventKind } from '@garrison/contract/events/kinds'
import { recordAudit } from '../accounts/audit.ts'
import type { AccountService } from '../accounts/service.ts'
import type { BillingMode } from '../billing/service.ts'
import type { Clock } from '../clock.ts'
import {
  type Database,
  gaveWay,
  isUnavailable,
  type Tx,
  transaction,
} from '../database/database.ts'
import { savepoint } from '../database/savepoint.ts'
import { recordEvent } from '../events/outbox.ts'
import type { InstanceService } from '../instances/service.ts'
import type { Log } from '../log.ts'
import { queueMail } from '../mail/queue.ts'
import type { MicrovmSnapshotService } from '../microvms/snapshots/service.ts'
import { toDecimal } from '../money.ts'
import type { SnapshotService } from '../snapshots/service.ts'
import type { VolumeService } from '../volumes/service.ts'
import type { HibernateSome } from './hibernating.ts'
import { floorOf, graceAt, isAtRest, judge, type Verdict } from './rules.ts'
import * as store from './store.ts'
import { recoveredWords, reminderWords, stageWords, type Words } from './words.ts'

const deletedAtATime = 20

export type WatchDeps = {
  db: Database
  clock: Clock
  mode: BillingMode
  /** Whether things are deleted when the grace is over. */
  reclaim: boolean
  accounts: AccountService
  instances: InstanceService
  volumes: VolumeService
  snapshots: SnapshotService
  microvmSnapshots: MicrovmSnapshotService
  hibernateSome: HibernateSome
  log: Log
}

/** Credits came while something was done for the want of them: all of it is taken back. */
class Risen extends Error {}

export function createDepletionWatch(deps: WatchDeps) {
  const { db, clock, mode, reclaim, accounts, instances, volumes, snapshots, log } = deps
  const { microvmSnapshots } = deps

  /** Looks at everybody once. */
  async function run() {
    if (mode === 'off') return
    for (const looked of await store.lookAtAll(db)) {
      if (!concerns(looked, reclaim, clock.now())) continue
      await settle(looked.accountId).catch((error: unknown) => {
        if (isUnavailable(error)) throw error
        log('error', 'cannot look after the credits of an account', {
          account: looked.publicId,
          error,
        })
      })
    }
  }

  async function settle(accountId: string) {
    for (;;) {
      try {
        const more = await transaction(db, (tx) => settleSome(tx, accountId))
        if (!more) return
      } catch (error) {
        if (!(error instanceof Risen)) throw error
      }
    }
  }

  /** Whether there is more to be done at once. */
  async function settleSome(tx: Tx, accountId: string): Promise<boolean> {
    const now = clock.now()
    await store.lockStanding(tx, accountId, now)
    const looked = await store.lookAt(tx, accountId)
    if (looked === undefined) return false
    const verdict = judge(looked, looked, now)
    const depleted = verdict.stage === 'depleted'
    let more = depleted && (await deps.hibernateSome(tx, accountId, null, 'credits'))
    // With what was just begun to be hibernated, so that it is charged for from its first minute.
    const stored = depleted ? await store.storageBurn(tx, accountId, looked.currency) : 0
    const next = graceOf(looked, verdict, stored, now)
    await store.saveStanding(tx, accountId, { ...verdict, ...next }, now)
    await tellOf(tx, looked, verdict, next.reclaimFrom, now)
    if (!depleted) return false
    if (next.remind !== null && next.reclaimFrom !== null) {
      const words = reminderWords(next.remind, looked, next.reclaimFrom)
      await tell(tx, looked, 'credits.reclaim-reminder', words, { day: next.remind }, now)
    }
    if (next.deletes) more = (await deleteSome(tx, accountId)) || more
    if ((await store.lockBalance(tx, accountId, looked.currency)) > 0) throw new Risen()
    return more
  }

  /** How the grace goes on. */
  function graceOf(looked: store.Looked, { stage }: Verdict, stored: number, now: Date) {
    if (stage !== 'depleted') {
      const none = { depletedAt: null, floorMicros: null, reclaimFrom: null, remindedDay: 0 }
      return { ...none, remind: null, deletes: false }
    }
    const depletedAt = looked.depletedAt ?? now
    // What is hibernated later costs too, so that the floor is what it comes to.
    const floorMicros = Math.min(looked.floorMicros ?? 0, floorOf(stored))
    if (!reclaim) {
      const never = { reclaimFrom: null, remindedDay: 0, remind: null, deletes: false }
      return { depletedAt, floorMicros, ...never }
    }
    // Seven days of everybody, also when it is configured long after.
    const grace = graceAt(looked.reclaimFrom ?? now, looked.remindedDay, now)
    const { from: reclaimFrom, remind, reclaim: deletes } = grace
    const remindedDay = remind ?? looked.remindedDay
    return { depletedAt, floorMicros, reclaimFrom, remindedDay, remind, deletes }
  }

  async function tellOf(
    tx: Tx,
    looked: store.Looked,
    { tell: stage, recovered }: Verdict,
    reclaimFrom: Date | null,
    now: Date,
  ) {
    if (recovered) await tell(tx, looked, 'credits.recovered', recoveredWords(looked), {}, now)
    if (stage === null || stage === 'ok') return
    const words = stageWords(stage, looked, { now, reclaimFrom })
    const kind = stage === 'depleted' ? 'credits.depleted' : 'credits.low'
    await tell(tx, looked, kind, words, { stage }, now)
  }

  async function tell(
    tx: Tx,
    looked: store.Looked,
    kind: EventKind,
    words: Words,
    data: Record<string, unknown>,
    now: Date,
  ) {
    const { accountId, publicId, currency, balanceMicros, burnMicros } = looked
    const funds = {
      currency,
      balance: toDecimal(balanceMicros),
      burn_per_hour: toDecimal(burnMicros),
    }
    await recordEvent(
      tx,
      {
        ...{ accountId, kind, subjectKind: 'account', subjectId: publicId },
        data: { ...data, ...funds },
      },
      now,
    )
    for (const to of await accounts.payers(tx, accountId))
      await queueMail(tx, { accountId, to, ...words }, now)
  }

  /** Whether there may be more. Instances go first, then volumes, then snapshots. */
  async function deleteSome(tx: Tx, accountId: string): Promise<boolean> {
    const caller = await accounts.onBehalfOf(tx, accountId)
    const some = await store.reclaimable(tx, accountId, deletedAtATime)
    let begun = 0
    for (const { kind, public_id, pinned } of some) {
      try {
        await savepoint(tx, async () => {
          if (kind === 'instance') await instances.delete(tx, caller, public_id)
          if (kind === 'volume') await volumes.delete(tx, caller, public_id)
          if (kind === 'microvm-snapshot') await microvmSnapshots.delete(tx, caller, public_id)
          if (kind !== 'snapshot') return
          if (pinned) await snapshots.pin(tx, caller, public_id, false)
          await snapshots.delete(tx, caller, public_id)
        })
        const detail = { reason: 'credits' }
        const entry = { action: 'credits.reclaim', subjectKind: kind, subjectId: public_id, detail }
        await recordAudit(tx, caller, entry, clock.now())
        begun++
      } catch (error) {
        if (isUnavailable(error) || gaveWay(error)) throw error
        log('debug', 'what nothing pays for cannot be deleted yet', { [kind]: public_id, error })
      }
    }
    return begun === deletedAtATime
  }

  return { run }
}

/** Whether there is anything to write or to do; most accounts are as they were. */
function concerns(looked: store.Looked, reclaim: boolean, now: Date): boolean {
  const { stage } = judge(looked, looked, now)
  return stage !== looked.stage || (stage === 'depleted' && !isAtRest(looked, reclaim, now))
}

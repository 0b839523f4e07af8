/** Begins operations, waits for them, shows them. The runner carries them out. */
import { openOperationStates } from '@garrison/contract/operations/states'
import type { Clock } from '../clock.ts'
import { afterCommit, type Database, type Tx } from '../database/database.ts'
import { notify } from '../database/notify.ts'
import type { Range } from '../database/pages.ts'
import { NotFound, OperationInProgress } from '../errors.ts'
import { isUuid, newUuid } from '../ids.ts'
import type { Subject } from './definition.ts'
import * as holds from './holds.ts'
import * as store from './store.ts'

export type Hold = { readonly id: string; readonly exclusive: boolean }

export type Begin = {
  readonly kind: string
  readonly accountId: string
  readonly region: string
  readonly subject: Subject
  readonly input: Record<string, unknown>
  readonly holds: readonly Hold[]
  /**
   * What to do when another operation holds something: refuse with {@link OperationInProgress}, wait
   * behind it, or cancel it and wait until it is undone. `cancel-own` cancels what is about the same subject,
   * and waits behind others.
   */
  readonly whenBusy?: 'refuse' | 'wait' | 'cancel' | 'cancel-own'
  /** When one of this kind waits for the same subject and has not begun, it does for this one too. */
  readonly joinPending?: boolean
  /**
   * Where nothing is in its way, a runner of this process has it as soon as the transaction commits,
   * without looking for it. Not within a savepoint, which may take it back.
   */
  readonly atOnce?: boolean
}

/** A runner in this process. */
export type Taker = {
  readonly owner: string
  readonly leaseMs: number
  /** Of what it carries out and has room for at the moment; null otherwise. */
  firstStep(kind: string, region: string): string | null
  /** It is leased by the taker, and its first step is journalled as begun. */
  take(operation: store.LeasedOperation): void
}

/** So short that nobody is refused for them: whoever comes waits behind. */
const brief = new Set(['apply-firewall', 'apply-egress'])

/** Reads like a sentence: "restore-snapshot of BRK-100200D is still running". */
const busyMessage = (kind: string, publicId: string) =>
  `Another operation (${kind} of ${publicId}) is still running; wait until it has finished`

export function createOperationService(deps: { db: Database; clock: Clock }) {
  const waiting = new Map<string, Set<(ended: store.Ended | undefined) => void>>()
  let takers: () => readonly Taker[] = () => []

  function takerFor({ kind, region }: Begin) {
    for (const taker of takers()) {
      const step = taker.firstStep(kind, region)
      if (step !== null) return { taker, step }
    }
    return null
  }

  return {
    /** Those of this process: they take what is to begin at once. */
    handTo(runners: () => readonly Taker[]) {
      takers = runners
    },

    /** In the transaction that changes the resource, so that neither is ever there without the other. */
    async begin(tx: Tx, begin: Begin): Promise<string> {
      const { whenBusy = 'refuse' } = begin
      await holds.lockResources(
        tx,
        begin.holds.map((hold) => hold.id),
      )
      if (begin.joinPending === true) {
        const pending = await holds.lockPending(tx, begin.kind, begin.subject.id)
        if (pending !== undefined) {
          // A runner may have passed it over, since it is locked until we are done.
          await notify(tx, 'operation_begun', begin.region)
          return pending.id
        }
      }
      const busy = await holds.conflicts(tx, begin.holds)
      const [first] = busy.filter((operation) => !brief.has(operation.kind))
      if (first !== undefined && whenBusy === 'refuse') {
        throw new OperationInProgress(busyMessage(first.kind, first.subject_public_id))
      }
      const isOwn = ({ subject_id }: (typeof busy)[number]) => subject_id === begin.subject.id
      if (whenBusy === 'cancel' || whenBusy === 'cancel-own')
        await holds.requestCancel(
          tx,
          busy.filter((each) => whenBusy === 'cancel' || isOwn(each)).map(({ id }) => id),
        )
      const id = newUuid()
      const found = begin.atOnce === true && busy.length === 0 ? takerFor(begin) : null
      const leased =
        found === null
          ? null
          : { owner: found.taker.owner, leaseMs: found.taker.leaseMs, step: found.step }
      const inserted = { ...begin, id, leased, now: deps.clock.now() }
      const operation = await store.insertOperation(tx, inserted)
      // Where we die before that, the lease runs out.
      if (found !== null) afterCommit(tx, () => found.taker.take(operation))
      else await notify(tx, 'operation_begun', begin.region)
      return id
    },

    /**
     * For whoever means to cancel: before the row of the resource is locked, since that is the order in
     * which runners lock. Otherwise each could wait for the other.
     */
    pauseAllOn: (tx: Tx, resourceId: string) => holds.lockOperationsOn(tx, resourceId),

    /** The newest of some kinds that is about something, ended or not. */
    async latest(
      accountId: string,
      publicId: string,
      kinds: readonly string[],
    ): Promise<string | null> {
      return (await store.latestOn(deps.db, accountId, publicId, kinds))?.id ?? null
    },

    /** Until it is done, failed or cancelled; `null` when that takes longer than `timeoutMs`. */
    async wait(id: string, timeoutMs: number): Promise<store.Ended | null> {
      const deadline = AbortSignal.timeout(timeoutMs)
      for (;;) {
        const heard = Promise.withResolvers<store.Ended | undefined>()
        const listeners = waiting.get(id) ?? new Set()
        waiting.set(id, listeners.add(heard.resolve))
        deadline.addEventListener('abort', () => heard.resolve(undefined), { once: true })
        try {
          const current = await store.findState(deps.db, id)
          if (current !== undefined && !isOpen(current.state)) return current
          if (deadline.aborted) return null
          const ended = await heard.promise
          if (ended !== undefined) return ended
        } finally {
          listeners.delete(heard.resolve)
          if (listeners.size === 0) waiting.delete(id)
        }
      }
    },

    /** The database says that one finished; or a runner of this process, which knows how. */
    finished(id: string, ended?: store.Ended) {
      for (const resolve of waiting.get(id) ?? []) resolve(ended)
    },

    /** The connection that says so was away: whoever waits should look. */
    recheck() {
      for (const listeners of waiting.values()) for (const resolve of listeners) resolve(undefined)
    },

    async require(db: Database, accountId: string, id: string) {
      const operation = isUuid(id) ? await store.findOperation(db, accountId, id) : undefined
      if (operation === undefined) throw new NotFound('Operation', id)
      return { operation, steps: await store.loadSteps(db, operation.id) }
    },

    /** The operation that is at work on it, or is to be; null: none. */
    async openOn(db: Database | Tx, resourceId: string): Promise<string | null> {
      const row = await holds.findHolder(db, resourceId)
      return row?.operation_id ?? null
    },

    stepsOf: (db: Database | Tx, id: string) => store.loadSteps(db, id),

    list(db: Database, accountId: string, filter: store.OperationFilter, range: Range) {
      return store.pageOfOperations(db, accountId, filter, range)
    },
  }
}

export type OperationService = ReturnType<typeof createOperationService>

const isOpen = (state: string) => openOperationStates.some((open) => open === state)

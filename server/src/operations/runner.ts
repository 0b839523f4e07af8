/**
 * Carries out operations: leases one, goes on at its first open step, journals, and on failure or
 * cancellation undoes backwards. Any number of runners may share a database; `regions` says whose
 * machines this process can reach.
 *
 * A lease is short and extended while we work. If this process is killed, the lease runs out and the
 * next runner goes on with a higher fence; if it is only paused, engine and journal refuse its old fence.
 */
import { CapacityError, type Engine, EngineError, FencedError } from '@garrison/engines/engine'
import type { Clock } from '../clock.ts'
import { type Database, isUnavailable, type Tx, transaction } from '../database/database.ts'
import type { Log } from '../log.ts'
import {
  type AnyOperationKind,
  noteOf,
  type Step,
  type StepResult,
  type Work,
} from './definition.ts'
import * as store from './store.ts'

const leaseMs = 10_000
const heartbeatMs = 3_000
/** A notification can be lost with its connection, so the table is looked at once in a while as well. */
const pollMs = 2_000
/** Engine calls wait on machines, not on this process: many at once cost little. */
const maxConcurrent = 64
const retryDelaysMs = [200, 1_000, 3_000]

export type RunnerDeps = {
  db: Database
  clock: Clock
  /** Names this process in `lease_owner`. */
  owner: string
  kinds: ReadonlyMap<string, AnyOperationKind>
  engineOf(region: string): Engine
  regions: readonly string[]
  /** Hears at once of what ended here; everybody else hears of it from the database. */
  finished?: (id: string, ended: store.Ended) => void
  log: Log
}

/** As it is written on the operation. */
type Failure = { error: string; error_code: 'INSUFFICIENT_CAPACITY' | null }

const wasCancelled: Failure = { error: 'It was cancelled', error_code: null }

const failureOf = (error: EngineError): Failure => ({
  error: error.message,
  error_code: error instanceof CapacityError ? 'INSUFFICIENT_CAPACITY' : null,
})

/** Why a step's signal was aborted. */
type Interruption = 'cancelled' | 'lease-lost' | 'closing'

type Running = {
  readonly operation: store.LeasedOperation
  readonly abort: AbortController
  /** Its first step is journalled as begun, and nothing else has happened. */
  readonly isNew: boolean
  interruption: Interruption | null
}

export class OperationRunner {
  readonly #deps: RunnerDeps
  readonly #running = new Map<string, { run: Running; finished: Promise<void> }>()
  #wake: () => void = () => {}
  #closing = false
  #loop: Promise<void> = Promise.resolve()

  constructor(deps: RunnerDeps) {
    this.#deps = deps
  }

  start() {
    this.#loop = this.#takeUntilClosed()
  }

  /** There may be something to do. Cheap; call it whenever in doubt. */
  poke() {
    this.#wake()
  }

  get owner() {
    return this.#deps.owner
  }
  readonly leaseMs = leaseMs

  /** Of what could begin here at once; null when it cannot. */
  firstStep(kind: string, region: string): string | null {
    if (this.#closing || this.#running.size >= maxConcurrent) return null
    if (!this.#deps.regions.includes(region)) return null
    return this.#deps.kinds.get(kind)?.steps[0]?.name ?? null
  }

  /** What was leased for us as it was begun. */
  take(operation: store.LeasedOperation) {
    if (!this.#closing) return this.#begin(operation, { isNew: true })
    store.releaseLease(this.#deps.db, operation.id, operation.fence).catch(() => {})
  }

  /** Someone asked for an operation to stop; if it runs here, it hears at once. */
  cancel(id: string) {
    const running = this.#running.get(id)
    if (running) interrupt(running.run, 'cancelled')
  }

  /** Interrupts what runs and gives the leases back, so that the next process goes on at once. */
  async close() {
    this.#closing = true
    this.#wake()
    const interruptAll = () => {
      for (const { run } of this.#running.values()) interrupt(run, 'closing')
    }
    interruptAll()
    await this.#loop
    // What was being leased at that moment has begun since.
    interruptAll()
    await Promise.all([...this.#running.values()].map((each) => each.finished))
  }

  async #takeUntilClosed() {
    const { db, clock, regions, owner, log } = this.#deps
    while (!this.#closing) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      try {
        while (!this.#closing && this.#running.size < maxConcurrent) {
          const operation = await store.lease(db, {
            ...{ regions, owner, leaseMs },
            except: [...this.#running.keys()],
            now: clock.now(),
          })
          if (operation === undefined) break
          this.#begin(operation, { isNew: false })
        }
      } catch (error) {
        log('warn', 'cannot look for operations', { error })
      }
      await Promise.race([woken, pause(pollMs)])
    }
  }

  #begin(operation: store.LeasedOperation, { isNew }: { isNew: boolean }) {
    const run: Running = { operation, abort: new AbortController(), isNew, interruption: null }
    if (operation.cancel_requested) interrupt(run, 'cancelled')
    const finished = this.#carryOut(run)
      .catch(async (error: unknown) => {
        // Nothing was journalled, so nothing is lost: the lease runs out and the step runs again.
        const level = error instanceof store.LeaseLost ? 'info' : 'warn'
        this.#deps.log(level, 'left an operation to the next runner', {
          operation: operation.id,
          error,
        })
        if (run.interruption === 'closing') {
          await store.releaseLease(this.#deps.db, operation.id, operation.fence).catch(() => {})
        }
      })
      .finally(() => {
        this.#running.delete(operation.id)
        this.poke()
      })
    this.#running.set(operation.id, { run, finished })
  }

  async #carryOut(run: Running) {
    const { operation } = run
    const kind = this.#deps.kinds.get(operation.kind)
    if (kind === undefined) throw new Error(`no operation is called ${operation.kind}`)
    const heartbeat = this.#heartbeat(run)
    try {
      const work: Work<never> = {
        operation: {
          id: operation.id,
          kind: operation.kind,
          accountId: operation.account_id,
          region: operation.region,
          subject: {
            kind: operation.subject_kind,
            id: operation.subject_id,
            publicId: operation.subject_public_id,
          },
        },
        input: operation.input as never,
        engine: this.#deps.engineOf(operation.region),
        order: { operation: operation.id, fence: operation.fence, signal: run.abort.signal },
        db: this.#deps.db,
        clock: this.#deps.clock,
      }
      if (operation.state !== 'undoing') {
        const failure = await this.#forward(run, kind, work)
        if (failure === null) return
        await this.#journal(run, (tx) =>
          store.setState(tx, operation.id, { state: 'undoing', ...failure }),
        )
        await this.#backward(run, kind, work, failure.error)
      } else {
        await this.#backward(run, kind, work, operation.error ?? 'The operation failed')
      }
    } finally {
      clearInterval(heartbeat)
    }
  }

  /** All steps in order. Answers why it must be undone, or null when it is done. */
  async #forward(run: Running, kind: AnyOperationKind, work: Work<never>): Promise<Failure | null> {
    const { operation } = run
    const steps = run.isNew ? [] : await store.loadSteps(this.#deps.db, operation.id)
    const done = new Set(steps.filter((step) => step.finished_at !== null).map((step) => step.name))
    const last = kind.steps.at(-1)
    for (const step of kind.steps) {
      if (done.has(step.name)) continue
      if (run.interruption === 'cancelled') return wasCancelled
      if (!(run.isNew && step === kind.steps[0])) await this.#journalStart(run, step)
      const outcome = await this.#attempt(run, step, work)
      if ('failure' in outcome) {
        await this.#journal(run, (tx) =>
          store.journalStep(tx, operation.id, step.name, { error: outcome.failure.error }),
        )
        return outcome.failure
      }
      // The last step closes the operation in the same transaction: nobody sees one without the other.
      const written = await this.#journal(run, async (tx, current) => {
        // Whoever cancelled has written on the resource what is to become of it; that stays.
        if (current.cancel_requested) return 'cancelled'
        const finished = this.#deps.clock.now()
        await step.record?.(tx, work, outcome.result)
        await store.journalStep(tx, operation.id, step.name, {
          finished_at: finished,
          result: JSON.stringify(outcome.result),
        })
        const note = noteOf(outcome.result)
        if (note !== null) await store.setState(tx, operation.id, { state: 'running', note })
        if (step !== last) return null
        const set = { state: 'done', now: finished, error: null } as const
        return store.close(tx, operation.id, operation.region, set)
      })
      if (written === 'cancelled') return wasCancelled
      if (written !== null) this.#deps.finished?.(operation.id, written)
    }
    return null
  }

  #journalStart(run: Running, { name }: Step<never>) {
    const { id, fence } = run.operation
    const now = this.#deps.clock.now()
    return this.#journal(run, (tx) => store.journalStart(tx, { operationId: id, name, fence, now }))
  }

  /** Undoes what was begun, newest first, and closes as failed or cancelled. */
  async #backward(run: Running, kind: AnyOperationKind, work: Work<never>, reason: string) {
    const { operation } = run
    // What takes back must not be stopped by the wish to cancel that caused it.
    const order = { operation: operation.id, fence: operation.fence }
    const undoing = { ...work, order }
    const begun = new Map(
      (await store.loadSteps(this.#deps.db, operation.id)).map((s) => [s.name, s]),
    )
    const leftovers: string[] = []
    for (const step of [...kind.steps].reverse()) {
      const journalled = begun.get(step.name)
      if (journalled === undefined || journalled.undone_at !== null || step.undo === undefined)
        continue
      const failure = await this.#attemptUndo(run, step, undoing)
      if (failure !== null) leftovers.push(`${step.name}: ${failure}`)
      await this.#journal(run, (tx) =>
        store.journalStep(
          tx,
          operation.id,
          step.name,
          failure === null ? { undone_at: this.#deps.clock.now() } : { error: failure },
        ),
      )
    }
    const ended = await this.#journal(run, async (tx, current) => {
      const byOperator = current.cancel_requested ? current.cancel_reason : null
      const cancelled =
        current.cancel_requested && (kind.cancelled !== undefined || byOperator !== null)
      const why = byOperator ?? reason
      // Nobody but an operator leaves it open what is to become of the resource.
      if (cancelled && byOperator === null) await kind.cancelled?.(tx, undoing)
      else await kind.failed(tx, undoing, why, leftovers)
      return store.close(tx, operation.id, operation.region, {
        state: cancelled ? 'cancelled' : 'failed',
        now: this.#deps.clock.now(),
        error: leftovers.length === 0 ? why : `${why}; left behind: ${leftovers.join('; ')}`,
      })
    })
    this.#deps.finished?.(operation.id, ended)
  }

  async #attempt(
    run: Running,
    step: Step<never>,
    work: Work<never>,
  ): Promise<{ result: StepResult } | { failure: Failure }> {
    for (let attempt = 0; ; attempt++) {
      try {
        return { result: (await step.do(work)) ?? {} }
      } catch (error) {
        if (run.interruption === 'cancelled') return { failure: wasCancelled }
        if (run.interruption !== null) throw error
        if (error instanceof FencedError) throw new store.LeaseLost(run.operation.id)
        // Says nothing about the machine: the step runs again once the database is back.
        if (isUnavailable(error)) throw error
        if (!(error instanceof EngineError)) {
          this.#deps.log('error', 'a step failed unexpectedly', {
            operation: run.operation.id,
            step: step.name,
            error,
          })
          return {
            failure: { error: 'An internal error; the log has the details', error_code: null },
          }
        }
        const delay = retryDelaysMs[attempt]
        if (!error.retryable || delay === undefined) {
          // Whoever asked reads the message alone.
          if (error.cause !== undefined)
            this.#deps.log('warn', 'a step failed', {
              operation: run.operation.id,
              step: step.name,
              error,
            })
          return { failure: failureOf(error) }
        }
        await this.#deps.clock.sleep(delay, run.abort.signal).catch(() => {})
      }
    }
  }

  async #attemptUndo(run: Running, step: Step<never>, work: Work<never>): Promise<string | null> {
    for (let attempt = 0; ; attempt++) {
      try {
        await step.undo?.(work)
        return null
      } catch (error) {
        if (error instanceof FencedError) throw new store.LeaseLost(run.operation.id)
        if (run.interruption === 'closing' || run.interruption === 'lease-lost') throw error
        if (isUnavailable(error)) throw error
        const delay = retryDelaysMs[attempt]
        this.#deps.log('warn', 'an undo failed', {
          operation: run.operation.id,
          step: step.name,
          attempt,
          error,
        })
        // Reconciliation stops what runs and should not, and removes what nobody owns.
        if (delay === undefined) return error instanceof Error ? error.message : String(error)
        await this.#deps.clock.sleep(delay)
      }
    }
  }

  /** A transaction that holds only as long as the lease does. */
  #journal<T>(
    run: Running,
    write: (
      tx: Tx,
      current: { cancel_requested: boolean; cancel_reason: string | null },
    ) => Promise<T>,
  ): Promise<T> {
    if (run.interruption === 'lease-lost') throw new store.LeaseLost(run.operation.id)
    return transaction(this.#deps.db, async (tx) =>
      write(tx, await store.assertLease(tx, run.operation.id, run.operation.fence)),
    )
  }

  #heartbeat(run: Running) {
    const { operation } = run
    return setInterval(async () => {
      try {
        const row = await store.extendLease(this.#deps.db, operation.id, operation.fence, leaseMs)
        if (row.cancel_requested) interrupt(run, 'cancelled')
      } catch (error) {
        if (error instanceof store.LeaseLost) interrupt(run, 'lease-lost')
        else this.#deps.log('warn', 'cannot extend a lease', { operation: operation.id, error })
      }
    }, heartbeatMs)
  }
}

/** Cancelling only stops going forward; losing the lease or closing stops everything. */
function interrupt(run: Running, why: Interruption) {
  if (run.interruption !== null && run.interruption !== 'cancelled') return
  run.interruption = why
  run.abort.abort(why)
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms).unref())

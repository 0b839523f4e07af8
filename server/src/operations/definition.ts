/**
 * An operation is a change that takes more than one step and outlives the request that asked for it.
 *
 *     pending ──▶ running ──▶ done
 *                   │
 *                   ├─ a step failed ──────▶ undoing ──▶ failed
 *                   └─ cancel was asked for ▶ undoing ──▶ cancelled
 *
 * Each step *ensures*: it looks before it acts, so that it can run again after a crash at any point, in
 * this process or another. What a step learned is journalled in one transaction with what `record`
 * writes about it; nothing else of an operation's progress lives in memory.
 */
import type { Engine, Order } from '@garrison/engines/engine'
import type { Clock } from '../clock.ts'
import type { Database, Tx } from '../database/database.ts'

/** What a step learned; kept in the journal as JSON, so that later steps find it after a crash too. */
export type StepResult = Record<string, unknown>

export type Work<Input> = {
  readonly operation: OperationHeader
  readonly input: Input
  readonly engine: Engine
  readonly order: Order
  readonly db: Database
  readonly clock: Clock
}

export type OperationHeader = {
  readonly id: string
  readonly kind: string
  readonly accountId: string
  readonly region: string
  readonly subject: Subject
}

/** What an operation is about. `id` is internal, `publicId` is what people see. */
export type Subject = {
  readonly kind: 'instance' | 'snapshot' | 'image' | 'volume' | 'microvm' | 'microvm-snapshot'
  readonly id: string
  readonly publicId: string
}

export type Step<Input> = {
  /** Short and stable: it is in the journal and in the API. */
  readonly name: string
  /** Ensures the effect outside the database. */
  do(work: Work<Input>): Promise<StepResult | undefined>
  /** Writes what is now true, in the transaction that journals the step. */
  record?(tx: Tx, work: Work<Input>, result: StepResult): Promise<void>
  /** Takes the effect back. Runs also when `do` may have got only half-way, or nowhere. */
  undo?(work: Work<Input>): Promise<void>
}

export type OperationKind<Input> = {
  readonly kind: string
  readonly steps: readonly Step<Input>[]
  /**
   * The operation failed and is undone: say so on the resource. Same transaction as the closing.
   * `leftovers`: what could not be undone, step by step, and why.
   */
  failed(tx: Tx, work: Work<Input>, reason: string, leftovers: readonly string[]): Promise<void>
  /** It was cancelled and is undone. Left out where nothing can cancel it. */
  cancelled?(tx: Tx, work: Work<Input>): Promise<void>
}

/** Erases the input's type for the registry: each kind is only ever given input it was begun with. */
export type AnyOperationKind = OperationKind<never>

/** Words a step can leave for the caller though all went well; shown as the operation's `note`. */
export const noteOf = (result: StepResult) => (typeof result.note === 'string' ? result.note : null)

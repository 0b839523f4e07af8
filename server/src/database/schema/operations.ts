/** Tables of durable work, and of requests that were answered before. */
import type { ErrorCode } from '@garrison/contract/common'
import type { OperationState } from '@garrison/contract/operations/states'
import type { Generated, JSONColumnType } from 'kysely'
import type { Fixed } from './columns.ts'

export type OperationsSchema = {
  operations: OperationsTable
  operation_steps: OperationStepsTable
  operation_holds: { resource_id: string; operation_id: string; exclusive: boolean }
  idempotency_keys: IdempotencyKeysTable
}

type OperationsTable = {
  id: Fixed<string>
  seq: Generated<number>
  kind: Fixed<string>
  account_id: Fixed<string>
  region: Fixed<string>
  subject_kind: Fixed<string>
  subject_id: Fixed<string>
  subject_public_id: Fixed<string>
  input: JSONColumnType<Record<string, unknown>>
  state: OperationState
  step: string | null
  fence: Generated<number>
  lease_owner: string | null
  lease_until: Date | null
  cancel_requested: Generated<boolean>
  cancel_reason: Generated<string | null>
  /** What the caller should know though it went well, e.g. that a guest had to be cut off. */
  note: string | null
  error: string | null
  /** Where it matters to whoever waits. */
  error_code: Generated<ErrorCode | null>
  created_at: Fixed<Date>
  started_at: Date | null
  finished_at: Date | null
}

type OperationStepsTable = {
  operation_id: string
  name: string
  fence: number
  started_at: Date
  finished_at: Date | null
  undone_at: Date | null
  attempts: Generated<number>
  result: JSONColumnType<Record<string, unknown> | null, string | null, string | null>
  error: string | null
}

type IdempotencyKeysTable = {
  account_id: string
  method: string
  path: string
  key: string
  fingerprint: Buffer
  status: number
  body: JSONColumnType<Record<string, unknown>>
  awaited_until: Date | null
  created_at: Date
}

/** From operations and their steps to what the API answers. */
import type * as contract from '@garrison/contract/operations/routes'
import type { OperationService } from './service.ts'

type Found = Awaited<ReturnType<OperationService['require']>>
type Row = Found['operation']
type StepRow = Found['steps'][number]

export function operationAnswer(row: Row, isSimulated: boolean): contract.Operation {
  return {
    id: row.id,
    kind: row.kind,
    subject: { kind: row.subject_kind, id: row.subject_public_id },
    state: row.state,
    step: row.step,
    created_at: row.created_at.toISOString(),
    started_at: row.started_at?.toISOString() ?? null,
    finished_at: row.finished_at?.toISOString() ?? null,
    error: row.error,
    note: row.note,
    cancel_requested: row.cancel_requested,
    ...(isSimulated && { simulated: true as const }),
  }
}

export function stepAnswer(row: StepRow): contract.OperationStep {
  return {
    name: row.name,
    state: stepState(row),
    started_at: row.started_at.toISOString(),
    finished_at: (row.undone_at ?? row.finished_at)?.toISOString() ?? null,
    error: row.error,
  }
}

function stepState(row: StepRow): contract.OperationStep['state'] {
  if (row.undone_at !== null) return 'undone'
  if (row.finished_at !== null) return 'done'
  return row.error === null ? 'running' : 'failed'
}

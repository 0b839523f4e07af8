import * as contract from '@garrison/contract/operations/routes'
import type { Database } from '../database/database.ts'
import { callerOf, envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import { offset, paginate } from '../http/pagination.ts'
import type { OperationService } from './service.ts'

type Found = Awaited<ReturnType<OperationService['require']>>
type Row = Found['operation']
type StepRow = Found['steps'][number]

type Deps = {
  db: Database
  operations: OperationService
  view: { isSimulated: (region: string) => boolean }
}

export function operationRoutes(app: App, { db, operations, view }: Deps) {
  app.openapi(contract.listOperations, async (c) => {
    const { page, page_size, ...filter } = c.req.valid('query')
    const range = { limit: page_size, offset: offset(page, page_size) }
    const { rows, total } = await operations.list(db, callerOf(c).accountId, filter, range)
    return c.json(
      {
        ...envelope(c, 'Operations retrieved successfully'),
        operations: rows.map(operationAnswer),
        pagination: paginate(page, page_size, total),
      },
      200,
    )
  })

  app.openapi(contract.getOperation, async (c) => {
    const { operation_id } = c.req.valid('param')
    const found = await operations.require(db, callerOf(c).accountId, operation_id)
    return c.json(
      {
        ...envelope(c, 'Operation retrieved successfully'),
        operation: { ...operationAnswer(found.operation), steps: found.steps.map(stepAnswer) },
      },
      200,
    )
  })

  function operationAnswer(row: Row): contract.Operation {
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
      ...(view.isSimulated(row.region) && { simulated: true as const }),
    }
  }
}

function stepAnswer(row: StepRow): contract.OperationStep {
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

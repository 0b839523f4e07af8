import * as contract from '@garrison/contract/operations/routes'
import type { Database } from '../database/database.ts'
import { callerOf, envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import { offset, paginate } from '../http/pagination.ts'
import type { OperationService } from './service.ts'
import { operationAnswer, stepAnswer } from './view.ts'

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
        operations: rows.map((row) => operationAnswer(row, view.isSimulated(row.region))),
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
        operation: {
          ...operationAnswer(found.operation, view.isSimulated(found.operation.region)),
          steps: found.steps.map(stepAnswer),
        },
      },
      200,
    )
  })
}

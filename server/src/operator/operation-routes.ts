import * as contract from '@garrison/contract/operator/operations'
import { whyNotCancel, whyNotRetry } from '@garrison/contract/operator/retries'
import type { Clock } from '../clock.ts'
import type { Database } from '../database/database.ts'
import { envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import { offset, paginate } from '../http/pagination.ts'
import type { Write } from '../http/write.ts'
import { operationAnswer, stepAnswer } from '../operations/view.ts'
import type { Related, Row } from './operation-store.ts'
import type { OperatorOperationService } from './operations.ts'

type Deps = {
  db: Database
  clock: Clock
  write: Write
  operatorOperations: OperatorOperationService
  view: { isSimulated: (region: string) => boolean }
}

export function operatorOperationRoutes(app: App, deps: Deps) {
  const { db, clock, write, operatorOperations, view } = deps

  app.openapi(contract.listAllOperations, async (c) => {
    const { page, page_size, ...filter } = c.req.valid('query')
    const range = { limit: page_size, offset: offset(page, page_size) }
    const { rows, total } = await operatorOperations.list(db, filter, range)
    return c.json(
      {
        ...envelope(c, 'Operations retrieved successfully'),
        operations: rows.map(({ row, waitsFor }) => answer(row, waitsFor)),
        pagination: paginate(page, page_size, total),
      },
      200,
    )
  })

  app.openapi(contract.getAnyOperation, async (c) => {
    const found = await operatorOperations.details(db, c.req.valid('param').operation_id)
    const head = envelope(c, 'Operation retrieved successfully')
    return c.json({ ...head, operation: detailed(found) }, 200)
  })

  app.openapi(contract.retryOperation, (c) =>
    write(c, async (tx, caller) => {
      const { operation_id } = c.req.valid('param')
      const { begun, ...found } = await operatorOperations.retry(tx, caller, operation_id)
      const message =
        begun === null ? 'There was nothing left to do' : `Begun again as ${begun.kind}`
      return { ...envelope(c, message), operation: detailed(found), begun }
    }),
  )

  app.openapi(contract.cancelOperation, (c) =>
    write(c, async (tx, caller) => {
      const { operation_id } = c.req.valid('param')
      const { reason = '' } = c.req.valid('json')
      const found = await operatorOperations.cancel(tx, caller, operation_id, reason)
      return {
        ...envelope(c, 'The operation is being cancelled'),
        operation: detailed(found),
      }
    }),
  )

  function answer(row: Row, waitsFor: readonly Related[]): contract.OperatorOperation {
    const until = row.finished_at ?? clock.now()
    return {
      ...operationAnswer(row, view.isSimulated(row.region)),
      account_id: row.account_public_id,
      region: row.region,
      lease:
        row.lease_owner === null || row.lease_until === null
          ? null
          : {
              owner: row.lease_owner,
              until: row.lease_until.toISOString(),
              expired: row.lease_expired,
            },
      fence: row.fence,
      age_seconds: Math.max(0, (until.getTime() - row.created_at.getTime()) / 1000),
      waits_for: waitsFor.map(related),
      why_not_retry: whyNotRetry(row, row.superseded),
      why_not_cancel: whyNotCancel(row),
    }
  }

  const detailed = ({
    row,
    steps,
    holds,
    waitsFor,
    blocks,
  }: Awaited<
    ReturnType<OperatorOperationService['details']>
  >): contract.OperatorOperationDetails => ({
    ...answer(row, waitsFor),
    steps: steps.map((step) => ({
      ...stepAnswer(step),
      attempts: step.attempts,
      fence: step.fence,
    })),
    holds: holds.map(({ resource_id, exclusive }) => ({ resource: resource_id, exclusive })),
    blocks: blocks.map(related),
  })
}

const related = ({ id, kind, subject, account_id, state }: Related) => ({
  ...{ id, kind, subject, account_id, state },
})

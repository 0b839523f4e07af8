import * as contract from '@garrison/contract/deploy-requests/routes'
import type { Database } from '../database/database.ts'
import { callerOf, envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import { offset, paginate } from '../http/pagination.ts'
import type { Write } from '../http/write.ts'
import type { DeployRequestService } from './service.ts'
import { deployRequestAnswer } from './view.ts'

type Deps = { db: Database; write: Write; deployRequests: DeployRequestService }

export function deployRequestRoutes(app: App, { db, write, deployRequests }: Deps) {
  app.openapi(contract.listDeployRequests, async (c) => {
    const { page, page_size, state } = c.req.valid('query')
    const range = { limit: page_size, offset: offset(page, page_size) }
    const { rows, total } = await deployRequests.list(db, callerOf(c), state, range)
    return c.json(
      {
        ...envelope(c, 'Deploy requests retrieved successfully'),
        deploy_requests: rows.map(deployRequestAnswer),
        pagination: paginate(page, page_size, total),
      },
      200,
    )
  })

  app.openapi(contract.getDeployRequest, async (c) => {
    const { request_id } = c.req.valid('param')
    const request = await deployRequests.require(db, callerOf(c), request_id)
    return c.json(
      {
        ...envelope(c, 'Deploy request retrieved successfully'),
        deploy_request: deployRequestAnswer(request),
      },
      200,
    )
  })

  app.openapi(contract.cancelDeployRequest, (c) =>
    write(c, async (tx, caller) => {
      const { request_id } = c.req.valid('param')
      const request = await deployRequests.cancel(tx, caller, request_id)
      return {
        ...envelope(c, 'Deploy request cancelled'),
        deploy_request: deployRequestAnswer(request),
      }
    }),
  )
}

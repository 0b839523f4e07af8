import * as contract from '@garrison/contract/microvms/execution'
import { stageEnvironment } from '@garrison/contract/microvms/stage-env'
import { callerOf } from '../../http/answers.ts'
import type { App } from '../../http/app.ts'
import type { Write } from '../../http/write.ts'
import type { MicrovmSessionService } from '../sessions/service.ts'
import type { ExecutionService } from './service.ts'
import type { Staging } from './staging.ts'
import { executionAnswer } from './view.ts'

type Deps = {
  write: Write
  executions: ExecutionService
  staging: Staging
  microvmSessions: MicrovmSessionService
}

export function executionRoutes(app: App, { write, executions, staging, microvmSessions }: Deps) {
  app.openapi(contract.execute, async (c) => {
    const { signal } = c.req.raw
    return c.json(await executions.execute(callerOf(c), c.req.valid('json'), signal), 200)
  })

  app.openapi(contract.executeAsync, async (c) => {
    const begun = await executions.begin(callerOf(c), c.req.valid('json'))
    return c.json(executionAnswer(begun), 200)
  })

  app.openapi(contract.listExecutions, async (c) => {
    const rows = await executions.list(callerOf(c))
    return c.json(rows.map(executionAnswer), 200)
  })

  app.openapi(contract.getExecution, async (c) => {
    const { execution_id } = c.req.valid('param')
    return c.json(executionAnswer(await executions.require(callerOf(c), execution_id)), 200)
  })

  app.openapi(stageEnvironment, async (c) => {
    const { env } = c.req.valid('json')
    return c.json(await staging.stage(callerOf(c), c.req.valid('param').vm_id, env), 200)
  })

  app.openapi(contract.kill, (c) =>
    write(c, async (tx, caller) => {
      const { session_id } = c.req.valid('json')
      const { row } = await microvmSessions.kill(tx, caller, session_id)
      return {
        message: 'The VM is being ended',
        ...{ session_id, vm_id: row.public_id, killed_vm_id: row.public_id },
      }
    }),
  )
}

import * as contract from '@garrison/contract/microvms/execution'
import { stageEnvironment } from '@garrison/contract/microvms/stage-env'
import { callerOf } from '../../http/answers.ts'
import type { App } from '../../http/app.ts'
import type { Once } from '../../http/once.ts'
import type { Write } from '../../http/write.ts'
import type { MicrovmSessionService } from '../sessions/service.ts'
import type { ExecutionService } from './service.ts'
import type { Staging } from './staging.ts'
import { executionAnswer, shortened } from './view.ts'

type Deps = {
  write: Write
  once: Once
  executions: ExecutionService
  staging: Staging
  microvmSessions: MicrovmSessionService
}

/** Beside what the code may take: a machine may have to be made for it. */
const longestBeforeCodeMs = 120_000
/** What is given to a machine is given in no time, or not at all. */
const longestStagingMs = 60_000

export function executionRoutes(app: App, deps: Deps) {
  const { write, once, executions, staging, microvmSessions } = deps

  app.openapi(contract.execute, async (c) => {
    const input = c.req.valid('json')
    const longestMs = longestBeforeCodeMs + input.timeout * 1000
    const body = await once(c, { longestMs, keepable: shortened }, ({ keyed, begins }) =>
      executions.execute(callerOf(c), input, { hungUp: keyed ? null : c.req.raw.signal, begins }),
    )
    return c.json(body, 200)
  })

  app.openapi(contract.executeAsync, (c) =>
    write(c, async (tx, caller) =>
      executionAnswer(await executions.begin(tx, caller, c.req.valid('json'))),
    ),
  )

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
    const { vm_id } = c.req.valid('param')
    const body = await once(c, { longestMs: longestStagingMs }, ({ begins }) =>
      staging.stage(callerOf(c), vm_id, env, begins),
    )
    return c.json(body, 200)
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

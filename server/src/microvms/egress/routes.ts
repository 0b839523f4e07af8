import * as contract from '@garrison/contract/microvms/egress'
import type { Database } from '../../database/database.ts'
import { callerOf } from '../../http/answers.ts'
import type { App } from '../../http/app.ts'
import type { Write } from '../../http/write.ts'
import type { MicrovmEgressService } from './service.ts'

type Deps = { db: Database; write: Write; microvmEgress: MicrovmEgressService }

export function egressRoutes(app: App, { db, write, microvmEgress }: Deps) {
  app.openapi(contract.getVmEgress, async (c) =>
    c.json(await microvmEgress.getOfVm(db, callerOf(c), c.req.valid('param').vm_id), 200),
  )

  app.openapi(contract.setVmEgress, (c) => {
    const caller = callerOf(c)
    const { vm_id } = c.req.valid('param')
    let begun: { vmId: string; operation: string } | null = null
    return write(
      c,
      async (tx) => {
        const set = await microvmEgress.setOfVm(tx, caller, vm_id, c.req.valid('json'))
        begun = { vmId: set.row.id, operation: set.operation }
        return microvmEgress.getOfVm(tx, caller, vm_id)
      },
      c.req.valid('query').wait
        ? {
            afterCommit: async () => {
              if (begun !== null) await microvmEgress.settled(caller, begun.vmId, begun.operation)
              return microvmEgress.getOfVm(db, caller, vm_id)
            },
          }
        : {},
    )
  })

  app.openapi(contract.getSessionEgress, async (c) => {
    const { session_id } = c.req.valid('param')
    return c.json(await microvmEgress.getOfSession(db, callerOf(c), session_id), 200)
  })

  app.openapi(contract.setSessionEgress, (c) => {
    const caller = callerOf(c)
    const { session_id } = c.req.valid('param')
    let begun: { vmId: string; operation: string } | null = null
    return write(
      c,
      async (tx) => {
        const set = await microvmEgress.setOfSession(tx, caller, session_id, c.req.valid('json'))
        if (set.vm !== null) begun = { vmId: set.vm.id, operation: set.operation }
        return microvmEgress.getOfSession(tx, caller, session_id)
      },
      c.req.valid('query').wait
        ? {
            afterCommit: async () => {
              if (begun !== null) await microvmEgress.settled(caller, begun.vmId, begun.operation)
              return microvmEgress.getOfSession(db, caller, session_id)
            },
          }
        : {},
    )
  })
}

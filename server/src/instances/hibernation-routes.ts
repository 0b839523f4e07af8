import * as contract from '@garrison/contract/instances/routes'
import type { Clock } from '../clock.ts'
import type { Database } from '../database/database.ts'
import { callerOf, envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import type { Write } from '../http/write.ts'
import { toDecimal } from '../money.ts'
import type { Hibernation } from './hibernation.ts'
import { hibernationMetrics, recentHibernation } from './hibernation-view.ts'
import { resumeClass } from './view.ts'

type Deps = { db: Database; clock: Clock; write: Write; hibernation: Hibernation }

const shownAtFirst = 5

export function hibernationRoutes(app: App, { db, clock, write, hibernation }: Deps) {
  app.openapi(contract.listHibernatedInstances, async (c) => {
    const { limit = shownAtFirst } = c.req.valid('query')
    const caller = callerOf(c)
    const rows = await hibernation.list(db, caller)
    const now = clock.now()
    return c.json(
      {
        ...envelope(c, 'Hibernated instances retrieved successfully'),
        hibernated_count: rows.length,
        recent_hibernations: rows.slice(0, limit).map((row) => recentHibernation(row, now)),
        billing_metrics: hibernationMetrics(rows, caller.currency, now),
      },
      200,
    )
  })

  app.openapi(contract.hibernateInstance, (c) =>
    write(c, async (tx, caller) => {
      const { instance_id } = c.req.valid('param')
      const begun = await hibernation.hibernate(tx, caller, instance_id, c.req.valid('json') ?? {})
      const { instance, status, memory, rate, retain_ip, retain_capacity } = begun
      const how = memory
        ? 'Instance hibernation started'
        : 'Instance hibernation started; memory beside a GPU cannot be kept, so the guest is shut down and boots when it is restored'
      return {
        ...envelope(c, how),
        instance_id: instance.public_id,
        vm_name: instance.name,
        status,
        previous_status: instance.status,
        hibernation_rate: toDecimal(rate),
        currency: instance.currency,
        retain_ip,
        retain_capacity,
        resume_class: resumeClass({ retain_capacity }),
        memory,
        tier: instance.tier,
      }
    }),
  )

  app.openapi(contract.restoreInstance, (c) =>
    write(c, async (tx, caller) => {
      const { instance_id } = c.req.valid('param')
      const begun = await hibernation.restore(tx, caller, instance_id, c.req.valid('json') ?? {})
      const { instance, status, memory } = begun
      return {
        ...envelope(c, 'Instance restore started'),
        instance_id: instance.public_id,
        vm_name: instance.name,
        status,
        previous_status: instance.status,
        resume_class: resumeClass(instance),
        memory,
        tier: instance.tier,
      }
    }),
  )
}

import * as contract from '@garrison/contract/instances/metrics-routes'
import type { Database } from '../database/database.ts'
import { callerOf, envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import type { MetricsService } from './service.ts'

type Deps = {
  db: Database
  machineMetrics: MetricsService
  view: { isSimulated: (region: string) => boolean }
}

export function metricsRoutes(app: App, { db, machineMetrics, view }: Deps) {
  app.openapi(contract.getMetrics, async (c) => {
    const { instance_id } = c.req.valid('param')
    const input = c.req.valid('query')
    const read = await machineMetrics.read(db, callerOf(c), instance_id, input)
    const { instance, range, points } = read
    return c.json(
      {
        ...envelope(c, 'Metrics retrieved successfully'),
        instance_id: instance.public_id,
        from: range.from.toISOString(),
        to: range.to.toISOString(),
        step_seconds: range.stepSeconds,
        points,
        tier: instance.tier,
        ...(view.isSimulated(instance.region) && { simulated: true as const }),
      },
      200,
    )
  })
}

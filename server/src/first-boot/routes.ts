import * as contract from '@garrison/contract/instances/startup-log'
import type { Database } from '../database/database.ts'
import { callerOf, envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import type { ViewContext } from '../instances/view.ts'
import type { FirstBootService } from './service.ts'
import { startupLogAnswer } from './view.ts'

type Deps = { db: Database; firstBoot: FirstBootService; view: ViewContext }

export function startupLogRoutes(app: App, { db, firstBoot, view }: Deps) {
  app.openapi(contract.getStartupLog, async (c) => {
    const { instance_id } = c.req.valid('param')
    const { instance, log } = await firstBoot.read(db, callerOf(c), instance_id)
    return c.json(
      {
        ...envelope(c, 'Startup log retrieved successfully'),
        instance_id: instance.public_id,
        ...startupLogAnswer(log),
        ...(view.isSimulated(instance.region) && { simulated: true as const }),
      },
      200,
    )
  })
}

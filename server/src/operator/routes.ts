/** What whoever runs the installation may look at and decide. */
import type { App } from '../http/app.ts'
import { operatorAccountRoutes } from './account-routes.ts'
import { operatorHostRoutes } from './host-routes.ts'
import { operatorOperationRoutes } from './operation-routes.ts'
import { forOperatorsOnly } from './permission.ts'
import { operatorPriceRoutes } from './price-routes.ts'

type Deps = Parameters<typeof operatorHostRoutes>[1] &
  Parameters<typeof operatorAccountRoutes>[1] &
  Parameters<typeof operatorOperationRoutes>[1] &
  Parameters<typeof operatorPriceRoutes>[1]

export function operatorRoutes(app: App, deps: Deps) {
  app.use('/api/operator/*', forOperatorsOnly)
  operatorHostRoutes(app, deps)
  operatorAccountRoutes(app, deps)
  operatorOperationRoutes(app, deps)
  operatorPriceRoutes(app, deps)
}

import type { MiddlewareHandler } from 'hono'
import { requirePermission } from '../accounts/permission.ts'
import { type AppEnv, callerOf } from '../http/answers.ts'

/** In front of everything that runs the installation: whoever is no operator does not even hear what is wrong. */
export const forOperatorsOnly: MiddlewareHandler<AppEnv> = async (c, next) => {
  requirePermission(callerOf(c), 'installation.operate')
  await next()
}

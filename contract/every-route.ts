/** All routes, of both dialects: for what goes by a route's path, whatever its answers look like. */
import type { RouteConfig } from '@hono/zod-openapi'
import { api } from './api.ts'
import { microvmApi } from './microvms/api.ts'

export const everyRoute: readonly (RouteConfig & {
  getRoutingPath(): string
  readonly 'x-access'?: unknown
})[] = [...Object.values(api), ...Object.values(microvmApi)]

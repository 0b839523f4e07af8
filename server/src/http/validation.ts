/** Turns what the schemas find into the published 400, with every fault of a request at once. */
import { api } from '@garrison/contract/api'
import { describeIssues } from '@garrison/contract/validation-words'
import { type Hook, type RouteConfig, z } from '@hono/zod-openapi'
import { routePath } from 'hono/route'
import { ValidationError } from '../errors.ts'
import type { AppContext, AppEnv } from './answers.ts'

const routes: readonly (RouteConfig & { getRoutingPath(): string })[] = Object.values(api)

const whatIsInvalid = {
  query: 'Invalid query parameters',
  param: 'Invalid path parameters',
  json: 'Invalid request body',
  form: 'Invalid request body',
  header: 'Invalid request headers',
  cookie: 'Invalid cookies',
} as const

/** Query, path and headers are looked at before the body; whoever fails there hears of the body too. */
export const refuseInvalid: Hook<unknown, AppEnv, string, unknown> = async (result, c) => {
  if (result.success) return
  const bodyIssues = result.target === 'json' ? [] : await issuesOfBody(c)
  throw new ValidationError(
    describeIssues([...result.error.issues, ...bodyIssues]),
    bodyIssues.length > 0 ? 'Invalid request' : whatIsInvalid[result.target],
  )
}

async function issuesOfBody(c: AppContext): Promise<z.core.$ZodIssue[]> {
  const path = routePath(c)
  const route = routes.find(
    (each) => each.method.toUpperCase() === c.req.method && each.getRoutingPath() === path,
  )
  const media = route?.request?.body?.content['application/json']
  const schema = media !== undefined && 'schema' in media ? media.schema : undefined
  if (!(schema instanceof z.ZodType)) return []
  const { error } = await schema.safeParseAsync(await c.req.json())
  return error?.issues ?? []
}

/** Turns what the schemas find into the published 422, with every fault of a request at once. */
import { everyRoute } from '@garrison/contract/every-route'
import { microvmApi } from '@garrison/contract/microvms/api'
import { type Fault, faultsOf, type Place } from '@garrison/contract/microvms/validation'
import { type Hook, type RouteConfig, z } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import type { AppContext, AppEnv } from '../answers.ts'
import { InvalidRequest } from './errors.ts'

const places = {
  query: 'query',
  param: 'path',
  header: 'header',
  json: 'body',
  form: 'body',
  cookie: 'header',
} as const satisfies Record<string, Place>

/** Query and path are looked at before the body; whoever fails there hears of the body too. */
export const refuseInvalidMicrovm: Hook<unknown, AppEnv, string, unknown> = async (result, c) => {
  if (result.success) return
  const place = places[result.target]
  const raw = 'data' in result ? result.data : undefined
  const faults = faultsOf(place, result.error.issues, raw)
  throw new InvalidRequest(place === 'body' ? faults : [...faults, ...(await faultsOfBody(c))])
}

const patternOf = (path: string) => new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`)

const queries = Object.values(microvmApi).map((route: RouteConfig) => {
  const query = route.request?.query
  const names = query instanceof z.ZodObject ? Object.keys(query.shape) : []
  return { method: route.method.toUpperCase(), path: patternOf(route.path), names }
})

/** What clients send wherever they ask, whether or not there is anything to wait for, and against caches. */
const anywhere = ['wait', '_']

/** A parameter that nobody reads is more likely a mistake than a wish. */
export const refuseUnknownQuery: MiddlewareHandler<AppEnv> = async (c, next) => {
  const method = c.req.method === 'HEAD' ? 'GET' : c.req.method
  const route = queries.find((each) => each.method === method && each.path.test(c.req.path))
  const unknown = Object.keys(c.req.query()).filter(
    (name) => route !== undefined && ![...route.names, ...anywhere].includes(name),
  )
  const words = { msg: 'Extra inputs are not permitted', type: 'extra_forbidden' }
  if (unknown.length > 0)
    throw new InvalidRequest(unknown.map((name) => ({ loc: ['query', name], ...words })))
  await next()
}

async function faultsOfBody(c: AppContext): Promise<Fault[]> {
  const path = routePath(c)
  const route = everyRoute.find(
    (each) => each.method.toUpperCase() === c.req.method && each.getRoutingPath() === path,
  )
  const media = route?.request?.body?.content['application/json']
  const schema = media !== undefined && 'schema' in media ? media.schema : undefined
  if (!(schema instanceof z.ZodType) || route?.request?.body === undefined) return []
  const raw: unknown = await c.req.json()
  const { error } = await schema.safeParseAsync(raw)
  return error === undefined ? [] : faultsOf('body', error.issues, raw)
}

/** Turns what the schemas find into the published 422, with every fault of a request at once. */
import { everyRoute } from '@garrison/contract/every-route'
import { type Fault, faultsOf, type Place } from '@garrison/contract/microvms/validation'
import { type Hook, z } from '@hono/zod-openapi'
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

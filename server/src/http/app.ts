/** The application: what happens to every request, in order; then the routes of each resource. */
import { randomUUID } from 'node:crypto'
import { canonicalMicrovmPath, isMicrovmPath, rootPaths } from '@garrison/contract/microvms/api'
import { getConnInfo } from '@hono/node-server/conninfo'
import { OpenAPIHono } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import { getPath } from 'hono/utils/url'
import type { AccountService } from '../accounts/service.ts'
import type { Database } from '../database/database.ts'
import { DomainError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Sessions } from '../sign-in/sessions.ts'
import { clientAddress } from './addresses.ts'
import type { App, AppContext, AppEnv } from './answers.ts'
import { authenticate } from './authentication.ts'
import { limitBody, readJson } from './bodies.ts'
import { answerError } from './errors.ts'
import { allowHeader, methodsOf } from './methods.ts'
import type { HttpMetrics } from './metrics.ts'
import { mayShowInBody, shownInBody } from './microvms/authentication.ts'
import { limitMicrovmBody, readMicrovmBody } from './microvms/bodies.ts'
import { answerMicrovmError, nothingThere } from './microvms/errors.ts'
import { refuseInvalidMicrovm, refuseUnknownQuery } from './microvms/validation.ts'
import type { OriginCheck } from './own-origin.ts'
import type { RateLimits } from './rate-limits.ts'
import { refuseInvalid } from './validation.ts'

export type { App, AppContext } from './answers.ts'

export type AppDeps = {
  db: Database
  accounts: AccountService
  limits: RateLimits
  sessions: Sessions
  origins: OriginCheck
  /** Addresses and CIDRs. */
  trustedProxies: readonly string[]
  metrics: HttpMetrics
  log: Log
}

export function createApp(deps: AppDeps): App {
  const { log } = deps
  const app = new OpenAPIHono<AppEnv>({
    getPath: (request) => canonical(getPath(request)),
    defaultHook: (result, c) =>
      isMicrovmPath(c.req.path) ? refuseInvalidMicrovm(result, c) : refuseInvalid(result, c),
  })

  app.use(async (c, next) => {
    c.set('requestId', randomUUID().slice(0, 8))
    c.set('caller', null)
    c.set('remoteAddress', addressOf(c, deps.trustedProxies))
    c.header('X-Request-ID', c.get('requestId'))
    const started = performance.now()
    await next()
    const seconds = (performance.now() - started) / 1000
    deps.metrics.observe(c, seconds)
    log('debug', 'request', {
      request_id: c.get('requestId'),
      method: c.req.method,
      path: c.req.path,
      status: c.res.status,
      ms: Math.round(seconds * 1e4) / 10,
      key: c.get('caller')?.keyName,
    })
  })
  app.use(secureHeaders({ xFrameOptions: 'DENY' }))
  app.options('*', async (c, next) => {
    const methods = methodsOf(app, c.req.path)
    if (methods.length === 0) return next()
    return c.body(null, 204, { Allow: allowHeader(methods) })
  })
  // Strangers are turned away before anything of theirs is read, unless their key may be in it.
  app.use('/api/*', forCallersOnly, authenticate(deps), limitBody, readJson)

  // `/v1/*` is `/v1` too.
  for (const path of ['/v1/*', ...rootPaths]) {
    const known = authenticate({ ...deps, alsoBy: shownInBody })
    const early = when(mayShowInBody, limitMicrovmBody)
    const late = when((c) => !mayShowInBody(c), limitMicrovmBody)
    app.use(path, forCallersOnly, early, known, refuseUnknownQuery, late, readMicrovmBody)
  }

  app.onError((error, c) =>
    isMicrovmPath(c.req.path) ? answerMicrovmError(c, error, log) : answerError(c, error, log),
  )
  app.notFound((c) =>
    isMicrovmPath(c.req.path)
      ? answerMicrovmError(c, nothingThere(app, c), log)
      : answerError(c, notFound(app, c), log),
  )
  return app
}

function addressOf(c: AppContext, trustedProxies: readonly string[]): string | null {
  let connection: string | null
  try {
    connection = getConnInfo(c).remote.address ?? null
  } catch {
    connection = null
  }
  return clientAddress(connection, c.req.header('x-forwarded-for'), trustedProxies)
}

/** Every path works with and without a slash at its end. Inside, those of the API have one, others none. */
function canonical(path: string) {
  const microvms = canonicalMicrovmPath(path)
  if (isMicrovmPath(microvms)) return microvms
  if (path.startsWith('/api/')) return path.endsWith('/') ? path : `${path}/`
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
}

/** Answers of the API are data, not pages, and nobody on the way may keep them for others. */
const forCallersOnly: MiddlewareHandler<AppEnv> = async (c, next) => {
  c.header('Cache-Control', 'no-store')
  c.header('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'")
  await next()
}

const when =
  (is: (c: AppContext) => boolean, run: MiddlewareHandler<AppEnv>): MiddlewareHandler<AppEnv> =>
  (c, next) =>
    is(c) ? run(c, next) : next()

/** Nothing is there at all, or something that takes other methods. */
function notFound(app: App, c: AppContext): DomainError {
  const methods = methodsOf(app, c.req.path)
  // A handler for the method may have looked, and found nothing.
  if (methods.length === 0 || methods.includes(c.req.method === 'HEAD' ? 'GET' : c.req.method)) {
    return new DomainError(
      'NOT_FOUND',
      `There is nothing at ${c.req.path.slice(0, 200)}; the API is described at /docs`,
    )
  }
  c.header('Allow', allowHeader(methods))
  return new DomainError(
    'METHOD_NOT_ALLOWED',
    `${c.req.method} is not possible here; use ${methods.join(' or ')}`,
  )
}

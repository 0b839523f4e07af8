/** Who asks? A key in one of three headers, or the cookie of somebody who signed in. */
import { everyRoute } from '@garrison/contract/every-route'
import { isMicrovmPath } from '@garrison/contract/microvms/api'
import type { MiddlewareHandler } from 'hono'
import type { AccountService } from '../accounts/service.ts'
import type { RequestCaller } from '../caller.ts'
import type { Database } from '../database/database.ts'
import { DomainError } from '../errors.ts'
import { bringsSession, type Sessions } from '../sign-in/sessions.ts'
import { requireAccess } from './access.ts'
import type { AppContext, AppEnv } from './answers.ts'
import type { OriginCheck } from './own-origin.ts'
import type { RateLimits } from './rate-limits.ts'

type Deps = {
  db: Database
  /** Other ways in which a request may show who asks; null: it does not. */
  alsoBy?: (c: AppContext) => Promise<Shown | null>
  accounts: AccountService
  limits: RateLimits
  sessions: Sessions
  origins: OriginCheck
}

/** A key, or the cookie that a bearer token stands for. */
export type Shown = { readonly key: string } | { readonly cookie: string }

const patternOf = (text: string) => new RegExp(`^${text.replaceAll(/\{\w+\}/g, '[^/]+')}$`)

/** Those that the contract lets answer without a key too, as `METHOD /path/`. */
const publicRoutes = everyRoute
  .filter((route) => route.security?.some((way) => Object.keys(way).length === 0))
  .map((route) => patternOf(`${route.method.toUpperCase()} ${route.path}`))

/** Those that a token of their own opens too, which they look at themselves. */
const tokenRoutes = everyRoute
  .filter((route) => route.security?.some((way) => 'consoleToken' in way))
  .map((route) => patternOf(route.path))

function bringsToken(c: AppContext) {
  return Boolean(c.req.query('token')) && tokenRoutes.some((path) => path.test(c.req.path))
}

/** Here people sign in, so nobody has to be known. */
const signInPaths = '/api/auth/'

function isPublic(c: AppContext) {
  const method = c.req.method === 'HEAD' ? 'GET' : c.req.method
  return publicRoutes.some((route) => route.test(`${method} ${c.req.path}`))
}

export function authenticate(deps: Deps): MiddlewareHandler<AppEnv> {
  const { db, accounts, limits, sessions, origins } = deps

  /** Null when there is neither a key nor a session. */
  async function identify(c: AppContext, remoteAddress: string | null) {
    const shown = (await deps.alsoBy?.(c)) ?? null
    if (shown !== null && 'cookie' in shown) {
      const signedIn = await sessions.find(shown.cookie)
      if (signedIn !== null) return signedIn
      await limits.countFailure(c, remoteAddress)
      throw new DomainError('INVALID_API_KEY', 'This token has ended; ask for another one')
    }
    const key = shown?.key ?? keyOf(c)
    if (key === null) {
      const signedIn = await sessions.find(c.req.header('cookie'))
      if (signedIn !== null && asksForMore(c)) origins.requireOwn(c)
      return signedIn
    }
    const found = await accounts.authenticate(db, key)
    if (found !== null) return found
    await limits.countFailure(c, remoteAddress)
    throw new DomainError('INVALID_API_KEY', 'This API key is unknown, revoked or expired')
  }

  return async (c, next) => {
    const remoteAddress = c.get('remoteAddress')
    if (c.req.path.startsWith(signInPaths)) {
      await limits.countStranger(c, remoteAddress)
      return next()
    }
    const found = await identify(c, remoteAddress)
    if (found !== null) {
      const caller: RequestCaller = { ...found, requestId: c.get('requestId'), remoteAddress }
      c.set('caller', caller)
      await limits.count(c, caller)
      accounts.suspensions.requireActive(caller)
      requireAccess(c, caller)
    } else {
      await limits.countStranger(c, remoteAddress)
      if (isPublic(c) || bringsToken(c)) return next()
      throw new DomainError(
        'AUTHENTICATION_REQUIRED',
        bringsSession(c.req.header('cookie'))
          ? 'Your session has ended; sign in again'
          : `An API key is needed: send the header "${isMicrovmPath(c.req.path) ? 'X-API-Key:' : 'Authorization: Api-Key'} YOUR_KEY"`,
      )
    }
    await next()
  }
}

/** More than a page of anybody's could do with the cookie: it changes something, or opens a line. */
const asksForMore = (c: AppContext) =>
  !['GET', 'HEAD'].includes(c.req.method) || c.env?.handshake !== undefined

/** The key, null when none was sent. Several headers may carry it, but only the same one. */
function keyOf(c: AppContext): string | null {
  const authorization = c.req.header('authorization')
  const inAuthorization =
    authorization === undefined ? null : /^(?:api-key|bearer) +(\S+)$/i.exec(authorization.trim())
  if (authorization !== undefined && inAuthorization === null) {
    throw new DomainError(
      'INVALID_API_KEY',
      'The Authorization header must read "Api-Key YOUR_KEY" or "Bearer YOUR_KEY"',
    )
  }
  const keys = new Set(
    [inAuthorization?.[1], c.req.header('x-api-key')].filter((key) => key !== undefined),
  )
  if (keys.size > 1) {
    throw new DomainError('INVALID_API_KEY', 'Two different API keys were sent; send one')
  }
  return [...keys][0] ?? null
}

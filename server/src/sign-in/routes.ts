/**
 * `/api/auth/*`: what the library answers, to those of its paths that we offer; limited, with errors in
 * our envelope. Answers are the library's own, so that its clients work here.
 */

import type { StatusCode } from 'hono/utils/http-status'
import { DomainError, ValidationError } from '../errors.ts'
import type { App, AppContext } from '../http/app.ts'
import type { OriginCheck } from '../http/own-origin.ts'
import {
  askForAddressPath,
  hasPasswordPath,
  setPasswordPath,
  takeAddressPath,
} from './first-steps.ts'
import { addressHeader, requestIdHeader } from './library.ts'
import type { Blocked, SignInLimits, Whose } from './limits.ts'
import { linkPath } from './link.ts'
import { asDomainError, refusalOf } from './refusals.ts'
import type { SignInService } from './service.ts'
import { createTurnstile } from './turnstile.ts'

type Endpoint = {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** A secret is tried: this kind of attempts is counted. */
  readonly guesses?: 'password' | 'code' | 'token'
  /** The secret is of whoever has signed in, and counts as theirs. */
  readonly ofWhoever?: true
  /** Makes us write to somebody. */
  readonly writes?: true
}

const endpoints: readonly Endpoint[] = [
  { method: 'POST', path: '/sign-up/email', writes: true },
  { method: 'POST', path: '/sign-in/email', guesses: 'password' },
  { method: 'POST', path: '/sign-in/email-otp', guesses: 'code' },
  { method: 'POST', path: '/sign-in/social' },
  { method: 'GET', path: '/callback/:id' },
  { method: 'GET', path: '/link', guesses: 'token' },
  { method: 'POST', path: '/email-otp/send-verification-otp', writes: true },
  { method: 'POST', path: '/email-otp/verify-email', guesses: 'code' },
  { method: 'POST', path: '/request-password-reset', writes: true },
  { method: 'POST', path: '/reset-password', guesses: 'token' },
  { method: 'POST', path: '/change-password', guesses: 'password', ofWhoever: true },
  { method: 'GET', path: hasPasswordPath },
  { method: 'POST', path: setPasswordPath },
  { method: 'POST', path: askForAddressPath, writes: true },
  { method: 'POST', path: takeAddressPath, guesses: 'code' },
  { method: 'GET', path: '/get-session' },
  { method: 'GET', path: '/list-sessions' },
  { method: 'POST', path: '/revoke-session' },
  { method: 'POST', path: '/revoke-sessions' },
  { method: 'POST', path: '/revoke-other-sessions' },
  { method: 'POST', path: '/sign-out' },
]

type Deps = { signIn: SignInService; limits: SignInLimits; origins: OriginCheck }
type Attempt = { endpoint: Endpoint; email: string | null; whose: Whose; address: string | null }

export function signInRoutes(app: App, { signIn, limits, origins }: Deps) {
  // The library's transactions and ours in its hooks take a connection each; together never all.
  const turnstile = createTurnstile(4)
  // A provider may take its time, which nobody else is to wait for.
  const ofProviders = createTurnstile(4)

  app.get('/api/auth/providers/', (c) =>
    c.json({
      ...{ sign_up: signIn.signUp, providers: signIn.providers, mail: signIn.mailGoesTo },
    }),
  )
  for (const endpoint of endpoints) {
    app.on(endpoint.method, `/api/auth${endpoint.path}/`, (c) => answer(c, endpoint))
  }

  async function answer(c: AppContext, endpoint: Endpoint): Promise<Response> {
    if (endpoint.method === 'POST') requireOwnPage(c)
    const body = endpoint.method === 'POST' ? await bodyOf(c) : null
    const email = addressIn(body)
    const whose = endpoint.ofWhoever ? await signedIn(c) : email === null ? null : { email }
    const attempt: Attempt = { endpoint, email, whose, address: c.get('remoteAddress') }
    await admit(c, attempt)
    const line = endpoint.path.startsWith('/callback') ? ofProviders : turnstile
    const response = await line.pass(() => signIn.handle(requestFor(c, attempt.address, body)))
    const refusal = await refusalOf(response)
    await settle(c, attempt, refusal !== null)
    if (refusal !== null && endpoint.path === linkPath && isOpenedByPage(c)) {
      // Somebody looks at it in a browser, where words of the page say more than a document.
      return c.redirect('/sign-in?error=link')
    }
    if (refusal !== null) throw asDomainError(refusal)
    const headers = new Headers(response.headers)
    headers.delete('cache-control')
    if (endpoint.path === '/sign-up/email') {
      const cookie = await signIn.ownPassword.cookieFor(String(body?.email), String(body?.password))
      headers.append('Set-Cookie', cookie)
    }
    // Not the library's answer itself, which would lack the headers that every answer of ours has.
    return c.newResponse(response.body, { status: response.status as StatusCode, headers })
  }

  function requireOwnPage(c: AppContext) {
    if (c.req.header('cookie') === undefined) origins.refuseForeign(c)
    else origins.requireOwn(c)
  }

  async function signedIn(c: AppContext): Promise<Whose> {
    const found = await signIn.sessions.find(c.req.header('cookie'))
    return found?.personId ? { personId: found.personId } : null
  }

  async function admit(c: AppContext, { endpoint, email, whose, address }: Attempt) {
    if (endpoint.writes) {
      const blocked = await limits.letter(email, address)
      if (blocked !== null) throw tooMany(c, 'Too many mails were asked for', blocked)
    }
    if (endpoint.guesses === undefined) return
    const blocked = await limits.guess(endpoint.guesses, whose, address)
    if (blocked === null) return
    remember(c, 'sign-in.blocked', { endpoint, email, whose, address }, blocked)
    throw tooMany(c, 'Too many failed attempts', blocked)
  }

  async function settle(c: AppContext, attempt: Attempt, isRefused: boolean) {
    const { guesses } = attempt.endpoint
    if (guesses === undefined) return
    if (isRefused) return remember(c, 'sign-in.failed', attempt)
    await limits.forgive(guesses, attempt.whose, attempt.address)
  }

  /** Not waited for: that somebody is known would show in the time that it takes. */
  function remember(
    c: AppContext,
    action: 'sign-in.failed' | 'sign-in.blocked',
    { endpoint, email, address }: Attempt,
    blocked?: Blocked,
  ) {
    if (email === null || blocked?.begins === false) return
    const way = endpoint.path.slice(1)
    const at = { email, way, requestId: c.get('requestId'), remoteAddress: address }
    signIn.background(signIn.recordAttempt(action, at))
  }
}

/** The limit that was met is told, in place of the one of all requests. */
function tooMany(c: AppContext, what: string, { seconds, limit }: Blocked) {
  c.header('RateLimit-Policy', `"${limit.name}";q=${limit.points};w=${limit.duration}`)
  c.header('RateLimit', `"${limit.name}";r=0;t=${seconds}`)
  c.header('Retry-After', String(seconds))
  return new DomainError('RATE_LIMIT_EXCEEDED', `${what}; try again in ${seconds} s`)
}

/** The library's request: our origin, what was sent, and from where, which nobody can claim. */
function requestFor(c: AppContext, address: string | null, body: Body | null): Request {
  const url = new URL(c.req.url)
  url.pathname = url.pathname.replace(/\/$/, '')
  const headers = new Headers(c.req.raw.headers)
  for (const name of [...headers.keys()]) {
    if (name.startsWith('x-') || name === 'forwarded' || name === 'content-length') {
      headers.delete(name)
    }
  }
  headers.set(requestIdHeader, c.get('requestId'))
  if (address !== null) headers.set(addressHeader, address)
  const { method } = c.req
  if (body === null) return new Request(url, { method, headers })
  headers.set('content-type', 'application/json')
  return new Request(url, { method, headers, body: JSON.stringify(body) })
}

type Body = Record<string, unknown>

/** Whose attempt it is, as far as they say. */
function addressIn(body: Body | null): string | null {
  const said = body?.email ?? body?.newEmail
  return typeof said === 'string' ? said.slice(0, 320) : null
}

const isOpenedByPage = (c: AppContext) => c.req.header('accept')?.includes('text/html') === true

/** Tokens of identity providers are the longest that anybody needs; names are shown to others. */
const longest = 8_192
const longestName = 100

/** What the library would store as it comes. Passwords are only hashed. */
const isSound = (field: string, value: unknown) =>
  typeof value !== 'string' ||
  (value.length <= (field === 'name' ? longestName : longest) &&
    (/password$/i.test(field) || !/\p{Cc}/u.test(value)))

const codeTypes = ['sign-in', 'email-verification']

async function bodyOf(c: AppContext): Promise<Body> {
  const body: unknown = await c.req.json()
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new ValidationError({ non_field_errors: ['Send a JSON object.'] })
  }
  const fields = body as Body
  const wrong = Object.keys(fields).filter((name) => !isSound(name, fields[name]))
  if (wrong.length > 0) {
    throw new ValidationError(
      Object.fromEntries(wrong.map((name) => [name, ['Is too long, or has control characters.']])),
    )
  }
  if (c.req.path === '/api/auth/email-otp/send-verification-otp/') {
    if (!codeTypes.includes(String(fields.type))) {
      throw new ValidationError({ type: [`Use one of ${codeTypes.join(', ')}.`] })
    }
  }
  // Whoever changes it may do so because somebody else knows it.
  if (c.req.path === '/api/auth/change-password/') return { ...fields, revokeOtherSessions: true }
  return fields
}

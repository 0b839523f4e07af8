/** `POST /v1/token`: the password flow of OAuth 2, by the same sign-in as in a browser and as limited. */
import { createToken, tokenSeconds } from '@garrison/contract/microvms/token'
import { parseSetCookieHeader } from 'better-auth/cookies'
import type { Clock } from '../clock.ts'
import type { Database } from '../database/database.ts'
import { TooMany } from '../errors.ts'
import type { App } from '../http/app.ts'
import { tokenOf } from '../http/microvms/authentication.ts'
import { addressHeader, requestIdHeader } from '../sign-in/library.ts'
import type { SignInLimits } from '../sign-in/limits.ts'
import { asDomainError, refusalOf } from '../sign-in/refusals.ts'
import type { SignInService } from '../sign-in/service.ts'

type Deps = { db: Database; clock: Clock; signIn: SignInService; limits: SignInLimits }

export function tokenRoutes(app: App, { db, signIn, limits }: Deps) {
  app.openapi(createToken, async (c) => {
    const { username: email, password } = c.req.valid('form')
    const address = c.get('remoteAddress')
    const way = 'v1/token'
    const blocked = await limits.guess('password', { email }, address)
    const at = { email, way, requestId: c.get('requestId'), remoteAddress: address }
    if (blocked !== null) {
      if (blocked.begins) signIn.background(signIn.recordAttempt('sign-in.blocked', at))
      throw new TooMany('Too many failed attempts', blocked.seconds)
    }
    const headers = new Headers({ 'content-type': 'application/json' })
    headers.set(requestIdHeader, c.get('requestId'))
    if (address !== null) headers.set(addressHeader, address)
    const url = new URL('/api/auth/sign-in/email', c.req.url)
    const body = JSON.stringify({ email, password })
    const response = await signIn.handle(new Request(url, { method: 'POST', headers, body }))
    const refusal = await refusalOf(response)
    if (refusal !== null) {
      signIn.background(signIn.recordAttempt('sign-in.failed', at))
      throw asDomainError(refusal)
    }
    await limits.forgive('password', { email }, address)
    const cookie = await shortLived(response.headers.getSetCookie())
    return c.json(
      { access_token: tokenOf(cookie), token_type: 'bearer' as const, expires_in: tokenSeconds },
      200,
    )
  })

  /** The cookie of the session that was just begun, which ends sooner than those of browsers. */
  async function shortLived(lines: readonly string[]): Promise<string> {
    const cookies = lines.flatMap((line) => [...parseSetCookieHeader(line)])
    const [name, found] = cookies.find(([name]) => name.endsWith('session_token')) ?? []
    if (name === undefined || found === undefined) throw new Error('signing in gave no session')
    const signed = decodeURIComponent(found.value)
    await db
      .updateTable('auth.session')
      // The library reads the host's clock, whatever ours says.
      .set({ expiresAt: new Date(Date.now() + tokenSeconds * 1000) })
      .where('token', '=', signed.slice(0, signed.lastIndexOf('.')))
      .execute()
    return `${name}=${encodeURIComponent(signed)}`
  }
}

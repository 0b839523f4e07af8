/**
 * Cookies are sent by a browser whoever wrote the page that asks; so what they are to change something
 * for must come from a page of our own.
 */
import type { Config } from '../config.ts'
import { DomainError } from '../errors.ts'
import { ownOrigins } from '../sign-in/origin.ts'
import type { AppContext } from './answers.ts'

export type OriginCheck = {
  /** With a cookie: throws unless the request says that it comes from our own pages. */
  requireOwn(c: AppContext): void
  /** Without one: throws when the request says that it comes from elsewhere. */
  refuseForeign(c: AppContext): void
}

export function createOriginCheck(config: Pick<Config, 'server'>): OriginCheck {
  /** Null when the request does not say. */
  function isOwn(c: AppContext): boolean | null {
    const origin = c.req.header('origin')
    if (origin !== undefined) return ownOrigins(config, c.req.header('host')).includes(origin)
    const site = c.req.header('sec-fetch-site')
    return site === undefined ? null : site === 'same-origin'
  }

  const refusal = () =>
    new DomainError(
      'PERMISSION_DENIED',
      'A signed-in browser may change something only from a page of this server: send the header ' +
        'Origin, or use an API key. Behind a proxy, set server.public_url',
    )

  return {
    requireOwn(c) {
      if (isOwn(c) !== true) throw refusal()
    },
    refuseForeign(c) {
      if (isOwn(c) === false) throw refusal()
    },
  }
}

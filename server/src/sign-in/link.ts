/**
 * A link that signs in whoever opens it, once: for whoever has the host, who needs no password. Its
 * token is kept as a hash, like everything of the library's that opens a door.
 */
import { randomBytes } from 'node:crypto'
import type { BetterAuthPlugin } from 'better-auth'
import { APIError, createAuthEndpoint } from 'better-auth/api'
import { setSessionCookie } from 'better-auth/cookies'
import { revokeUnprovenAccountAccess } from 'better-auth/db'
import { z } from 'zod'
import { isPlaceholder } from './first-steps.ts'
import type { Library } from './library.ts'

export const linkSeconds = 60 * 60
export const linkPath = '/link'

const identifierOf = (token: string) => `sign-in-link:${token}`

/** Answers the token. `userId`: of the library. */
export async function makeLinkToken(library: Library, userId: string): Promise<string> {
  const token = randomBytes(32).toString('base64url')
  const { internalAdapter } = await library.$context
  await internalAdapter.createVerificationValue({
    identifier: identifierOf(token),
    value: userId,
    expiresAt: new Date(Date.now() + linkSeconds * 1000),
  })
  return token
}

export const linkEndpoint = () =>
  ({
    id: 'sign-in-link',
    endpoints: {
      signInLink: createAuthEndpoint(
        linkPath,
        { method: 'GET', query: z.object({ token: z.string().regex(/^[\w-]{1,200}$/) }) },
        async (ctx) => {
          const { internalAdapter } = ctx.context
          const found = await internalAdapter.consumeVerificationValue(
            identifierOf(ctx.query.token),
          )
          // A password that a stranger chose without the mailbox opens nothing that is vouched for here.
          const user = found && (await revokeUnprovenAccountAccess(ctx, found.value))
          if (!user) throw new APIError('UNAUTHORIZED', { code: 'INVALID_LINK' })
          const session = await internalAdapter.createSession(user.id)
          await setSessionCookie(ctx, { session, user })
          throw ctx.redirect(isPlaceholder(user.email) ? '/setup' : '/')
        },
      ),
    },
  }) satisfies BetterAuthPlugin

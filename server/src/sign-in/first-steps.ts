/**
 * How somebody whom a link, a code or a provider has let in gets what they miss: a password, and, for the
 * first operator of an installation, an e-mail address. Whoever has an address keeps it.
 */
import type { BetterAuthPlugin } from 'better-auth'
import {
  APIError,
  createAuthEndpoint,
  createAuthMiddleware,
  freshSessionMiddleware,
  getSessionFromCtx,
  sensitiveSessionMiddleware,
} from 'better-auth/api'
import { z } from 'zod'

const placeholder = '@garrison.invalid'

/** For whoever has none: nobody can receive mail there. */
export const placeholderFor = (personId: string) => `${personId}${placeholder}`
export const isPlaceholder = (email: string) => email.endsWith(placeholder)

export const setPasswordPath = '/set-password'
export const hasPasswordPath = '/has-password'
export const askForAddressPath = '/email-otp/request-email-change'
export const takeAddressPath = '/email-otp/change-email'

const credential = 'credential'
const [shortest, longest] = [8, 128]

export const firstSteps = () =>
  ({
    id: 'first-steps',
    hooks: {
      before: [
        {
          matcher: ({ path }) => path === askForAddressPath || path === takeAddressPath,
          handler: createAuthMiddleware(async (ctx) => {
            const signedIn = await getSessionFromCtx(ctx)
            if (signedIn !== null && !isPlaceholder(signedIn.user.email)) {
              throw new APIError('FORBIDDEN', { code: 'EMAIL_FIXED' })
            }
          }),
        },
      ],
    },
    endpoints: {
      hasPassword: createAuthEndpoint(
        hasPasswordPath,
        { method: 'GET', use: [sensitiveSessionMiddleware] },
        async (ctx) => {
          const { session, internalAdapter } = ctx.context
          const account = await internalAdapter.findCredentialAccount(session.user.id)
          return ctx.json({ has_password: Boolean(account?.password) })
        },
      ),
      // Only right after signing in: a browser that was left open for days is no proof of who sits there.
      setPassword: createAuthEndpoint(
        setPasswordPath,
        {
          method: 'POST',
          body: z.object({ newPassword: z.string() }),
          use: [freshSessionMiddleware],
        },
        async (ctx) => {
          const { session, internalAdapter, password } = ctx.context
          const { newPassword } = ctx.body
          const userId = session.user.id
          if (newPassword.length < shortest) {
            throw new APIError('BAD_REQUEST', { code: 'PASSWORD_TOO_SHORT' })
          }
          if (newPassword.length > longest) {
            throw new APIError('BAD_REQUEST', { code: 'PASSWORD_TOO_LONG' })
          }
          const account = await internalAdapter.findCredentialAccount(userId)
          if (account?.password) throw new APIError('BAD_REQUEST', { code: 'PASSWORD_ALREADY_SET' })
          const hash = await password.hash(newPassword)
          if (account) await internalAdapter.updateAccount(account.id, { password: hash })
          else {
            await internalAdapter.linkAccount({
              ...{ userId, accountId: userId, providerId: credential, password: hash },
            })
          }
          return ctx.json({ status: true })
        },
      ),
    },
  }) satisfies BetterAuthPlugin

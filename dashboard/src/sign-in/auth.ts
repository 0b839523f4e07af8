/** Signing in, as the server's library offers it (docs/signing-in.md). Nothing of it is kept in the browser. */
import { queryOptions } from '@tanstack/react-query'
import { send } from '../api/client.ts'
import { ApiError } from '../api/errors.ts'
import { queryClient } from '../api/queries.ts'
import { signedInAgain } from '../api/session-end.ts'

export type Ways = {
  sign_up: 'open' | 'invited' | 'closed'
  providers: readonly { id: string; name: string }[]
  /** `files`: no mail server is configured, and mails lie in the data folder. */
  mail: 'files' | 'people'
}
export type Session = { session: { id: string; token: string }; user: User } | null
type User = { id: string; name: string; email: string }

/** What is offered here; it changes only with the server's configuration. */
export const waysQuery = queryOptions({
  queryKey: ['/api/auth/providers', {}] as const,
  queryFn: ({ signal }) => send<Ways>('GET', '/api/auth/providers', { signal }),
  staleTime: Number.POSITIVE_INFINITY,
})

/** Null when nobody is signed in, which is no error. */
export const sessionQuery = queryOptions({
  queryKey: ['/api/auth/get-session', {}] as const,
  queryFn: ({ signal }) => send<Session>('GET', '/api/auth/get-session', { signal }),
  staleTime: 0,
})

/** Who came by a link, a code or a provider may have none. */
export const hasPasswordQuery = queryOptions({
  queryKey: ['/api/auth/has-password', {}] as const,
  queryFn: ({ signal }) =>
    send<{ has_password: boolean }>('GET', '/api/auth/has-password', { signal }),
})

const ask = (path: string, body: object) => send('POST', `/api/auth${path}`, { body })

export const withPassword = (email: string, password: string) =>
  ask('/sign-in/email', { email, password })
export const withCode = (email: string, otp: string) => ask('/sign-in/email-otp', { email, otp })
export const confirmAddress = (email: string, otp: string) =>
  ask('/email-otp/verify-email', { email, otp })
export const signUp = (input: { name: string; email: string; password: string }) =>
  ask('/sign-up/email', input)
export const mailCode = (email: string, type: 'sign-in' | 'email-verification') =>
  ask('/email-otp/send-verification-otp', { email, type })
export const mailReset = (email: string) => ask('/request-password-reset', { email })
export const setNewPassword = (token: string, newPassword: string) =>
  ask('/reset-password', { token, newPassword })

export const setFirstPassword = (newPassword: string) => ask('/set-password', { newPassword })
export const changePassword = (currentPassword: string, newPassword: string) =>
  ask('/change-password', { currentPassword, newPassword })
/** For whoever has no address yet. */
export const askForAddress = (newEmail: string) =>
  ask('/email-otp/request-email-change', { newEmail })
export const takeAddress = (newEmail: string, otp: string) =>
  ask('/email-otp/change-email', { newEmail, otp })

/** Where a provider asks who somebody is; it sends them back to `to`. */
export async function withProvider(provider: string, to: string) {
  const { url } = await send<{ url: string }>('POST', '/api/auth/sign-in/social', {
    body: { provider, callbackURL: to, errorCallbackURL: '/sign-in' },
  })
  location.assign(url)
}

/** The password was right, and the address has yet to be confirmed: a code is on its way. */
export const isUnconfirmed = (error: unknown) =>
  error instanceof ApiError && error.code === 'EMAIL_NOT_VERIFIED'

/** Whoever was here before may have seen other things. */
export function forgetEverything() {
  queryClient.clear()
  signedInAgain()
}

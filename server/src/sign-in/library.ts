/**
 * Passwords, codes, sessions and identity providers: better-auth's work, set up for us. It knows users;
 * which person of which account a user is, is decided in `people.ts` when a session begins.
 */
import { type BetterAuthOptions, betterAuth, type GenericEndpointContext } from 'better-auth'
import { emailOTP, genericOAuth } from 'better-auth/plugins'
import type { Config } from '../config.ts'
import type { Database } from '../database/database.ts'
import type { Log } from '../log.ts'
import { firstSteps, setPasswordPath, takeAddressPath } from './first-steps.ts'
import { linkEndpoint } from './link.ts'
import { ownOrigins } from './origin.ts'

export const sessionDays = 7
export const codeMinutes = 10
export const resetMinutes = 60
const daySeconds = 86_400
const codeTries = 5

/** The endpoint of the library that is at work, with the headers that `routes.ts` gave it. */
export type Context = GenericEndpointContext | null | undefined
export type User = { id: string; email: string; emailVerified: boolean; name: string }
export type Session = { id: string; userId: string; token: string }

/** What the library asks of us, or tells us. */
export type SignInHooks = {
  /** Throws when nobody new may come with this address. */
  requireWelcome(user: User, context: Context): Promise<void>
  /** Makes sure that the user is a person of an account; throws when there is none for them. */
  belong(userId: string, context: Context): Promise<void>
  sessionBegan(session: Session, context: Context): Promise<void>
  sessionEnded(session: Session, context: Context): Promise<void>
  /** By whoever knew the old one, or has the mailbox. */
  passwordChanged(userId: string, context: Pick<NonNullable<Context>, 'headers'>): Promise<void>
  /** By whoever has the mailbox; their request. */
  addressToBeProved(user: { email: string }, headers: Headers | undefined): Promise<void>
  /** Throws when the address is somebody else's. */
  requireFreeAddress(email: string): Promise<void>
  /** Somebody who had no address has proved this one. */
  addressProved(user: { id: string; email: string }, context: Context): Promise<void>
  sendCode(to: { email: string; code: string; signIn: boolean }): Promise<void>
  sendReset(to: { email: string; token: string }): Promise<void>
  tellExisting(to: { email: string; verified: boolean }): Promise<void>
  /** Work that an answer does not wait for, so that its time tells nothing. */
  background(work: Promise<unknown>): void
}

export type LibraryDeps = { db: Database; config: Config; secret: string; log: Log; origin: string }

/** Header in which `routes.ts` says from where somebody comes; what they claim themselves is dropped. */
export const addressHeader = 'x-garrison-address'
export const requestIdHeader = 'x-garrison-request'

export type Library = ReturnType<typeof createLibrary>

export function createLibrary(deps: LibraryDeps, hooks: SignInHooks) {
  const { db, config, secret, log, origin } = deps
  return betterAuth({
    appName: 'Garrison',
    baseURL: origin,
    basePath: '/api/auth',
    secret,
    database: { db, type: 'postgres', schemaName: 'auth', transaction: true },
    telemetry: { enabled: false },
    // Ours know more, and answer in our words.
    rateLimit: { enabled: false },
    onAPIError: { throw: true, errorURL: `${origin}/sign-in` },
    logger: {
      level: 'error',
      // Its details may hold addresses and tokens.
      log: (_level, message) => log('debug', 'the sign-in library complains', { message }),
    },
    trustedOrigins: async (request) =>
      ownOrigins(config, request?.headers.get('host') ?? undefined),
    session: { expiresIn: sessionDays * daySeconds, updateAge: daySeconds, freshAge: daySeconds },
    verification: { storeIdentifier: 'hashed' },
    emailAndPassword: {
      enabled: true,
      disableSignUp: config.auth.sign_up === 'closed',
      requireEmailVerification: true,
      minPasswordLength: 8,
      maxPasswordLength: 128,
      resetPasswordTokenExpiresIn: resetMinutes * 60,
      revokeSessionsOnPasswordReset: true,
      onPasswordReset: ({ user }, request) =>
        hooks.passwordChanged(user.id, { headers: request?.headers }),
      sendResetPassword: ({ user, token }) => hooks.sendReset({ email: user.email, token }),
      onExistingUserSignUp: ({ user }) =>
        hooks.tellExisting({ email: user.email, verified: user.emailVerified }),
    },
    emailVerification: {
      sendOnSignUp: true,
      sendOnSignIn: true,
      autoSignInAfterVerification: true,
      beforeEmailVerification: (user, request) => hooks.addressToBeProved(user, request?.headers),
    },
    account: {
      accountLinking: { enabled: true, trustedProviders: [] },
      updateAccountOnSignIn: false,
    },
    databaseHooks: hooksOf(hooks),
    advanced: {
      cookiePrefix: 'garrison',
      useSecureCookies: origin.startsWith('https:'),
      ipAddress: { ipAddressHeaders: [addressHeader] },
      // `http/own-origin.ts` has looked at it, and more strictly.
      disableCSRFCheck: true,
      // Said, since it would be different in tests: pages may not send people on to elsewhere.
      disableOriginCheck: false,
      backgroundTasks: { handler: hooks.background },
      database: { generateId: 'uuid' },
    },
    plugins: [codes(hooks), providers(config), linkEndpoint(), firstSteps()],
  } satisfies BetterAuthOptions)
}

const hooksOf = (hooks: SignInHooks): BetterAuthOptions['databaseHooks'] => ({
  user: {
    create: { before: (user, context) => hooks.requireWelcome(user as User, context) },
    update: {
      async before({ email }, context) {
        if (context?.path === takeAddressPath && email) await hooks.requireFreeAddress(email)
      },
      async after(user, context) {
        if (context?.path === takeAddressPath) await hooks.addressProved(user, context)
      },
    },
  },
  // Nobody here ever speaks to a provider on somebody's behalf.
  account: {
    create: {
      before: async () => ({ data: { accessToken: null, refreshToken: null, idToken: null } }),
      async after({ userId }, context) {
        if (context?.path === setPasswordPath) await hooks.passwordChanged(userId, context)
      },
    },
    update: {
      async after({ userId }, context) {
        const chosen = ['/change-password', setPasswordPath].includes(context?.path ?? '')
        if (chosen && context) await hooks.passwordChanged(userId, context)
      },
    },
  },
  session: {
    create: {
      before: ({ userId }, context) => hooks.belong(userId, context),
      after: (session, context) => hooks.sessionBegan(session, context),
    },
    delete: { after: (session, context) => hooks.sessionEnded(session, context) },
  },
})

const codes = (hooks: SignInHooks) =>
  emailOTP({
    otpLength: 6,
    expiresIn: codeMinutes * 60,
    allowedAttempts: codeTries,
    storeOTP: 'hashed',
    overrideDefaultEmailVerification: true,
    changeEmail: { enabled: true },
    sendVerificationOTP: ({ email, otp, type }) =>
      hooks.sendCode({ email, code: otp, signIn: type === 'sign-in' }),
  })

const providers = ({ auth }: Config) =>
  genericOAuth({
    config: auth.providers.map(({ id, name, issuer, client_id, client_secret }) => ({
      providerId: id,
      name,
      discoveryUrl: `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
      clientId: client_id,
      clientSecret: client_secret,
      scopes: ['openid', 'email', 'profile'],
      requireIdTokenVerification: true,
      requireEmailVerification: true,
    })),
  })

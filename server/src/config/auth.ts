/** Who may sign up, and by whom people are known elsewhere. */
import { z } from 'zod'

const credentials = { client_id: z.string().min(1), client_secret: z.string().min(1) }
/** Ways to sign in that have these names already. */
const taken = ['google', 'credential', 'email-otp', 'link']
const id = z
  .string()
  .regex(/^[a-z0-9-]{1,32}$/)
  .refine((value) => !taken.includes(value), 'is taken; choose another')

/** Only id and secret are to be said. */
const google = z.strictObject({
  id: z.literal('google'),
  name: z.string().min(1).max(64).default('Google'),
  issuer: z.url().default('https://accounts.google.com'),
  ...credentials,
})

const oidc = z.strictObject({
  /** Part of the address that the provider sends people back to: `/api/auth/callback/ID`. */
  id,
  name: z.string().min(1).max(64),
  /** Its OpenID Connect discovery document is looked for below this address. */
  issuer: z.url({ protocol: /^https?$/ }),
  ...credentials,
})

/** Within a quarter of an hour; see `server/src/sign-in/limits.ts`. */
const limits = z
  .strictObject({
    /** Failed attempts at one person from one network address; ten times as many from all others. */
    failures_per_email: z.int().min(1).default(10),
    /** Failed attempts from one network address, at whomever. */
    failures_per_address: z.int().min(1).default(60),
    /** Codes and links that one person is sent. */
    mails_per_email: z.int().min(1).default(6),
    /** Codes and links that one network address may ask for. */
    mails_per_address: z.int().min(1).default(60),
  })
  .prefault({})

export const auth = z
  .strictObject({
    /**
     * `open`: anybody gets an account of their own, and accepts an invitation to another with its link. `invited`: only whoever was invited to one.
     * `closed`: nobody new, not even with an invitation.
     */
    sign_up: z.enum(['open', 'invited', 'closed']).default('invited'),
    providers: z.array(z.union([google, oidc])).default([]),
    /**
     * What cookies are signed with; several processes of one installation need the same. `null`: made
     * at the first start, and kept in the data folder.
     */
    secret: z.string().min(32).nullable().default(null),
    limits,
  })
  .prefault({})

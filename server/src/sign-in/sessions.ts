/**
 * Whose session a cookie is. Like API keys, those that were looked up a moment ago are remembered, and
 * forgotten when a session ends anywhere (NOTIFY `session_ended`) or a few seconds have passed.
 */
import { createHash } from 'node:crypto'
import { parseCookies } from 'better-auth/cookies'
import type { AccountService } from '../accounts/service.ts'
import type { Caller } from '../caller.ts'
import type { Clock } from '../clock.ts'
import type { Database, Tx } from '../database/database.ts'
import { notify } from '../database/notify.ts'
import type { Library } from './library.ts'

export const sessionEndedChannel = 'session_ended'

const rememberedMs = 5_000
const mostSessions = 10_000

export type SignedIn = Omit<Caller, 'requestId' | 'remoteAddress'>

type Deps = { db: Database; clock: Clock; accounts: AccountService; library: () => Library }
type Known = { userId: string; signedIn: SignedIn; until: number }

export function createSessions({ db, clock, accounts, library }: Deps) {
  const known = new Map<string, Known>()

  function remember(name: string, found: Omit<Known, 'until'>, expiresAt: Date) {
    if (known.size >= mostSessions) known.clear()
    const now = clock.now().getTime()
    // The library reads the host's clock, whatever ours says.
    const left = Math.min(rememberedMs, expiresAt.getTime() - Date.now())
    known.set(name, { ...found, until: now + left })
  }

  /** One of an earlier `server.public_url`, with or without https, may lie beside it. */
  const cookieName = async () => (await library().$context).authCookies.sessionToken.name

  return {
    /** Null without a cookie, or when its session has ended, or its person is gone. */
    async find(cookies: string | undefined): Promise<SignedIn | null> {
      if (!bringsSession(cookies)) return null
      const cookie = sessionCookieOf(cookies, await cookieName())
      if (cookie === null) return null
      const name = createHash('sha256').update(cookie.value).digest('base64')
      const remembered = known.get(name)
      if (remembered !== undefined && remembered.until > clock.now().getTime()) {
        return remembered.signedIn
      }
      known.delete(name)
      const found = await library().api.getSession({
        headers: new Headers({ cookie: `${cookie.name}=${encodeURIComponent(cookie.value)}` }),
        query: { disableRefresh: true, disableCookieCache: true },
      })
      if (found === null) return null
      const userId = found.user.id
      const signedIn = await personOf(userId)
      if (signedIn !== null) remember(name, { userId, signedIn }, found.session.expiresAt)
      return signedIn
    },

    personOf,

    /** Of somebody who does not belong here any more. */
    async endAll(tx: Tx, userId: string) {
      await tx.deleteFrom('auth.session').where('userId', '=', userId).execute()
      await notify(tx, sessionEndedChannel, userId)
    },

    forget(userId: string) {
      for (const [name, each] of known) if (each.userId === userId) known.delete(name)
    },
    /** What its people may has changed, or who they are. */
    forgetAccount(accountId: string) {
      for (const [name, each] of known) {
        if (each.signedIn.accountId === accountId) known.delete(name)
      }
    },
    forgetAll: () => known.clear(),

    /** Who has signed out everywhere, so that what they hold open can be ended; null when they have not. */
    async goneBy(userId: string): Promise<string | null> {
      const signedIn = await personOf(userId)
      const live = await db
        .selectFrom('auth.session')
        .select('id')
        .where('userId', '=', userId)
        .where('expiresAt', '>', new Date())
        .limit(1)
        .executeTakeFirst()
      return live === undefined ? (signedIn?.personId ?? null) : null
    },
  }

  async function personOf(userId: string): Promise<SignedIn | null> {
    const person = await db
      .selectFrom('people')
      .select('id')
      .where('auth_user_id', '=', userId)
      .where('removed_at', 'is', null)
      .executeTakeFirst()
    return person === undefined ? null : accounts.person(db, person.id)
  }
}

export type Sessions = ReturnType<typeof createSessions>

/** As it was sent: signed, and with its name. */
function sessionCookieOf(cookies: string, name: string) {
  const value = parseCookies(cookies).get(name)
  return value ? { name, value } : null
}

/** Whether a request brings a session, good or not. */
export const bringsSession = (cookies: string | undefined): cookies is string =>
  cookies?.includes('garrison.session_token=') ?? false

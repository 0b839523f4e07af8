/**
 * Whoever signs up with an address need not have it: somebody else may have been first, with a password of
 * theirs. So a password stays only when the address is proved in the browser that chose it, which carries a
 * cookie for that very password. Otherwise it is forgotten then, and whoever has the mailbox sets another.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { hashPassword, verifyPassword } from 'better-auth/crypto'
import { sql } from 'kysely'
import type { Database } from '../database/database.ts'

const cookieName = 'garrison.sign_up'
/** As long as the code that proves the address, and a little. */
const cookieSeconds = 3_600

export function createOwnPassword({ db, secret }: { db: Database; secret: string }) {
  const proofOf = (userId: string, hash: string) =>
    createHmac('sha256', secret).update(`sign-up ${userId} ${hash}`).digest('base64url')

  async function stored(email: string) {
    const { rows } = await sql<{ id: string; hash: string }>`
      select u.id, a.password as hash from auth."user" u
        join auth.account a on a."userId" = u.id and a."providerId" = 'credential'
      where u.email = ${email.toLowerCase()} and not u."emailVerified" and a.password is not null
    `.execute(db)
    return rows[0]
  }

  return {
    /** `Set-Cookie` for whoever has just signed up. It tells nobody whether the address was known. */
    async cookieFor(email: string, password: string): Promise<string> {
      const found = await stored(email)
      const isTheirs =
        found === undefined
          ? (await hashPassword(password)) === ''
          : await verifyPassword({ hash: found.hash, password })
      const proof =
        isTheirs && found !== undefined
          ? proofOf(found.id, found.hash)
          : proofOf('nobody', String(Math.random()))
      return `${cookieName}=${proof}; Max-Age=${cookieSeconds}; Path=/api/auth; HttpOnly; SameSite=Lax`
    },

    /** The address is about to be proved: a password that this browser did not choose goes. */
    async settle(user: { email: string }, headers: Headers | undefined): Promise<void> {
      const found = await stored(user.email)
      if (found === undefined) return
      const [, given = ''] =
        new RegExp(`(?:^|; *)${cookieName.replace('.', '\\.')}=([^;]*)`).exec(
          headers?.get('cookie') ?? '',
        ) ?? []
      const wanted = proofOf(found.id, found.hash)
      if (
        given.length === wanted.length &&
        timingSafeEqual(Buffer.from(given), Buffer.from(wanted))
      ) {
        return
      }
      await sql`
        delete from auth.account where "userId" = ${found.id} and "providerId" = 'credential'
      `.execute(db)
    },
  }
}

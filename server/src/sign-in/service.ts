/**
 * Signing in: what the library asks of us while it signs people in, and who has signed in. The library
 * itself is made when somebody first needs it, since it then asks identity providers where they are.
 */
import { APIError } from 'better-auth/api'
import { type AuditEntry, recordAudit } from '../accounts/audit.ts'
import type { AccountService } from '../accounts/service.ts'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import { type Database, type Tx, transaction } from '../database/database.ts'
import { notify } from '../database/notify.ts'
import type { Log } from '../log.ts'
import { queueMail } from '../mail/queue.ts'
import { isPlaceholder, placeholderFor } from './first-steps.ts'
import {
  addressHeader,
  type Context,
  createLibrary,
  type Library,
  requestIdHeader,
  type Session,
  type SignInHooks,
} from './library.ts'
import { linkPath, makeLinkToken } from './link.ts'
import { codeLetter, existingLetter, resetLetter } from './mails.ts'
import { ownOrigin } from './origin.ts'
import { createOwnPassword } from './own-password.ts'
import { createSigningPeople, type Person } from './people.ts'
import { createSessions, sessionEndedChannel } from './sessions.ts'

export type SignInDeps = {
  db: Database
  clock: Clock
  config: Config
  accounts: AccountService
  /** Signs cookies; at least 32 characters. */
  secret: string
  log: Log
}

export type SignInService = ReturnType<typeof createSignInService>

export function createSignInService(deps: SignInDeps) {
  const { db, clock, config, accounts, secret, log } = deps
  const origin = ownOrigin(config)
  const people = createSigningPeople({ clock, accounts, config })
  const ownPassword = createOwnPassword({ db, secret })
  const underWay = new Set<Promise<unknown>>()
  let made: Library | undefined

  function library(): Library {
    made ??= createLibrary({ db, config, secret, log, origin }, hooks)
    return made
  }
  const sessions = createSessions({ db, clock, accounts, library })

  function background(work: Promise<unknown>) {
    const done = work
      .catch((error: unknown) => log('warn', 'cannot finish what signing in began', { error }))
      .finally(() => underWay.delete(done))
    underWay.add(done)
  }

  const send = (to: string, letter: { subject: string; text: string }) =>
    transaction(db, (tx) => queueMail(tx, { to, ...letter }, clock.now()))

  /** In the audit log of the account that it is about, as who they are. */
  async function audit(
    tx: Tx,
    userId: string,
    context: { headers?: Headers | undefined } | null | undefined,
    entry: (personId: string) => AuditEntry,
  ) {
    const signedIn = await sessions.personOf(userId)
    if (signedIn?.personId == null) return
    const actor = {
      ...signedIn,
      requestId: context?.headers?.get(requestIdHeader) ?? null,
      remoteAddress: context?.headers?.get(addressHeader) ?? null,
    }
    await recordAudit(tx, actor, entry(signedIn.personId), clock.now())
  }

  const auditSession = (
    tx: Tx,
    action: 'sign-in' | 'sign-out',
    { id, userId }: Session,
    context: Context,
  ) =>
    audit(tx, userId, context, () => ({
      ...{ action, subjectKind: 'session', subjectId: id },
      detail: { way: wayOf(context) },
    }))

  const hooks: SignInHooks = {
    async requireWelcome(user, context) {
      if (context?.path === linkPath || (await people.isWelcome(db, user.email))) return
      throw new APIError('FORBIDDEN', { code: 'NOT_INVITED' })
    },
    async belong(userId, context) {
      const internal =
        context?.context.internalAdapter ?? (await library().$context).internalAdapter
      const user = await internal.findUserById(userId)
      if (user === null || !user.emailVerified) {
        throw new APIError('FORBIDDEN', { code: 'EMAIL_NOT_VERIFIED' })
      }
      const person = await transaction(db, (tx) => people.belong(tx, user))
      if (person === null) throw new APIError('FORBIDDEN', { code: 'NOT_INVITED' })
    },
    async sessionBegan(session, context) {
      await transaction(db, (tx) => auditSession(tx, 'sign-in', session, context))
    },
    async sessionEnded(session, context) {
      await transaction(db, async (tx) => {
        await notify(tx, sessionEndedChannel, session.userId)
        await auditSession(tx, 'sign-out', session, context)
      })
      sessions.forget(session.userId)
    },
    passwordChanged: (userId, context) =>
      transaction(db, (tx) =>
        audit(tx, userId, context, (subjectId) => ({
          ...{ action: 'password.change', subjectKind: 'person', subjectId },
        })),
      ),
    addressToBeProved: (user, headers) => ownPassword.settle(user, headers),
    async requireFreeAddress(email) {
      if (await people.find(db, { email }))
        throw new APIError('BAD_REQUEST', { code: 'EMAIL_TAKEN' })
    },
    async addressProved(user, context) {
      await transaction(db, async (tx) => {
        const person = await people.nameAddress(tx, user)
        if (person === null) return
        const [before, after] = [{ email: null }, { email: user.email }]
        await audit(tx, user.id, context, (subjectId) => ({
          ...{ action: 'person.update', subjectKind: 'person', subjectId, before, after },
        }))
        await accounts.changed(tx, person.account_id)
      })
      sessions.forget(user.id)
    },
    async sendCode({ email, code, signIn }) {
      if (isPlaceholder(email)) return
      // Unknown ones are asked nothing more than known ones, and told nothing.
      if (signIn && !(await people.isWelcome(db, email)) && !(await isUser(email))) return
      await send(email, codeLetter(origin, code, signIn))
    },
    sendReset: ({ email, token }) => send(email, resetLetter(origin, token)),
    tellExisting: ({ email, verified }) => send(email, existingLetter(origin, verified)),
    background,
  }

  const isUser = async (email: string) =>
    (await db
      .selectFrom('auth.user')
      .select('id')
      .where('email', '=', email.toLowerCase())
      .executeTakeFirst()) !== undefined

  return {
    ownPassword,
    handle: (request: Request) => library().handler(request),
    sessions,
    background,
    signUp: config.auth.sign_up,
    providers: config.auth.providers.map(({ id, name }) => ({ id, name })),
    mailGoesTo: config.mail.smtp === null ? ('files' as const) : ('people' as const),

    /** Asks the identity providers where they are, before somebody waits for it. */
    async prepare() {
      if (config.auth.providers.length > 0) await library().$context
    },

    /** A failed attempt at somebody who is there, or one that was not even looked at. */
    async recordAttempt(
      action: 'sign-in.failed' | 'sign-in.blocked',
      at: { email: string; way: string; requestId: string; remoteAddress: string | null },
    ) {
      const person = await people.find(db, { email: at.email })
      if (person === undefined) return
      const { way, requestId, remoteAddress } = at
      await transaction(db, async (tx) => {
        // Whoever it was, they have not proved to be this person.
        const account = await accounts.onBehalfOf(tx, person.account_id)
        await recordAudit(
          tx,
          { ...account, requestId, remoteAddress },
          {
            ...{ action, subjectKind: 'person', subjectId: person.id },
            detail: { email: person.email, way },
          },
          clock.now(),
        )
      })
    },

    /** The address of a link that signs this person in, once within an hour. `url`: of the server. */
    async linkFor(person: Person, url = origin): Promise<string> {
      const user = await userOf(person)
      const token = await makeLinkToken(library(), user)
      await transaction(db, (tx) =>
        recordAudit(
          tx,
          { accountId: person.account_id },
          { action: 'sign-in.link', subjectKind: 'person', subjectId: person.id },
          clock.now(),
        ),
      )
      return `${url}/api/auth${linkPath}?token=${token}`
    },

    headOf: people.headOf,
    personWith: (email: string) => people.find(db, { email }),

    /** What answers did not wait for is done. */
    async settled() {
      while (underWay.size > 0) await Promise.all(underWay)
    },
  }

  /** The library's user for somebody whom the host vouches for. */
  async function userOf(person: Person): Promise<string> {
    const { internalAdapter } = await library().$context
    const email = person.email?.toLowerCase() ?? placeholderFor(person.id)
    const known =
      (person.auth_user_id && (await internalAdapter.findUserById(person.auth_user_id))) ||
      (await internalAdapter.findUserByEmail(email))?.user ||
      (await newUser(email, person.name))
    const isFree = (await internalAdapter.findUserByEmail(email)) === null
    // Who had no address at first has one by now.
    if (isFree) await internalAdapter.updateUser(known.id, { email })
    await db
      .updateTable('people')
      .set({ auth_user_id: known.id })
      .where('id', '=', person.id)
      .execute()
    return known.id
  }

  async function newUser(email: string, name: string) {
    const { adapter } = await library().$context
    const now = new Date()
    return adapter.create<Record<string, unknown>, { id: string }>({
      model: 'user',
      data: { email, name, emailVerified: true, createdAt: now, updatedAt: now },
    })
  }
}

function wayOf(context: Context): string {
  const path = context?.path ?? ''
  return path.replace(/^\/(sign-in\/|callback\/)?/, '').replace(':id', context?.params?.id ?? '')
}

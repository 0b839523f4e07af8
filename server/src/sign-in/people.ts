/**
 * Which person of which account signs in. Whoever proved an e-mail address is the person with that
 * address. Where only the invited come, an invitation becomes one; where anybody may sign up, they get an
 * account of their own.
 */
import type { Role } from '@garrison/contract/accounts/roles'
import { type Selectable, sql } from 'kysely'
import { recordAudit } from '../accounts/audit.ts'
import type { AccountService } from '../accounts/service.ts'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import type { Database, Tx } from '../database/database.ts'
import type { Schema } from '../database/schema.ts'
import { newUuid } from '../ids.ts'

export type Person = Selectable<Schema['people']>
type User = { readonly id: string; readonly email: string; readonly name: string }

type Deps = { clock: Clock; accounts: AccountService; config: Pick<Config, 'auth' | 'billing'> }

export function createSigningPeople({ clock, accounts, config }: Deps) {
  const mode = config.auth.sign_up

  const invitation = (db: Database | Tx, email: string) =>
    db
      .selectFrom('people')
      .selectAll()
      .where(sql<boolean>`lower(email) = ${email.toLowerCase()}`)
      .where('joined_at', 'is', null)
      .where('removed_at', 'is', null)
      .where(sql<boolean>`coalesce(invitation_expires_at > ${clock.now()}, true)`)
      .orderBy('created_at', 'desc')
      .limit(1)
      .executeTakeFirst()

  /** An account that was made for this address, and that nobody has yet. */
  const waitingAccount = (db: Database | Tx, email: string) =>
    db
      .selectFrom('accounts')
      .selectAll()
      .where(sql<boolean>`lower(email) = ${email.toLowerCase()}`)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('people')
              .select('people.id')
              .whereRef('people.account_id', '=', 'accounts.id')
              .where('people.joined_at', 'is not', null),
          ),
        ),
      )
      .executeTakeFirst()

  async function join(tx: Tx, { id, account_id }: Person, user: User) {
    const now = clock.now()
    const joined = {
      auth_user_id: user.id,
      joined_at: now,
      invitation_hash: null,
      invitation_expires_at: null,
      ...(nameOf(user) !== '' && { name: nameOf(user) }),
    }
    await tx.updateTable('people').set(joined).where('id', '=', id).execute()
    await tellOf(tx, account_id, id, user)
  }

  async function becomeOwner(tx: Tx, accountId: string, user: User) {
    const person = await insertPerson(tx, { accountId, role: 'owner', user })
    await tellOf(tx, accountId, person.id, user)
  }

  const tellOf = (tx: Tx, accountId: string, personId: string, { email }: User) =>
    recordAudit(
      tx,
      { accountId },
      { action: 'person.join', subjectKind: 'person', subjectId: personId, detail: { email } },
      clock.now(),
    )

  async function insertPerson(tx: Tx, of: { accountId: string; role: Role; user?: User }) {
    const now = clock.now()
    return tx
      .insertInto('people')
      .values({
        id: newUuid(),
        account_id: of.accountId,
        email: of.user?.email ?? null,
        name: of.user === undefined ? '' : nameOf(of.user),
        role: of.role,
        auth_user_id: of.user?.id ?? null,
        invited_at: null,
        invitation_hash: null,
        invitation_expires_at: null,
        joined_at: now,
        removed_at: null,
        created_at: now,
      })
      .returningAll()
      .executeTakeFirstOrThrow()
  }

  /** Who is there with this address or as this user; not those who are only invited, or gone. */
  const find = (db: Database | Tx, { id, email }: { id?: string; email: string }) =>
    db
      .selectFrom('people')
      .selectAll()
      .where('joined_at', 'is not', null)
      .where('removed_at', 'is', null)
      .where(({ or, eb }) =>
        or([
          sql<boolean>`lower(email) = ${email.toLowerCase()}`,
          ...(id === undefined ? [] : [eb('auth_user_id', '=', id)]),
        ]),
      )
      .orderBy(sql`auth_user_id is not distinct from ${id ?? null}`, 'desc')
      .limit(1)
      .executeTakeFirst()

  return {
    find,

    /** Whether somebody with this address, whom nobody knows yet, may come. */
    async isWelcome(db: Database | Tx, email: string): Promise<boolean> {
      if (mode === 'open' || (await find(db, { email })) !== undefined) return true
      if (mode === 'closed') return false
      return Boolean((await invitation(db, email)) ?? (await waitingAccount(db, email)))
    },

    /** The account of a user whose address is proved; null when there is none for them. */
    async belong(tx: Tx, user: User): Promise<Person | null> {
      // Two first sign-ins at once would make two accounts.
      await sql`select pg_advisory_xact_lock(hashtextextended(${`sign-in:${user.email}`}, 0))`.execute(
        tx,
      )
      const there = await find(tx, user)
      if (there === undefined) {
        // Where anybody comes uninvited, an invitation is accepted in words: a stranger's would otherwise
        // take in whoever signs up for themselves.
        const invited = mode === 'invited' ? await invitation(tx, user.email) : undefined
        if (invited !== undefined) await join(tx, invited, user)
        else {
          const account =
            (mode !== 'closed' && (await waitingAccount(tx, user.email))) ||
            (mode === 'open' && (await newAccount(tx, user)))
          if (!account) return null
          await becomeOwner(tx, account.id, user)
        }
      } else if (there.auth_user_id !== user.id) {
        await tx
          .updateTable('people')
          .set({ auth_user_id: user.id })
          .where('id', '=', there.id)
          .execute()
      }
      return (await find(tx, user)) ?? null
    },

    /** Gives an address to a person who had none, and to their account. Null: there was nobody. */
    async nameAddress(tx: Tx, user: Pick<User, 'id' | 'email'>): Promise<Person | null> {
      const person = await tx
        .updateTable('people')
        .set({ email: user.email })
        .where('auth_user_id', '=', user.id)
        .where('removed_at', 'is', null)
        .where('email', 'is', null)
        .returningAll()
        .executeTakeFirst()
      if (person === undefined) return null
      await tx
        .updateTable('accounts')
        .set({ email: user.email })
        .where('id', '=', person.account_id)
        .where('email', 'is', null)
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('accounts as others')
                .select('others.id')
                .where(sql<boolean>`lower(others.email) = ${user.email.toLowerCase()}`),
            ),
          ),
        )
        .execute()
      return person
    },

    /** Who has had the account longest, with this role at least; made where nobody has it. */
    async headOf(tx: Tx, accountId: string, least: 'owner' | 'operator'): Promise<Person> {
      await accounts.lock(tx, accountId)
      const found = await tx
        .selectFrom('people')
        .selectAll()
        .where('account_id', '=', accountId)
        .where('role', 'in', least === 'owner' ? ['owner', 'operator'] : ['operator'])
        .where('joined_at', 'is not', null)
        .where('removed_at', 'is', null)
        .orderBy('created_at')
        .limit(1)
        .executeTakeFirst()
      return found ?? insertPerson(tx, { accountId, role: least })
    },
  }

  function newAccount(tx: Tx, user: User) {
    const { email } = user
    const called = nameOf(user) || email.slice(0, email.indexOf('@')).slice(0, 100)
    const { currency } = config.billing
    return accounts.create(tx, { name: called, email, currency, profile: 'incomplete' })
  }
}

/** Identity providers send what they like. */
const nameOf = ({ name }: User) =>
  name
    .replaceAll(/\p{C}+/gu, ' ')
    .trim()
    .slice(0, 100)
    .toWellFormed()

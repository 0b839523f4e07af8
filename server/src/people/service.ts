/**
 * The rules for the people of an account. It keeps at least one owner, and nobody changes those who may
 * more than they. All changes of an account's people are made under its lock, so that no two of them at
 * once leave it without an owner.
 */
import {
  type ChangePersonRequest,
  type InvitePersonRequest,
  invitationsPerDay,
  peoplePerAccount,
} from '@garrison/contract/accounts/people'
import { isWithin, may } from '@garrison/contract/accounts/roles'
import { recordAudit } from '../accounts/audit.ts'
import { changes } from '../accounts/changes.ts'
import { requirePermission } from '../accounts/permission.ts'
import type { AccountService } from '../accounts/service.ts'
import type { Caller } from '../caller.ts'
import type { Clock } from '../clock.ts'
import type { Database, Tx } from '../database/database.ts'
import { DomainError, NotFound } from '../errors.ts'
import { newUuid } from '../ids.ts'
import { queueMail } from '../mail/queue.ts'
import { createAcceptance } from './acceptance.ts'
import { expiryFrom, hashOf, invitationLetter, newToken } from './invitations.ts'
import { requireOtherOwner } from './last-owner.ts'
import * as store from './store.ts'

const dayMs = 86_400_000
const resendMs = 60_000

export type PeopleServiceDeps = {
  clock: Clock
  accounts: AccountService
  /** Where people reach the server; links in mails begin with it. */
  origin: string
  /** Ends what somebody signed in with. */
  endSessions: (tx: Tx, authUserId: string) => Promise<void>
}

export function createPeopleService(deps: PeopleServiceDeps) {
  const { clock, accounts, origin, endSessions } = deps

  async function require(db: Database | Tx, caller: Caller, id: string) {
    const person = await store.findPerson(db, caller.accountId, id)
    if (person === undefined) throw new NotFound('Person', id)
    return person
  }

  function tellOf(tx: Tx, caller: Caller, verb: string, person: store.Person, more: object = {}) {
    const { id, email, name, role } = person
    const about = { subjectKind: 'person', subjectId: id, detail: { email, name, role } }
    return recordAudit(tx, caller, { action: `person.${verb}`, ...about, ...more }, clock.now())
  }

  async function send(tx: Tx, caller: Caller, to: string, token: string) {
    const account = await accounts.require(tx, caller.accountPublicId)
    const inviter =
      caller.personId === null
        ? undefined
        : await store.findPerson(tx, caller.accountId, caller.personId)
    const by = inviter === undefined ? null : oneLine(inviter.name) || inviter.email
    const letter = invitationLetter({ origin, token, account: oneLine(account.name), by })
    await queueMail(tx, { accountId: caller.accountId, to, ...letter }, clock.now())
  }

  async function requireInvitationsLeft(tx: Tx, caller: Caller) {
    const since = new Date(clock.now().getTime() - dayMs)
    if ((await store.countInvitations(tx, caller.accountId, since)) < invitationsPerDay) return
    throw new DomainError(
      'LIMIT_EXCEEDED',
      `An account sends at most ${invitationsPerDay} invitations a day; try again tomorrow`,
    )
  }

  return {
    require,
    list: (db: Database, caller: Caller) => store.listPeople(db, caller.accountId),
    ...createAcceptance({ clock, accounts }),

    async invite(tx: Tx, caller: Caller, input: InvitePersonRequest) {
      requirePermission(caller, 'people.manage')
      requireWithin(caller, input.role)
      await accounts.lock(tx, caller.accountId)
      const known = await store.findByEmail(tx, caller.accountId, input.email)
      if (known !== undefined) {
        const what = known.joined_at === null ? 'is invited already' : 'belongs to the account'
        throw new DomainError('NAME_ALREADY_EXISTS', `${input.email} ${what}`)
      }
      const people = await store.listPeople(tx, caller.accountId)
      if (people.length >= peoplePerAccount) {
        throw new DomainError(
          'LIMIT_EXCEEDED',
          `An account has at most ${peoplePerAccount} people; remove somebody first`,
        )
      }
      await requireInvitationsLeft(tx, caller)
      const now = clock.now()
      const token = newToken()
      const person = await store.insertPerson(tx, {
        id: newUuid(),
        account_id: caller.accountId,
        email: input.email,
        name: input.name?.trim() ?? '',
        role: input.role,
        invited_at: now,
        invitation_hash: hashOf(token),
        invitation_expires_at: expiryFrom(now),
        created_at: now,
      })
      await send(tx, caller, input.email, token)
      await tellOf(tx, caller, 'invite', person)
      return person
    },

    /** The former link is good for nothing any more. */
    async resend(tx: Tx, caller: Caller, id: string) {
      requirePermission(caller, 'people.manage')
      await accounts.lock(tx, caller.accountId)
      const person = await require(tx, caller, id)
      requireWithin(caller, person.role)
      if (person.joined_at !== null || person.email === null) {
        throw new DomainError(
          'VALIDATION_ERROR',
          'They belong to the account; there is nothing to accept',
        )
      }
      const now = clock.now()
      if (person.invited_at !== null && now.getTime() - person.invited_at.getTime() < resendMs) {
        throw new DomainError(
          'LIMIT_EXCEEDED',
          'An invitation was sent less than a minute ago; wait a moment',
        )
      }
      await requireInvitationsLeft(tx, caller)
      const token = newToken()
      const updated = await store.updatePerson(tx, caller.accountId, person.id, {
        invited_at: now,
        invitation_hash: hashOf(token),
        invitation_expires_at: expiryFrom(now),
      })
      await send(tx, caller, person.email, token)
      await tellOf(tx, caller, 'invite', updated)
      return updated
    },

    async change(tx: Tx, caller: Caller, id: string, { role, name }: ChangePersonRequest) {
      await accounts.lock(tx, caller.accountId)
      const person = await require(tx, caller, id)
      if (role !== undefined || !isSelf(caller, person)) {
        requirePermission(caller, 'people.manage')
        requireWithin(caller, person.role)
      }
      if (role !== undefined && role !== person.role) {
        requireWithin(caller, role)
        if (!may(role, 'people.manage')) await requireOtherOwner(tx, person)
      }
      const set = { role: role ?? person.role, name: name?.trim() ?? person.name }
      const updated = await store.updatePerson(tx, caller.accountId, person.id, set)
      await tellOf(tx, caller, 'update', updated, changes(person, set))
      await accounts.changed(tx, caller.accountId)
      return updated
    },

    /** Or leaves, when it is the caller. What they have deployed stays. */
    async remove(tx: Tx, caller: Caller, id: string) {
      await accounts.lock(tx, caller.accountId)
      const person = await require(tx, caller, id)
      const leaves = isSelf(caller, person)
      if (!leaves) {
        requirePermission(caller, 'people.manage')
        requireWithin(caller, person.role)
      }
      await requireOtherOwner(tx, person)
      const removed = await store.updatePerson(tx, caller.accountId, person.id, {
        removed_at: clock.now(),
        invitation_hash: null,
        invitation_expires_at: null,
      })
      await accounts.revokeKeysOf(tx, caller.accountId, caller, person.id)
      if (person.auth_user_id !== null) await endSessions(tx, person.auth_user_id)
      await tellOf(tx, caller, leaves ? 'leave' : 'remove', removed)
      await accounts.changed(tx, caller.accountId)
      return removed
    },
  }
}

export type PeopleService = ReturnType<typeof createPeopleService>

/** A key that was made to do less than they may is not they. */
const isSelf = ({ personId, role }: Caller, person: store.Person) =>
  personId === person.id && role === person.role

/** Names stand in mails, where they must not look like something else. */
const oneLine = (text: string) => text.replaceAll(/\p{C}+/gu, ' ')

function requireWithin(caller: Caller, role: store.Person['role']) {
  if (isWithin(role, caller.role)) return
  throw new DomainError(
    'PERMISSION_DENIED',
    `Only an ${role} decides about an ${role}; you are an ${caller.role}`,
  )
}

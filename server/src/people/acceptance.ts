/**
 * Somebody who belongs to an account already joins another. Theirs is left behind, which must lose
 * nothing and leave nobody alone in it.
 */
import { currencies } from '@garrison/contract/common'
import { recordAudit } from '../accounts/audit.ts'
import type { AccountService } from '../accounts/service.ts'
import { balances } from '../billing/ledger.ts'
import type { Caller } from '../caller.ts'
import type { Clock } from '../clock.ts'
import type { Tx } from '../database/database.ts'
import { DomainError, NotFound } from '../errors.ts'
import { formatMoney } from '../money.ts'
import { hashOf } from './invitations.ts'
import * as store from './store.ts'

export function createAcceptance({ clock, accounts }: { clock: Clock; accounts: AccountService }) {
  async function requireInvitation(tx: Tx, token: string) {
    const found = await store.findInvitation(tx, hashOf(token))
    const expires = found?.invitation_expires_at
    if (found === undefined || !expires || expires <= clock.now()) {
      throw new DomainError(
        'NOT_FOUND',
        'This invitation is unknown, used or too old; ask for a new one',
      )
    }
    return found
  }

  /** Also that nobody else is in it: they would be alone. */
  async function requireEmpty(tx: Tx, { accountId, accountPublicId }: Caller, own: store.Person) {
    const others = (await store.listPeople(tx, accountId)).filter(({ id }) => id !== own.id)
    const left = await balances(tx, accountId)
    const reasons = [
      ...(others.length > 0
        ? [others.length === 1 ? '1 other person' : `${others.length} other people`]
        : []),
      ...(await store.inventory(tx, accountId)),
      ...currencies
        .filter((currency) => left[currency] !== 0)
        .map((currency) => `a balance of ${formatMoney(left[currency], currency)}`),
    ]
    if (reasons.length === 0) return
    throw new DomainError(
      'ACCOUNT_NOT_EMPTY',
      `You belong to the account ${accountPublicId}, which has ${reasons.join(', ')}. ${
        others.length > 0 ? 'Leave it first' : 'Delete first what is in it'
      }, and accept then`,
    )
  }

  return {
    /** Answers the person that they are from now on, and their new account. */
    async accept(tx: Tx, caller: Caller, token: string) {
      const { account_id: accountId } = await requireInvitation(tx, token)
      if (caller.personId === null) {
        throw new DomainError(
          'PERMISSION_DENIED',
          'An invitation is accepted by a person: sign in, or use a key that you made yourself',
        )
      }
      // Always in the same order, so that two people who swap accounts do not wait for each other.
      for (const id of [...new Set([accountId, caller.accountId])].sort())
        await accounts.lock(tx, id)
      const invitation = await requireInvitation(tx, token)
      const own = await store.findPerson(tx, caller.accountId, caller.personId)
      if (own === undefined) throw new NotFound('Person', caller.personId)
      if (accountId === caller.accountId) {
        throw new DomainError('NAME_ALREADY_EXISTS', 'You belong to this account already')
      }
      if (own.email?.toLowerCase() !== invitation.email?.toLowerCase()) {
        throw new DomainError(
          'PERMISSION_DENIED',
          `This invitation is for ${invitation.email}; sign in with that address`,
        )
      }
      await requireEmpty(tx, caller, own)
      await leaveBehind(tx, caller, own)
      const now = clock.now()
      const person = await store.updatePerson(tx, accountId, invitation.id, {
        auth_user_id: own.auth_user_id,
        name: invitation.name || own.name,
        joined_at: now,
        invitation_hash: null,
        invitation_expires_at: null,
      })
      const actor = { ...caller, accountId, personId: person.id, keyId: null, keyName: null }
      const about = { subjectKind: 'person', subjectId: person.id }
      const detail = { email: person.email, role: person.role }
      await recordAudit(tx, actor, { action: 'person.join', ...about, detail }, now)
      await accounts.changed(tx, accountId)
      const { account_public_id: id, account_name: name } = invitation
      return { person, account: { id, name } }
    },
  }

  async function leaveBehind(tx: Tx, caller: Caller, own: store.Person) {
    const now = clock.now()
    await store.updatePerson(tx, caller.accountId, own.id, { removed_at: now })
    await store.releaseEmail(tx, caller.accountId)
    await accounts.revokeKeysOf(tx, caller.accountId, caller)
    const about = { subjectKind: 'person', subjectId: own.id, detail: { email: own.email } }
    await recordAudit(tx, caller, { action: 'person.leave', ...about }, now)
    await accounts.changed(tx, caller.accountId)
  }
}

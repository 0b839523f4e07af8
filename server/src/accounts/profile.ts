/** Whom an account bills, and in which currency: that of the country. */
import type { ProfileRequest } from '@garrison/contract/accounts/account'
import { currencyOfCountry, findCountry } from '@garrison/contract/accounts/countries'
import { asTaxNumber, taxNumberProblem } from '@garrison/contract/accounts/profile-rules'
import { fieldRequired } from '@garrison/contract/validation-words'
import { whyCurrencyStays } from '../billing/commitments.ts'
import type { Caller } from '../caller.ts'
import type { Clock } from '../clock.ts'
import type { Database, Tx } from '../database/database.ts'
import { DomainError, ValidationError } from '../errors.ts'
import { recordEvent } from '../events/outbox.ts'
import { recordAudit } from './audit.ts'
import { changes } from './changes.ts'
import { requirePermission } from './permission.ts'
import type { AccountService } from './service.ts'
import * as store from './store.ts'

export function createProfileService(deps: { clock: Clock; accounts: AccountService }) {
  const { clock, accounts } = deps

  /** Refused while money or anything that costs is left in the old one. */
  async function currencyFor(tx: Tx, account: store.Account, country: string) {
    const currency = currencyOfCountry(country)
    if (country === account.country || currency === account.currency) return account.currency
    const reason = await whyCurrencyStays(tx, account, currency)
    if (reason === null) return currency
    throw new DomainError(
      'CURRENCY_IN_USE',
      `With this country the account would pay in ${currency} instead of ${account.currency}, which is not possible yet: ${reason}. Nothing was changed`,
    )
  }

  return {
    get: (db: Database | Tx, caller: Caller) => accounts.require(db, caller.accountPublicId),

    /** Null when nobody signed in, nor made the key. */
    async person(db: Database, { accountId, personId }: Caller) {
      if (personId === null) return null
      return (await store.findPerson(db, accountId, personId)) ?? null
    },

    async update(tx: Tx, caller: Caller, input: ProfileRequest) {
      requirePermission(caller, 'profile.change')
      await accounts.lock(tx, caller.accountId)
      const account = await accounts.require(tx, caller.accountPublicId)
      const country = input.country === undefined ? account.country : findCountry(input.country)
      if (country === null) throw new ValidationError({ country: [fieldRequired] })
      const taxNumber = textOrNull(input.tax_id)
      const wrong = taxNumberProblem(country, taxNumber ?? '')
      if (wrong !== null) throw new ValidationError({ tax_id: [wrong] })
      const fields = {
        name: input.name.trim(),
        phone: textOrNull(input.phone),
        address_line: input.address_line.trim(),
        city: textOrNull(input.city),
        state: textOrNull(input.state),
        postal_code: input.postal_code.trim(),
        tax_id: taxNumber === null ? null : asTaxNumber(taxNumber),
        country,
        currency: await currencyFor(tx, account, country),
      }
      const updated = await store.updateAccount(tx, account.id, fields)
      const subject = { subjectKind: 'account', subjectId: account.public_id }
      const now = clock.now()
      await recordAudit(
        tx,
        caller,
        { action: 'account.update', ...subject, ...changes(account, fields) },
        now,
      )
      const data = { currency: updated.currency, country: updated.country }
      await recordEvent(
        tx,
        { accountId: account.id, kind: 'account.updated', ...subject, data },
        now,
      )
      if (updated.currency !== account.currency) await accounts.changed(tx, account.id)
      return updated
    },
  }
}

export type ProfileService = ReturnType<typeof createProfileService>

const textOrNull = (text: string | null | undefined) => text?.trim() || null

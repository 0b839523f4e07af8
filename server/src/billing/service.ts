/** May the caller afford it? And what is left. Metering writes to the same ledger. */
import type { Currency } from '@garrison/contract/common'
import type { AccountService } from '../accounts/service.ts'
import type { Caller } from '../caller.ts'
import type { Clock } from '../clock.ts'
import type { Database, Tx } from '../database/database.ts'
import { DomainError } from '../errors.ts'
import { formatMoney, fromDecimal } from '../money.ts'
import { balances, postTransaction } from './ledger.ts'
import { costOf } from './records.ts'

/** What storage asks to be there, so that it is not taken away again at once. */
const storageThreshold = { USD: 1, EUR: 1, INR: 100 } as const satisfies Record<Currency, number>

export type BillingMode = 'off' | 'prepaid'

export function createBillingService(deps: {
  clock: Clock
  mode: BillingMode
  accounts: AccountService
}) {
  const { clock, mode, accounts } = deps

  async function requireCredits(db: Database | Tx, caller: Caller, micros: number) {
    if (mode === 'off') return
    const left = (await balances(db, caller.accountId))[caller.currency]
    if (left >= micros && left > 0) return
    throw new DomainError(
      'INSUFFICIENT_CREDITS',
      `This needs ${formatMoney(micros, caller.currency)} in credits and ${formatMoney(left, caller.currency)} are left; add credits first`,
    )
  }

  return {
    mode,

    /** An hour at the full rate, so that nothing starts which stops at once. */
    requireCredits,

    requireStorageCredits: (db: Database | Tx, caller: Caller) =>
      requireCredits(db, caller, fromDecimal(storageThreshold[caller.currency])),

    /** Where credits are needed, so is somebody who can be billed. */
    async requireProfile(db: Database | Tx, caller: Caller) {
      if (mode === 'off') return
      if (await accounts.hasCompleteProfile(db, caller)) return
      throw new DomainError(
        'PROFILE_INCOMPLETE',
        'Complete your profile first: address line, postal code and country are needed',
      )
    },

    balances: (db: Database, caller: Caller) => balances(db, caller.accountId),

    /** What an instance has cost since it was made, in micro-units. */
    costOf: (db: Database, { account_id, id }: { account_id: string; id: string }) =>
      costOf(db, account_id, id),

    isLow: (currency: Currency, micros: number) =>
      mode === 'prepaid' && micros < fromDecimal(storageThreshold[currency]),

    /** Credits that the operator gives. The same reference gives once. */
    grant(
      tx: Tx,
      grant: {
        accountId: string
        currency: Currency
        micros: number
        description: string
        reference?: string
      },
    ) {
      const { accountId, currency, micros, ...about } = grant
      return postTransaction(
        tx,
        {
          kind: 'grant',
          ...about,
          entries: [
            { accountId, kind: 'credits', currency, micros },
            { accountId: null, kind: 'grants', currency, micros: -micros },
          ],
        },
        clock.now(),
      )
    },
  }
}

export type BillingService = ReturnType<typeof createBillingService>

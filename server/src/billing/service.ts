/** May the caller afford it? And what is left. Metering writes to the same ledger. */
import type { Currency } from '@garrison/contract/common'
import type { AccountService } from '../accounts/service.ts'
import type { BudgetGate } from '../budgets/service.ts'
import type { Caller } from '../caller.ts'
import type { Clock } from '../clock.ts'
import type { Database, Tx } from '../database/database.ts'
import { DomainError } from '../errors.ts'
import { formatMoney, fromDecimal } from '../money.ts'
import { balances, bookedAs, postTransaction } from './ledger.ts'
import { burnRate, costOf } from './records.ts'

/** What storage asks to be there, so that it is not taken away again at once. */
const storageThreshold = { USD: 1, EUR: 1, INR: 100 } as const satisfies Record<Currency, number>

const oneCent = fromDecimal(0.01)
/** Never less than is needed. */
const toWholeCents = (micros: number) => Math.ceil(micros / oneCent) * oneCent

export type BillingMode = 'off' | 'prepaid'

export function createBillingService(deps: {
  clock: Clock
  mode: BillingMode
  accounts: AccountService
  budgets: BudgetGate
}) {
  const { clock, mode, accounts, budgets } = deps

  /** `what`: made earlier, so that also the budget of the key that made it is asked. */
  async function requireCredits(
    db: Database | Tx,
    caller: Caller,
    micros: number,
    what?: { api_key_id: string | null },
  ) {
    if (mode === 'off') return
    const { currency } = caller
    const left = (await balances(db, caller.accountId))[currency]
    if (left < micros || left <= 0) {
      const missing = Math.max(micros - left, oneCent)
      throw new DomainError(
        'INSUFFICIENT_CREDITS',
        `This needs ${formatMoney(toWholeCents(micros), currency)} in credits and ${formatMoney(left, currency)} are left; add at least ${formatMoney(toWholeCents(missing), currency)} first`,
      )
    }
    await budgets.requireLeft(db, caller, what?.api_key_id)
  }

  return {
    mode,

    /** An hour at the full rate, so that nothing starts which stops at once. */
    requireCredits,

    /** Anything at all, for what begins later by itself. */
    requireSomeCredits: (db: Database | Tx, caller: Caller) => requireCredits(db, caller, oneCent),

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

    /** Micro-units per hour of everything that is billed right now; 0 where nothing is charged. */
    burnRate: async (db: Database, caller: Caller) =>
      mode === 'off' ? 0 : burnRate(db, caller.accountId, caller.currency),

    balances: (db: Database, caller: Caller) => balances(db, caller.accountId),

    /** What an instance has cost since it was made, in micro-units. */
    costOf: (db: Database, { account_id, id }: { account_id: string; id: string }) =>
      costOf(db, account_id, id),

    isLow: (currency: Currency, micros: number) =>
      mode === 'prepaid' && micros < fromDecimal(storageThreshold[currency]),

    /** Credits that the operator gives. The same reference gives once. */
    /**
     * Gives credits, or takes them back; `micros` is not zero. False when the reference was booked before.
     * @throws DomainError when something else was booked under it.
     */
    async grant(
      tx: Tx,
      grant: {
        accountId: string
        currency: Currency
        micros: number
        description: string
        /** `grant ACCOUNT WORDS`: the operator says the words. */
        reference?: string
      },
    ): Promise<boolean> {
      const { accountId, currency, micros, ...about } = grant
      const granted = await postTransaction(
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
      if (granted || about.reference === undefined) return granted
      const booked = await bookedAs(tx, about.reference)
      if (booked?.amount_micros === micros && booked.currency === currency) return false
      const words = about.reference.split(' ').slice(2).join(' ')
      throw new DomainError(
        'IDEMPOTENCY_KEY_REUSED',
        `Another amount was granted as "${words}" before; choose another reference`,
      )
    },
  }
}

export type BillingService = ReturnType<typeof createBillingService>

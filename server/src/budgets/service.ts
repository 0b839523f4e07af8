/**
 * What an account, or one of its keys, may use in a calendar month. At the cap nothing new begins, and
 * the watch beside the meter hibernates what runs; nothing is destroyed, and nothing restarts by itself.
 */
import { recordAudit } from '../accounts/audit.ts'
import { requirePermission } from '../accounts/permission.ts'
import type { ApiKeyService } from '../api-keys/service.ts'
import type { BillingMode } from '../billing/service.ts'
import { bearingKey, type Caller } from '../caller.ts'
import type { Clock } from '../clock.ts'
import type { Database, Tx } from '../database/database.ts'
import { DomainError } from '../errors.ts'
import { recordEvent } from '../events/outbox.ts'
import { formatMoney, toDecimal } from '../money.ts'
import { isReached, monthOf } from './rules.ts'
import * as store from './store.ts'

export function createBudgetService(deps: {
  clock: Clock
  mode: BillingMode
  apiKeys: ApiKeyService
}) {
  const { clock, mode, apiKeys } = deps

  /** A cap of earlier can always be taken away. */
  function requireCharging(capMicros: number | null) {
    if (mode !== 'off' || capMicros === null) return
    throw new DomainError(
      'VALIDATION_ERROR',
      'Nothing is charged on this installation, so there is nothing to limit; its operator can set billing.mode to prepaid',
    )
  }

  async function requireLeftOf(db: Database | Tx, caller: Caller, keyId: string | null) {
    const bearer = { accountId: caller.accountId, keyId }
    const capMicros = await store.capOf(db, bearer)
    if (capMicros == null) return
    const month = monthOf(clock.now())
    const usedMicros = await store.usedIn(db, bearer, caller.currency, month)
    if (!isReached({ capMicros, usedMicros })) return
    const name = keyId === null ? null : await apiKeys.nameOf(db, caller.accountId, keyId)
    const whose = name === null ? '' : ` of the API key "${name}"`
    const money = (micros: number) => formatMoney(micros, caller.currency)
    throw new DomainError(
      'BUDGET_REACHED',
      `The monthly budget${whose} of ${money(capMicros)} is used up: ${money(usedMicros)} were used; raise it, or wait until the month ends at ${month.ends.toISOString()}`,
    )
  }

  async function status(db: Database | Tx, caller: Caller, keyId: string | null) {
    const bearer = { accountId: caller.accountId, keyId }
    const month = monthOf(clock.now())
    const [capMicros, days, burnMicros, watch] = [
      await store.capOf(db, bearer),
      await store.usedByDay(db, bearer, caller.currency, month),
      mode === 'off' ? 0 : await store.burnOf(db, bearer, caller.currency),
      await store.findWatch(db, bearer),
    ]
    return {
      ...{ month, days, burnMicros, now: clock.now(), currency: caller.currency },
      capMicros: capMicros ?? null,
      usedMicros: days.reduce((sum, { micros }) => sum + micros, 0),
      reachedAt: watch?.month === month.first ? watch.reached_at : null,
    }
  }

  async function change(
    tx: Tx,
    caller: Caller,
    keyId: string | null,
    subject: { kind: string; id: string },
    capMicros: number | null,
  ) {
    requirePermission(caller, 'budget.change')
    requireCharging(capMicros)
    const bearer = { accountId: caller.accountId, keyId }
    const before = await store.capOf(tx, bearer, { forUpdate: true })
    await store.setCap(tx, bearer, capMicros)
    const now = clock.now()
    const about = { subjectKind: subject.kind, subjectId: subject.id }
    const cap = (micros: number | null) => ({
      monthly_cap: micros === null ? null : toDecimal(micros),
      currency: caller.currency,
    })
    const values = { before: cap(before ?? null), after: cap(capMicros) }
    await recordAudit(tx, caller, { action: 'budget.change', ...about, ...values }, now)
    await recordEvent(
      tx,
      {
        ...{ accountId: caller.accountId, kind: 'budget.changed', ...about },
        data: cap(capMicros),
      },
      now,
    )
    return status(tx, caller, keyId)
  }

  return {
    /** Asks the account's budget, that of the key which is to bear it, and that of whoever made `madeBy`. */
    async requireLeft(db: Database | Tx, caller: Caller, madeBy?: string | null) {
      if (mode === 'off') return
      await requireLeftOf(db, caller, null)
      const keys = new Set([bearingKey(caller), madeBy ?? null])
      for (const key of keys) if (key !== null) await requireLeftOf(db, caller, key)
    },

    ofAccount: (db: Database | Tx, caller: Caller) => status(db, caller, null),

    async ofKey(db: Database | Tx, caller: Caller, keyId: string) {
      const { id, name } = await apiKeys.require(db, caller, keyId)
      return { key: { id, name }, status: await status(db, caller, id) }
    },

    /** `capMicros`: null takes the cap away. */
    setOfAccount(tx: Tx, caller: Caller, capMicros: number | null) {
      const subject = { kind: 'account', id: caller.accountPublicId }
      return change(tx, caller, null, subject, capMicros)
    },

    async setOfKey(tx: Tx, caller: Caller, keyId: string, capMicros: number | null) {
      const { id, name } = await apiKeys.require(tx, caller, keyId)
      const changed = await change(tx, caller, id, { kind: 'api-key', id }, capMicros)
      return { key: { id, name }, status: changed }
    },
  }
}

export type BudgetService = ReturnType<typeof createBudgetService>
export type BudgetGate = Pick<BudgetService, 'requireLeft'>
export type BudgetStatus = Awaited<ReturnType<BudgetService['ofAccount']>>

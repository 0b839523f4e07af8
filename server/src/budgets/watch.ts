/**
 * Looks after budgets, after each round of the meter: tells when a part of one is used, and hibernates
 * what runs once all of it is. A cap that was raised, or a month that begins, only means that the next
 * look finds nothing to do.
 */
import { budgetThresholds } from '@garrison/contract/budgets/thresholds'
import type { AccountService } from '../accounts/service.ts'
import type { ApiKeyService } from '../api-keys/service.ts'
import type { BillingMode } from '../billing/service.ts'
import type { Clock } from '../clock.ts'
import { type Database, isUnavailable, type Tx, transaction } from '../database/database.ts'
import type { HibernateSome } from '../depletion/hibernating.ts'
import { recordEvent } from '../events/outbox.ts'
import type { Log } from '../log.ts'
import { queueMail } from '../mail/queue.ts'
import { toDecimal } from '../money.ts'
import { isReached, look, monthOf } from './rules.ts'
import * as store from './store.ts'
import { budgetWords } from './words.ts'

const whole = budgetThresholds.at(-1)

export function createBudgetWatch(deps: {
  db: Database
  clock: Clock
  mode: BillingMode
  accounts: AccountService
  apiKeys: ApiKeyService
  hibernateSome: HibernateSome
  log: Log
}) {
  const { db, clock, mode, accounts, apiKeys, hibernateSome, log } = deps

  /** Looks at all of them once. */
  async function run() {
    if (mode === 'off') return
    for (const capped of await store.allCapped(db, monthOf(clock.now()))) {
      const before = watchOf(capped)
      const seen = look(before, capped, monthOf(clock.now()).first)
      const unchanged = before?.told === seen.told && before.month === seen.month
      if (unchanged && !isReached(capped)) continue
      await settle(capped).catch((error: unknown) => {
        if (isUnavailable(error)) throw error
        log('error', 'cannot look after a budget', { account: capped.accountId, error })
      })
    }
  }

  async function settle(capped: store.Capped) {
    while (await transaction(db, (tx) => settleSome(tx, capped)));
  }

  /** Whether there is more to be done at once. Everything is read again, with the cap held. */
  async function settleSome(tx: Tx, bearer: store.Capped): Promise<boolean> {
    const now = clock.now()
    const month = monthOf(now)
    const capMicros = await store.capOf(tx, bearer, { forUpdate: true })
    if (capMicros == null) return false
    const use = { capMicros, usedMicros: await store.usedIn(tx, bearer, bearer.currency, month) }
    const before = await store.findWatch(tx, bearer)
    const seen = look(before, use, month.first)
    const stays = before?.month === seen.month ? before.reached_at : null
    const reachedAt = seen.told === whole ? (stays ?? now) : null
    await store.saveWatch(tx, bearer, { ...seen, reachedAt })
    if (seen.tell !== null) await tell(tx, bearer, use, seen.tell, now)
    if (!isReached(use)) return false
    return hibernateSome(tx, bearer.accountId, bearer.keyId, 'budget')
  }

  async function tell(
    tx: Tx,
    { accountId, keyId, currency }: store.Capped,
    use: { capMicros: number; usedMicros: number },
    percent: number,
    now: Date,
  ) {
    const { accountPublicId } = await accounts.onBehalfOf(tx, accountId)
    const keyName = keyId === null ? null : await apiKeys.nameOf(tx, accountId, keyId)
    await recordEvent(
      tx,
      {
        accountId,
        kind: percent === whole ? 'budget.reached' : 'budget.warning',
        subjectKind: keyId === null ? 'account' : 'api-key',
        subjectId: keyId ?? accountPublicId,
        data: {
          ...{ percent, currency },
          ...{ monthly_cap: toDecimal(use.capMicros), used: toDecimal(use.usedMicros) },
        },
      },
      now,
    )
    const words = budgetWords({ ...use, currency, percent, keyName }, now)
    for (const to of await accounts.payers(tx, accountId))
      await queueMail(tx, { accountId, to, ...words }, now)
  }

  return { run }
}

const watchOf = ({ month, told }: store.Capped) =>
  month === null || told === null ? null : { month, told }

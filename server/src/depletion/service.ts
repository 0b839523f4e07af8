/** How an account stands: for those who ask. What follows from it, the watch does. */
import type { BillingService } from '../billing/service.ts'
import type { Caller } from '../caller.ts'
import type { Clock } from '../clock.ts'
import type { Database } from '../database/database.ts'
import { graceEnds, hoursLeft, runsOutAt, stageOf } from './rules.ts'
import { findStanding } from './store.ts'

export function createDepletionService({
  clock,
  billing,
}: {
  clock: Clock
  billing: BillingService
}) {
  return {
    /** Money in micro-units of the caller's currency, spending per hour. */
    async outlook(db: Database, caller: Caller) {
      const balances = await billing.balances(db, caller)
      const burnMicros = await billing.burnRate(db, caller)
      const funds = { balanceMicros: balances[caller.currency], burnMicros }
      const charged = billing.mode !== 'off'
      const standing = charged ? await findStanding(db, caller.accountId) : undefined
      const { depleted_at = null, reclaim_from = null } = standing ?? {}
      const now = clock.now()
      return {
        ...{ ...funds, balances, now },
        hoursLeft: hoursLeft(funds),
        runsOutAt: runsOutAt(funds, now),
        stage: charged ? stageOf(funds) : null,
        depletedAt: depleted_at,
        reclaimsAt: reclaim_from === null ? null : graceEnds(reclaim_from),
      }
    },
  }
}

export type DepletionService = ReturnType<typeof createDepletionService>

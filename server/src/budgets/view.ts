/** From what is known of a budget to what the API answers. */
import type { Budget } from '@garrison/contract/budgets/routes'
import { budgetThresholds } from '@garrison/contract/budgets/thresholds'
import { toDecimal } from '../money.ts'
import { forecast, isReached, reachedAt } from './rules.ts'
import type { BudgetStatus } from './service.ts'

export function budgetAnswer(status: BudgetStatus): Budget {
  const { month, days, capMicros, usedMicros, burnMicros, now, currency } = status
  const use = capMicros === null ? null : { capMicros, usedMicros }
  return {
    monthly_cap: capMicros === null ? null : toDecimal(capMicros),
    currency,
    month: month.first.slice(0, 7),
    month_ends_at: month.ends.toISOString(),
    used: toDecimal(usedMicros),
    remaining: use && toDecimal(Math.max(0, use.capMicros - use.usedMicros)),
    used_percent: use && Math.floor((use.usedMicros * 100) / use.capMicros),
    warning_thresholds: [...budgetThresholds],
    burn_per_hour: toDecimal(burnMicros),
    forecast: toDecimal(forecast(usedMicros, burnMicros, now)),
    reaches_cap_at: (use && reachedAt(use, burnMicros, now)?.toISOString()) ?? null,
    reached: use !== null && isReached(use),
    reached_at: status.reachedAt?.toISOString() ?? null,
    days: days.map(({ day, micros }) => ({ date: day, amount: toDecimal(micros) })),
  }
}

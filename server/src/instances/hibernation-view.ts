/** What the API answers about hibernation. */
import type { Currency } from '@garrison/contract/common'
import type { HibernationMetrics, RecentHibernation } from '@garrison/contract/instances/routes'
import { toDecimal } from '../money.ts'
import type { Instance } from './store.ts'
import { gpuType } from './view.ts'

const msPerMinute = 60_000

const minutesSince = (row: Instance, now: Date) =>
  Math.max(0, Math.floor((now.getTime() - (row.hibernated_at ?? now).getTime()) / msPerMinute))

const cost = (hourlyMicros: number, minutes: number) =>
  toDecimal(Math.round((hourlyMicros * minutes) / 60))

export function recentHibernation(row: Instance, now: Date): RecentHibernation {
  const minutes = minutesSince(row, now)
  return {
    instance_id: row.public_id,
    vm_name: row.name,
    gpu_type: gpuType(row.gpu_model),
    gpu_count: row.gpu_count,
    region: row.region,
    hibernated_at: (row.hibernated_at ?? now).toISOString(),
    hours_hibernated: Math.round((minutes / 60) * 100) / 100,
    cost: cost(row.hibernation_rate_micros ?? 0, minutes),
  }
}

/** Sums over what is billed in the currency; others are not converted. */
export function hibernationMetrics(
  rows: readonly Instance[],
  currency: Currency,
  now: Date,
): HibernationMetrics {
  const billed = rows.filter((row) => row.currency === currency)
  const total = (of: (row: Instance) => number) => billed.reduce((sum, row) => sum + of(row), 0)
  const rate = (row: Instance) => row.hibernation_rate_micros ?? 0
  const perMinutes = (micros: (row: Instance) => number) =>
    toDecimal(Math.round(total((row) => (micros(row) * minutesSince(row, now)) / 60)))
  return {
    hourly_rate: toDecimal(total(rate)),
    total_minutes: total((row) => minutesSince(row, now)),
    total_cost: perMinutes(rate),
    estimated_savings: perMinutes((row) => row.hourly_rate_micros - rate(row)),
    currency,
  }
}

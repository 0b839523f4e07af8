/** What a machine costs while it is hibernated. */
import type { Currency } from '@garrison/contract/common'
import { fromDecimal } from '../money.ts'
import type { PriceTable } from './table.ts'

/** Of the running rate: what the published claim of saving 95 % leaves. */
const shareOfRunning = 0.05

/** Micro-units per hour. One that keeps its capacity keeps others from it, and pays for it. */
export function hibernationRate(
  { hibernated }: Pick<PriceTable, 'hibernated'>,
  machine: { hourly_rate_micros: number; currency: Currency; retain_capacity: boolean },
): number {
  const { hourly_rate_micros, currency, retain_capacity } = machine
  if (retain_capacity) return hourly_rate_micros
  return Math.min(
    fromDecimal(hibernated[currency]),
    Math.round(hourly_rate_micros * shareOfRunning),
  )
}

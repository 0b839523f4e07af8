/** Months, caps and what is used of them, as plain functions. Months are UTC's. */
import { budgetThresholds } from '@garrison/contract/budgets/thresholds'

const hourMs = 60 * 60_000

export type Month = {
  /** `2026-01-01` */
  readonly first: string
  readonly begins: Date
  /** The first moment that is not in it any more. */
  readonly ends: Date
}

export function monthOf(at: Date): Month {
  const begins = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1))
  const ends = new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1))
  return { first: begins.toISOString().slice(0, 10), begins, ends }
}

/** Micro-units. */
export type Use = {
  readonly capMicros: number
  readonly usedMicros: number
}

export const isReached = ({ capMicros, usedMicros }: Use) => usedMicros >= capMicros

/** The highest of the thresholds that is reached, in percent; 0: none. */
export function thresholdAt({ capMicros, usedMicros }: Use): number {
  return budgetThresholds.filter((percent) => usedMicros * 100 >= capMicros * percent).at(-1) ?? 0
}

export type Watch = { readonly month: string; readonly told: number }

/**
 * What is known afterwards, and the percentage to tell people of, if it is news. A new month begins anew,
 * a clock that went back does not; a cap that was raised takes back what is no longer true.
 */
export function look(
  before: Watch | null,
  use: Use,
  month: string,
): { month: string; told: number; tell: number | null } {
  if (before !== null && before.month > month) return { ...before, tell: null }
  const told = before?.month === month ? before.told : 0
  const at = thresholdAt(use)
  return { month, told: at, tell: at > told ? at : null }
}

/** What the whole month comes to when it goes on as now. @param burnMicros Per hour. */
export function forecast(usedMicros: number, burnMicros: number, now: Date): number {
  const left = Math.max(0, monthOf(now).ends.getTime() - now.getTime())
  return usedMicros + Math.round((burnMicros * left) / hourMs)
}

/** When the cap is reached if it goes on as now; null: not in this month. */
export function reachedAt({ capMicros, usedMicros }: Use, burnMicros: number, now: Date) {
  const left = capMicros - usedMicros
  if (left <= 0) return now
  if (burnMicros <= 0) return null
  const at = new Date(Math.min(8.64e15, now.getTime() + (left / burnMicros) * hourMs))
  return at < monthOf(now).ends ? at : null
}

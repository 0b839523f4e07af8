/** Tables of budgets and of what happens when credits run out. */

import type { DepletionStage } from '@garrison/contract/billing/depletion'
import type { Currency } from '@garrison/contract/common'
import type { ColumnType } from 'kysely'
import type { Fixed } from './columns.ts'

export type DepletionSchema = {
  usage_days: UsageDaysTable
  depletions: DepletionsTable
  budget_watches: BudgetWatchesTable
}

/** Kept by a trigger on the ledger. */
type UsageDaysTable = {
  account_id: Fixed<string>
  currency: Fixed<Currency>
  /** Written as text, `2026-01-10`; read as such only with a cast. */
  day: Fixed<string>
  api_key_id: Fixed<string | null>
  micros: Fixed<number>
}

type DepletionsTable = {
  account_id: Fixed<string>
  stage: DepletionStage
  told: DepletionStage
  told_at: Date | null
  told_balance_micros: number | null
  depleted_at: Date | null
  floor_micros: number | null
  reclaim_from: Date | null
  reminded_day: number
  updated_at: Date
}

type BudgetWatchesTable = {
  account_id: Fixed<string>
  api_key_id: Fixed<string | null>
  month: ColumnType<string, string, string>
  told: number
  reached_at: Date | null
}

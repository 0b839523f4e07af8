/** The table of what was asked of models. */
import type { Currency } from '@garrison/contract/common'
import type { Generated } from 'kysely'
import type { Fixed } from './columns.ts'

export type AssistantSchema = {
  ai_transactions: AiTransactionsTable
}

type AiTransactionsTable = {
  id: Fixed<string>
  /** `AIT_` and 10 letters or digits. */
  public_id: Fixed<string>
  account_id: Fixed<string>
  api_key_id: Fixed<string | null>
  model: Fixed<string>
  status: 'running' | 'completed' | 'failed'
  currency: Fixed<Currency>
  held_micros: number
  held_until: Date
  prompt_tokens: Generated<number>
  completion_tokens: Generated<number>
  cost_micros: Generated<number>
  charged_micros: Generated<number>
  created_at: Fixed<Date>
  ended_at: Date | null
}

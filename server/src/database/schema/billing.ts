/** Tables of what is used and what it costs, and of the ledger. */
import type { Currency, Tier } from '@garrison/contract/common'
import type { Generated } from 'kysely'
import type { Fixed } from './columns.ts'

export type BillingSchema = {
  billing_records: BillingRecordsTable
  ledger_accounts: LedgerAccountsTable
  ledger_transactions: LedgerTransactionsTable
  ledger_entries: LedgerEntriesTable
}

/** Opened and ended by triggers; only the meter writes here. */
type BillingRecordsTable = {
  id: Generated<number>
  billing_id: Fixed<string>
  account_id: Fixed<string>
  resource_kind: Fixed<'instance' | 'snapshot' | 'volume' | 'microvm' | 'microvm-snapshot'>
  resource_id: Fixed<string>
  resource_public_id: Fixed<string>
  resource_name: Fixed<string>
  tier: Fixed<Tier>
  gpu_model: Fixed<string | null>
  gpu_count: Fixed<number | null>
  size_gb: Fixed<number | null>
  /** In place of GB, where those are too coarse. */
  size_bytes: Fixed<number | null>
  rate: Fixed<'full' | 'hibernated' | 'storage'>
  hourly_rate_micros: Fixed<number>
  currency: Fixed<Currency>
  started_at: Fixed<Date>
  ended_at: Date | null
  minutes: Generated<number>
  /** Of what is metered by the second; its minutes follow from them. */
  seconds: number | null
  cost_micros: Generated<number>
  charged_micros: Generated<number>
  metered_until: Date | null
  /** Of what it bills, by a trigger. */
  api_key_id: Fixed<string | null>
}

type LedgerAccountsTable = {
  id: string
  account_id: string | null
  kind: string
  currency: Currency
  /** Sum of its entries, kept by a trigger; 0 for the house's own accounts. */
  balance_micros: Generated<number>
}

type LedgerTransactionsTable = {
  id: string
  kind: string
  description: string
  /** Names what this pays for, once: the same reference is never booked twice. */
  reference: string | null
  /** Of usage: whose budget bears it. */
  api_key_id: string | null
  created_at: Date
}

type LedgerEntriesTable = {
  id: Generated<number>
  transaction_id: string
  ledger_account_id: string
  amount_micros: number
}

/** Tables of accounts and their SSH keys. */
import type { Currency } from '@garrison/contract/common'
import type { Fixed } from './columns.ts'

export type AccountsSchema = {
  accounts: AccountsTable
  counters: { account_id: string; kind: string; value: number }
  ssh_keys: SshKeysTable
}

type AccountsTable = {
  id: Fixed<string>
  public_id: Fixed<string>
  name: string
  email: string | null
  currency: Currency
  phone: string | null
  address_line: string | null
  city: string | null
  state: string | null
  postal_code: string | null
  country: string | null
  /** GSTIN or VAT number. */
  tax_id: string | null
  /** At most that is used in a calendar month (UTC); null: no limit. */
  monthly_budget_micros: number | null
  created_at: Fixed<Date>
}

type SshKeysTable = {
  id: Fixed<string>
  public_id: Fixed<string>
  account_id: Fixed<string>
  name: string
  public_key: Fixed<string>
  fingerprint: Fixed<string>
  key_type: Fixed<string>
  created_at: Fixed<Date>
}

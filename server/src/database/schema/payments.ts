/** The tables of `0018-payments`, where the meaning of their columns stands. */
import type { OrderState } from '@garrison/contract/billing/order-states'
import type { Currency } from '@garrison/contract/common'
import type { Generated, JSONColumnType } from 'kysely'
import type { Fixed } from './columns.ts'

export type PaymentsSchema = {
  credit_orders: CreditOrdersTable
  credit_payments: CreditPaymentsTable
  credit_refunds: CreditRefundsTable
  credit_movements: CreditMovementsTable
  receipt_numbers: { year: number; last: number }
}

/** One side of a receipt. */
export type ReceiptParty = {
  name: string
  address: string[]
  country: string | null
  email: string | null
  tax_id: string | null
}

export type TaxRule = { name: string; percent: number }

type CreditOrdersTable = {
  id: Fixed<string>
  public_id: Fixed<string>
  account_id: Fixed<string>
  state: OrderState
  provider: Fixed<string>
  provider_order_id: string | null
  package: Fixed<string | null>
  currency: Fixed<Currency>
  base_micros: Fixed<number>
  tax_micros: Fixed<number>
  tax_rule: JSONColumnType<TaxRule | null, string | null, never>
  refunded_micros: Generated<number>
  refunded_tax_micros: Generated<number>
  buyer: JSONColumnType<ReceiptParty, string, never>
  seller: JSONColumnType<ReceiptParty, string, never>
  payment_id: string | null
  receipt_number: string | null
  problem: string | null
  created_at: Fixed<Date>
  expires_at: Fixed<Date>
  updated_at: Date
  paid_at: Date | null
  ask_at: Date | null
}

type CreditPaymentsTable = {
  id: Fixed<string>
  account_id: Fixed<string>
  order_id: Fixed<string>
  provider: Fixed<string>
  provider_payment_id: Fixed<string>
  amount_micros: Fixed<number>
  currency: Fixed<string>
  problem: Fixed<string | null>
  created_at: Fixed<Date>
}

type CreditRefundsTable = {
  id: Fixed<string>
  provider: Fixed<string>
  provider_payment_id: Fixed<string>
  provider_refund_id: string | null
  account_id: string | null
  order_id: string | null
  source: Fixed<'operator' | 'provider'>
  state: 'requested' | 'processed' | 'failed'
  amount_micros: Fixed<number>
  currency: Fixed<string>
  credits_micros: number | null
  tax_micros: number | null
  reason: Fixed<string | null>
  problem: string | null
  created_at: Fixed<Date>
  updated_at: Date
  ask_at: Date | null
}

/** Written by a trigger alone. */
type CreditMovementsTable = {
  id: Generated<number>
  account_id: string
  currency: Currency
  kind: string
  description: string
  transaction_id: string | null
  reference: string | null
  amount_micros: number
  at: Date
}

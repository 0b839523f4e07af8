/** What ties an account to its currency. */
import { type Currency, currencies } from '@garrison/contract/common'
import { sql } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import { formatMoney } from '../money.ts'
import { balances } from './ledger.ts'

/** Named at most; of more it is only said how many. */
const named = 5

type Account = { readonly id: string; readonly currency: Currency }

/** Why the currency cannot become `wanted` now, for people; null when it can. */
export async function whyCurrencyStays(db: Database | Tx, account: Account, wanted: Currency) {
  const left = await balances(db, account.id)
  const amounts = currencies
    // Credits in the wanted one could not be spent in any other.
    .filter((currency) => currency !== wanted && left[currency] !== 0)
    .map((currency) =>
      // Less than a cent looks like nothing, and is not.
      Math.abs(left[currency]) < 10_000
        ? `${left[currency] < 0 ? '-' : ''}${(Math.abs(left[currency]) / 1_000_000).toFixed(6)} ${currency}`
        : formatMoney(left[currency], currency),
    )
  const priced = (await pricedThings(db, account.id, wanted)).map(
    ({ name, id }) => `${name} (${id})`,
  )
  const caps = (await budgets(db, account.id)).map(
    ({ key, micros }) =>
      `${key === null ? 'the account' : `the API key "${key}"`} (${formatMoney(micros, account.currency)})`,
  )
  const orders = await unpaidOrders(db, account.id, wanted)
  const reasons = [
    ...(amounts.length > 0 ? [`the balance is ${amounts.join(' and ')}`] : []),
    ...(priced.length > 0 ? [`these are billed in the old one: ${some(priced)}`] : []),
    ...(orders.length > 0
      ? [
          `these orders can still be paid in the old one, and expire if they are not: ${some(orders)}`,
        ]
      : []),
    ...(caps.length > 0 ? [`these have a monthly budget in the old one: ${some(caps)}`] : []),
  ]
  return reasons.length > 0 ? reasons.join('; ') : null
}

function some(names: readonly string[]) {
  const more = names.length - named
  return [...names.slice(0, named), ...(more > 0 ? [`${more} more`] : [])].join(', ')
}

/** What is there with a price in another currency, whatever its state, or ended and is not yet charged for. */
async function pricedThings(db: Database | Tx, accountId: string, wanted: Currency) {
  const { rows } = await sql<{ id: string; name: string }>`
    select public_id as id, name from instances
      where account_id = ${accountId} and deleted_at is null and currency <> ${wanted}
    union select public_id, name from snapshots
      where account_id = ${accountId} and deleted_at is null and currency <> ${wanted}
    union select public_id, name from volumes
      where account_id = ${accountId} and deleted_at is null and currency <> ${wanted}
    union select public_id, coalesce(name, public_id) from microvm_snapshots
      where account_id = ${accountId} and deleted_at is null and not is_public and currency <> ${wanted}
    union select resource_public_id, resource_name from billing_records
      where account_id = ${accountId} and metered_until is not null and currency <> ${wanted}
    order by name, id
  `.execute(db)
  return rows
}

async function unpaidOrders(db: Database | Tx, accountId: string, wanted: Currency) {
  const rows = await db
    .selectFrom('credit_orders')
    .select('public_id')
    .where('account_id', '=', accountId)
    .where('currency', '<>', wanted)
    .where('state', 'in', ['creating', 'open'])
    .orderBy('created_at')
    .execute()
  return rows.map((row) => row.public_id)
}

/** Caps, which are amounts of the currency. */
async function budgets(db: Database | Tx, accountId: string) {
  const { rows } = await sql<{ key: string | null; micros: number }>`
    select null::text as key, monthly_budget_micros as micros from accounts
      where id = ${accountId} and monthly_budget_micros is not null
    union all select name, monthly_budget_micros from api_keys
      where account_id = ${accountId} and revoked_at is null and monthly_budget_micros is not null
    order by key nulls first
  `.execute(db)
  return rows
}

/** What ties an account to its currency. */
import { currencies } from '@garrison/contract/common'
import type { Database, Tx } from '../database/database.ts'
import { formatMoney } from '../money.ts'
import { balances } from './ledger.ts'

/** Named at most; of more it is only said how many. */
const named = 5

/** Why the currency cannot change now, for people; null when it can. */
export async function whyCurrencyStays(db: Database | Tx, accountId: string) {
  const left = await balances(db, accountId)
  const amounts = currencies
    .filter((currency) => left[currency] !== 0)
    .map((currency) =>
      // Less than a cent looks like nothing, and is not.
      Math.abs(left[currency]) < 10_000
        ? `${left[currency] < 0 ? '-' : ''}${(Math.abs(left[currency]) / 1_000_000).toFixed(6)} ${currency}`
        : formatMoney(left[currency], currency),
    )
  const billed = await openRecords(db, accountId)
  const things = billed.slice(0, named).map(({ name, id }) => `${name} (${id})`)
  if (billed.length > named) things.push(`${billed.length - named} more`)
  const reasons = [
    ...(amounts.length > 0 ? [`the balance is ${amounts.join(' and ')}`] : []),
    ...(things.length > 0 ? [`these are billed in the old one: ${things.join(', ')}`] : []),
  ]
  return reasons.length > 0 ? reasons.join('; ') : null
}

/** What is being billed, or ended and is not yet charged for. */
const openRecords = (db: Database | Tx, accountId: string) =>
  db
    .selectFrom('billing_records')
    .select(['resource_public_id as id', 'resource_name as name'])
    .distinct()
    .where('account_id', '=', accountId)
    .where('metered_until', 'is not', null)
    .orderBy('resource_name')
    .orderBy('resource_public_id')
    .execute()

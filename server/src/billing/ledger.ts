/**
 * A double-entry ledger in micro-units. Each transaction's entries sum to zero in each currency, which
 * the database checks once more; a balance is the sum of entries. The currencies never mix.
 */
import { type Currency, currencies } from '@garrison/contract/common'
import { sql } from 'kysely'
import type { Database, Tx } from '../database/database.ts'
import { newUuid } from '../ids.ts'

/**
 * `credits`: what an account may spend. `grants`: where what an operator gives comes from. `usage`: where
 * what is metered goes to. `payments`: where bought credits come from. `tax`: what is owed to tax offices.
 */
export type LedgerKind = 'credits' | 'grants' | 'usage' | 'payments' | 'tax'

export type Entry = {
  /** Null for the house's own accounts. */
  readonly accountId: string | null
  readonly kind: LedgerKind
  readonly currency: Currency
  /** Not zero; positive adds to the balance. */
  readonly micros: number
}

export type LedgerTransaction = {
  readonly kind: string
  readonly description: string
  /** What is paid for, if it must be booked once only. */
  readonly reference?: string
  /** Of usage: the key whose budget bears it. */
  readonly apiKeyId?: string | null
  readonly entries: readonly Entry[]
}

/** Answers false when the reference was booked before: then nothing is written. */
export async function postTransaction(
  tx: Tx,
  posting: LedgerTransaction,
  now: Date,
): Promise<boolean> {
  requireSound(posting)
  const booked = await tx
    .insertInto('ledger_transactions')
    .values({
      id: newUuid(),
      kind: posting.kind,
      description: posting.description,
      reference: posting.reference ?? null,
      api_key_id: posting.apiKeyId ?? null,
      created_at: now,
    })
    .onConflict((conflict) => conflict.column('reference').doNothing())
    .returning('id')
    .executeTakeFirst()
  if (booked === undefined) return false
  const values = []
  for (const entry of posting.entries) {
    const ledger_account_id = await ledgerAccount(tx, entry)
    values.push({ transaction_id: booked.id, ledger_account_id, amount_micros: entry.micros })
  }
  // All at once: the database checks what a statement leaves behind.
  await tx.insertInto('ledger_entries').values(values).execute()
  return true
}

/** The database would refuse it too; here a bug of ours is found where it is. */
function requireSound({ description, entries }: LedgerTransaction) {
  if (entries.length === 0) throw new Error(`"${description}" moves nothing`)
  for (const { micros } of entries) {
    if (!Number.isSafeInteger(micros)) {
      throw new RangeError(`"${description}" has an amount that is not exact: ${micros}`)
    }
  }
  for (const currency of currencies) {
    const sum = entries
      .filter((entry) => entry.currency === currency)
      .reduce((total, entry) => total + entry.micros, 0)
    if (sum !== 0) throw new Error(`"${description}" does not balance in ${currency}: ${sum}`)
  }
}

async function ledgerAccount(tx: Tx, entry: Entry): Promise<string> {
  const known = await findLedgerAccount(tx, entry)
  if (known !== undefined) return known.id
  const { accountId, kind, currency } = entry
  await tx
    .insertInto('ledger_accounts')
    .values({ id: newUuid(), account_id: accountId, kind, currency })
    .onConflict((conflict) => conflict.columns(['account_id', 'kind', 'currency']).doNothing())
    .execute()
  const made = await findLedgerAccount(tx, entry)
  if (made === undefined) throw new Error(`No ledger account for ${kind} in ${currency}`)
  return made.id
}

const findLedgerAccount = (tx: Tx, { accountId, kind, currency }: Entry) =>
  tx
    .selectFrom('ledger_accounts')
    .select('id')
    .where('account_id', 'is not distinct from', accountId)
    .where('kind', '=', kind)
    .where('currency', '=', currency)
    .executeTakeFirst()

/** What was booked under a reference; micro-units of the credits that it moved. */
export const bookedAs = (tx: Tx, reference: string) =>
  tx
    .selectFrom('ledger_transactions as booked')
    .innerJoin('ledger_entries as entry', 'entry.transaction_id', 'booked.id')
    .innerJoin('ledger_accounts as mine', 'mine.id', 'entry.ledger_account_id')
    .select(['entry.amount_micros', 'mine.currency'])
    .where('booked.reference', '=', reference)
    .where('mine.kind', '=', 'credits')
    .executeTakeFirst()

/** Credits left in each currency, in micro-units. */
export async function balances(
  db: Database | Tx,
  accountId: string,
): Promise<Record<Currency, number>> {
  const rows = await db
    .selectFrom('ledger_accounts')
    .select(['currency', 'balance_micros'])
    .where('account_id', '=', accountId)
    .where('kind', '=', 'credits')
    .execute()
  const left = { USD: 0, EUR: 0, INR: 0 }
  for (const { currency, balance_micros } of rows) left[currency] = balance_micros
  return left
}

/** What one account used, in one currency. */
export type Usage = {
  readonly accountId: string
  readonly currency: Currency
  /** Positive. */
  readonly micros: number
  readonly description: string
  /** Whose budget bears it; null: the account's alone. */
  readonly apiKeyId: string | null
}

/** Takes usage from the credits of many accounts at once: a transaction each, four statements in all. */
export async function postUsage(tx: Tx, usage: readonly Usage[], now: Date): Promise<void> {
  if (usage.length === 0) return
  const currencies = [...new Set(usage.map((each) => each.currency))]
  const ids = usage.map(() => newUuid())
  const accounts = usage.map((each) => each.accountId)
  const inCurrency = usage.map((each) => each.currency)
  await sql`
    insert into ledger_accounts (id, account_id, kind, currency)
    select gen_random_uuid(), account_id, 'credits', currency
      from unnest(${accounts}::uuid[], ${inCurrency}::text[]) as u (account_id, currency)
    union all
    select gen_random_uuid(), null, 'usage', currency from unnest(${currencies}::text[]) as h (currency)
    on conflict (account_id, kind, currency) do nothing
  `.execute(tx)
  await sql`
    insert into ledger_transactions (id, kind, description, api_key_id, created_at)
    select id, 'usage', description, api_key_id, ${now}
      from unnest(
        ${ids}::uuid[], ${usage.map((each) => each.description)}::text[],
        ${usage.map((each) => each.apiKeyId)}::uuid[]
      ) as u (id, description, api_key_id)
  `.execute(tx)
  await sql`
    with used as (
      select * from unnest(
        ${ids}::uuid[], ${accounts}::uuid[], ${inCurrency}::text[],
        ${usage.map((each) => each.micros)}::bigint[]
      ) as u (id, account_id, currency, micros)
    )
    insert into ledger_entries (transaction_id, ledger_account_id, amount_micros)
    select used.id, theirs.id, -micros from used
      join ledger_accounts theirs on theirs.account_id = used.account_id
        and theirs.kind = 'credits' and theirs.currency = used.currency
    union all
    select used.id, house.id, micros from used
      join ledger_accounts house on house.account_id is null
        and house.kind = 'usage' and house.currency = used.currency
  `.execute(tx)
}

/** Transactions of two entries from many at once, and the same rows in plain tables that check nothing. */
import { createAccountService } from '@garrison/server/accounts/service'
import { postTransaction } from '@garrison/server/billing/ledger'
import { systemClock } from '@garrison/server/clock'
import { type Database, type Tx, transaction } from '@garrison/server/database/database'
import { newUuid } from '@garrison/server/ids'
import { sql } from 'kysely'
import { summarize } from '../statistics.ts'
import type { Measured } from '../table.ts'

const accounts = 100
const writers = 8
const rounds = 3
const warmUpMs = 1_000
const roundMs = 3_000
const entriesEach = 2

export async function measureLedger(db: Database): Promise<Measured> {
  const ids = await makeAccounts(db, accounts)
  await sql`
    create table bare_transactions (id uuid primary key, description text, created_at timestamptz);
    create table bare_entries (
      id bigint generated always as identity primary key, transaction_id uuid, account_id uuid, micros bigint
    );
  `.execute(db)
  const ours = (tx: Tx, accountId: string) =>
    postTransaction(
      tx,
      {
        kind: 'usage',
        description: 'Measured',
        entries: [
          { accountId, kind: 'credits', currency: 'USD', micros: -1 },
          { accountId: null, kind: 'usage', currency: 'USD', micros: 1 },
        ],
      },
      new Date(),
    )
  const bare = async (tx: Tx, accountId: string) => {
    const id = newUuid()
    await sql`insert into bare_transactions values (${id}, 'Measured', now())`.execute(tx)
    await sql`
      insert into bare_entries (transaction_id, account_id, micros)
      values (${id}, ${accountId}, -1), (${id}, null, 1)
    `.execute(tx)
  }
  const rates = { ours: [] as number[], bare: [] as number[] }
  for (let round = 0; round <= rounds; round++) {
    for (const [name, post] of [
      ['bare', bare],
      ['ours', ours],
    ] as const) {
      const rate = await entriesPerSecond(db, ids, post, round === 0 ? warmUpMs : roundMs)
      if (round > 0) rates[name].push(rate)
    }
  }
  return {
    figure: 'ledger',
    unit: 'entries/s',
    value: summarize(rates.ours),
    floor: { ...summarize(rates.bare), what: 'the same rows, no checks, no balance' },
  }
}

async function entriesPerSecond(
  db: Database,
  ids: readonly string[],
  post: (tx: Tx, accountId: string) => Promise<unknown>,
  ms: number,
) {
  const began = performance.now()
  let posted = 0
  const write = async (writer: number) => {
    for (let turn = writer; performance.now() - began < ms; turn += writers) {
      await transaction(db, (tx) => post(tx, ids[turn % ids.length] ?? ''))
      posted++
    }
  }
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)))
  return (posted * entriesEach * 1_000) / (performance.now() - began)
}

export async function makeAccounts(db: Database, count: number): Promise<string[]> {
  const service = createAccountService({ clock: systemClock })
  return transaction(db, async (tx) => {
    const ids: string[] = []
    for (let n = 0; n < count; n++)
      ids.push((await service.create(tx, { name: `Bench ${n}`, currency: 'USD' })).id)
    return ids
  })
}

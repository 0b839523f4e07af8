import { sql } from 'kysely'
import type { Tx } from './database.ts'

/** Heard by every process that listens, once the transaction has committed. */
export async function notify(tx: Tx, channel: string, payload: string) {
  await sql`select pg_notify(${channel}, ${payload})`.execute(tx)
}

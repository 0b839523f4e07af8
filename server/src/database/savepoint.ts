import { sql } from 'kysely'
import type { Tx } from './database.ts'

/** Takes back what `fn` wrote, and the locks that it took, when it throws; the transaction goes on. */
export async function savepoint<T>(tx: Tx, fn: () => Promise<T>): Promise<T> {
  await sql`savepoint attempt`.execute(tx)
  try {
    const result = await fn()
    await sql`release savepoint attempt`.execute(tx)
    return result
  } catch (error) {
    // Fails where the connection is gone; then so is the transaction, and the first error says why.
    await sql`rollback to savepoint attempt; release savepoint attempt`.execute(tx).catch(() => {})
    throw error
  }
}

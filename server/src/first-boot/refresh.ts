import type { Engine } from '@garrison/engines/engine'
import { type Database, transaction } from '../database/database.ts'
import { findStartupLog, isUnfinished, keepStartupLog } from './store.ts'

/**
 * Asks the guest what its user-data did and keeps the answer, until that has ended. Answers whether there
 * was something to hear.
 */
export async function refreshStartupLog(
  db: Database,
  engine: Engine,
  machine: { readonly id: string; readonly account_id: string },
): Promise<boolean> {
  const { id, account_id } = machine
  const kept = await findStartupLog(db, account_id, id)
  if (kept === undefined || !isUnfinished(kept)) return true
  const read = await engine.readStartupLog(id)
  if (read === null) return false
  await transaction(db, (tx) => keepStartupLog(tx, account_id, id, read))
  return true
}

/**
 * Accounts that an operator has suspended. There are few, and every request asks, so they are kept in
 * memory; every process hears of a change.
 */
import type { Caller } from '../caller.ts'
import type { Database } from '../database/database.ts'
import type { Listener } from '../database/listen.ts'
import { DomainError } from '../errors.ts'
import type { Log } from '../log.ts'
import { suspensions } from './controls-store.ts'

/** Heard by every process when an account was suspended or let go on. */
export const suspensionsChannel = 'suspensions'

export const suspended = (reason: string) =>
  new DomainError(
    'ACCOUNT_SUSPENDED',
    `This account is suspended: ${reason.replace(/\.$/, '')}. Its machines are left as they are; write to the operator to have it go on`,
  )

export function createSuspensions() {
  let known = new Map<string, string>()

  return {
    async refresh(db: Database) {
      const rows = await suspensions(db)
      known = new Map(rows.map((row) => [row.account_id, row.suspended_reason ?? '']))
    },

    isSuspended: (accountId: string) => known.has(accountId),

    /** Throws ACCOUNT_SUSPENDED, with the operator's reason. */
    requireActive({ accountId }: Pick<Caller, 'accountId'>) {
      const reason = known.get(accountId)
      if (reason !== undefined) throw suspended(reason)
    },
  }
}

/** Knows them before anybody asks, and hears of changes. */
export async function keepSuspensions(deps: {
  db: Database
  suspensions: ReturnType<typeof createSuspensions>
  listener: Listener
  log: Log
}) {
  const { db, listener, log } = deps
  const look = () => {
    deps.suspensions
      .refresh(db)
      .catch((error: unknown) => log('warn', 'cannot read which accounts are suspended', { error }))
  }
  await deps.suspensions.refresh(db)
  await listener.subscribe(suspensionsChannel, look)
  listener.onReconnect(look)
}

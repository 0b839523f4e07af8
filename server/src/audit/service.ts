/** Reading the audit log. Everybody of an account may; taking it away as a file is for owners. */
import { mostExportedRows } from '@garrison/contract/audit/routes'
import { requirePermission } from '../accounts/permission.ts'
import type { Caller } from '../caller.ts'
import type { Database } from '../database/database.ts'
import type { Range } from '../database/pages.ts'
import { DomainError, ValidationError } from '../errors.ts'
import * as store from './store.ts'

export function createAuditService({ db }: { db: Database }) {
  function requireOrder({ from, to }: store.AuditFilter) {
    if (!from || !to || new Date(from) <= new Date(to)) return
    throw new ValidationError({ to: ['Must not be before "from".'] }, 'Invalid query parameters')
  }

  return {
    list(caller: Caller, filter: store.AuditFilter, range: Range) {
      requireOrder(filter)
      return store.pageOfAudit(db, caller.accountId, filter, range)
    },

    /** One row; undefined for a stranger's. */
    find: (caller: Caller, id: string) =>
      /^\d{1,15}$/.test(id) ? store.findAudit(db, caller.accountId, Number(id)) : undefined,

    /** What has been done in the account, by name. */
    actions: (caller: Caller) => store.actionsOf(db, caller.accountId),

    /** @throws LIMIT_EXCEEDED before the first row, rather than leave some out. */
    async export(caller: Caller, filter: store.AuditFilter) {
      requirePermission(caller, 'audit.export')
      requireOrder(filter)
      const rows = await store.countAudit(db, caller.accountId, filter)
      if (rows > mostExportedRows) {
        throw new DomainError(
          'LIMIT_EXCEEDED',
          `These are ${rows} rows and a file has at most ${mostExportedRows}; ask for a shorter time with "from" and "to"`,
        )
      }
      return store.everyAudit(db, caller.accountId, filter)
    },
  }
}

export type AuditService = ReturnType<typeof createAuditService>

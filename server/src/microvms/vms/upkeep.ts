/** What becomes of microVMs that nobody of their account asks for: operators need hosts, lifetimes end, machines die. */
import { microvmActions } from '@garrison/contract/microvms/states'
import type { AccountService } from '../../accounts/service.ts'
import type { Clock } from '../../clock.ts'
import type { Database, Tx } from '../../database/database.ts'
import type { OperationService } from '../../operations/service.ts'
import * as store from './store.ts'

type Deps = {
  db: Database
  clock: Clock
  accounts: AccountService
  operations: OperationService
  requireState: (row: store.Microvm, action: 'suspend') => void
  /** Answers the operation. */
  begin: (tx: Tx, row: store.Microvm, kind: 'suspend-microvm' | 'apply-egress') => Promise<string>
}

export function createUpkeep({ db, clock, accounts, operations, requireState, begin }: Deps) {
  return {
    /**
     * The operator needs the host, or has suspended the account, perhaps in a process without engines. There
     * is no caller. Answers the operation.
     */
    async suspendForOperator(tx: Tx, { account_id, id }: Pick<store.Microvm, 'account_id' | 'id'>) {
      const row = await store.lockMicrovm(tx, account_id, id)
      requireState(row, 'suspend')
      const operation = await begin(tx, row, 'suspend-microvm')
      const set = { status: microvmActions.suspend.through, updated_at: clock.now() }
      await store.updateMicrovm(tx, account_id, id, set)
      return operation
    },

    /** Its policy could not be put in force; asked for again, unless somebody is at work on it. */
    async enforceEgress(tx: Tx, { account_id, id }: Pick<store.Microvm, 'account_id' | 'id'>) {
      const row = await store.lockMicrovm(tx, account_id, id)
      const isThere = ['running', 'suspended'].includes(row.status)
      if (row.egress_in_force || !isThere || (await operations.openOn(tx, id)) !== null) return
      await begin(tx, row, 'apply-egress')
    },

    running: store.runningMicrovms,
    spending: store.spending,

    /** Somebody is at work on it, or is about to be. */
    isBusy: async (tx: Tx, id: string) => (await operations.openOn(tx, id)) !== null,

    /** It is not what it was when it was looked at. */
    async hasChanged(tx: Tx, seen: Pick<store.Microvm, 'id' | 'account_id' | 'status'>) {
      return (await store.getMicrovm(tx, seen.account_id, seen.id)).status !== seen.status
    },

    /** Everybody's whose time is over, as whom they belong to. */
    async overdue(limit: number, without: readonly string[]) {
      const rows = await store.overdue(db, clock.now(), limit, without)
      return rows.map((row) => ({
        ...row,
        caller: (tx: Tx) => accounts.onBehalfOf(tx, row.account_id),
      }))
    },
  }
}

/** Operations of everybody: looking at them, cancelling them, and beginning again what failed. */
import { whyNotCancel, whyNotRetry } from '@garrison/contract/operator/retries'
import { recordAudit } from '../accounts/audit.ts'
import type { Caller } from '../caller.ts'
import type { Clock } from '../clock.ts'
import type { Database, Tx } from '../database/database.ts'
import { notify } from '../database/notify.ts'
import type { Range } from '../database/pages.ts'
import { DomainError, NotFound } from '../errors.ts'
import { recordEvent } from '../events/outbox.ts'
import { isUuid } from '../ids.ts'
import type { OperationService } from '../operations/service.ts'
import * as store from './operation-store.ts'
import type { Retrying } from './retrying.ts'

type OperatorOperationDeps = {
  clock: Clock
  operations: OperationService
  retrying: Retrying
}

export function createOperatorOperationService(deps: OperatorOperationDeps) {
  const { clock, operations, retrying } = deps

  async function require(db: Database | Tx, id: string) {
    const found = isUuid(id) ? await store.findAny(db, id) : undefined
    if (found === undefined) throw new NotFound('Operation', id)
    return found
  }

  async function details(db: Database | Tx, id: string) {
    const row = await require(db, id)
    return {
      row,
      steps: await operations.stepsOf(db, row.id),
      holds: await store.holdsOf(db, row.id),
      waitsFor: await store.waitingPairs(db, [row.id], 'younger'),
      blocks: await store.waitingPairs(db, [row.id], 'older'),
    }
  }

  async function tell(
    tx: Tx,
    caller: Caller,
    verb: 'retry' | 'cancel',
    row: store.Row,
    detail: Record<string, unknown>,
  ) {
    const about = { kind: row.kind, subject: row.subject_public_id }
    await recordAudit(
      tx,
      caller,
      {
        action: `operation.${verb}`,
        subjectKind: 'operation',
        subjectId: row.id,
        detail: { account: row.account_public_id, ...about, ...detail },
      },
      clock.now(),
    )
  }

  return {
    details,

    async list(db: Database, filter: store.Filter, range: Range) {
      const { rows, total } = await store.pageOfAll(db, filter, range)
      const ids = rows.map(({ id }) => id)
      const pairs = Map.groupBy(
        await store.waitingPairs(db, ids, 'younger'),
        (each) => each.waiting,
      )
      return { rows: rows.map((row) => ({ row, waitsFor: pairs.get(row.id) ?? [] })), total }
    },

    /** Its owner hears of it; the runner hears when the transaction has committed. */
    async cancel(tx: Tx, caller: Caller, id: string, reason: string) {
      const row = await require(tx, id)
      const locked = await store.lockAny(tx, row.id)
      const refusal = whyNotCancel(locked ?? row)
      if (refusal !== null) throw new DomainError('VALIDATION_ERROR', refusal)
      const words =
        reason === '' ? 'Cancelled by the operator' : `Cancelled by the operator: ${reason}`
      await store.cancelFor(tx, row.id, words)
      await notify(tx, 'operation_cancel', row.id)
      await tell(tx, caller, 'cancel', row, { reason })
      await recordEvent(
        tx,
        {
          accountId: row.account_id,
          kind: 'operation.cancel-requested',
          ...{ subjectKind: 'operation', subjectId: row.id },
          data: { subject: row.subject_public_id, reason: words },
        },
        clock.now(),
      )
      return details(tx, row.id)
    },

    /** Answers also what was begun in its place. */
    async retry(tx: Tx, caller: Caller, id: string) {
      const row = await require(tx, id)
      const refusal = whyNotRetry(row, row.superseded)
      if (refusal !== null) throw new DomainError('VALIDATION_ERROR', refusal)
      await retrying.again(tx, row)
      const latest = await store.latestOn(tx, row.subject_id)
      const begun =
        latest === undefined || latest.id === row.id ? null : { id: latest.id, kind: latest.kind }
      await tell(tx, caller, 'retry', row, { begun: begun?.id ?? null })
      return { ...(await details(tx, row.id)), begun }
    },

    /** Failed since that moment, over all accounts. */
    failedSince: (db: Database, since: Date) => store.failedSince(db, since),
  }
}

export type OperatorOperationService = ReturnType<typeof createOperatorOperationService>

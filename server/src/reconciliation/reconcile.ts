/**
 * The database says what users asked for; an engine says what is there. Reconciliation makes the second
 * follow the first: at the start, every few seconds, and whenever an engine hints that something changed.
 *
 *     wanted    found                         what happens
 *     ACTIVE    running                       nothing; its guest may have reported itself up
 *     ACTIVE    stopped by its guest          SHUTOFF: its owner shut it down from inside
 *     ACTIVE    stopped, its process died     started again, at most three times in ten minutes
 *     ACTIVE    absent                        ERROR: starting it would give it an empty disk
 *     ACTIVE    hibernated                    continued: hibernating it failed, and so did going on
 *     SHUTOFF   absent                        ERROR likewise
 *     HIBERNATED  absent                      ERROR likewise
 *     HIBERNATED  running                     hibernated: restoring it failed, and so did going back
 *     SHUTOFF   running                       stopped
 *     ERROR     running                       stopped at once
 *     nobody's  anything                      removed after a grace time
 *     any       unknown                       nothing: unknown is not dead
 *
 * What an operation is at work on is left to it.
 */
import type { Engine, MachineState } from '@garrison/engines/engine'
import type { Clock } from '../clock.ts'
import { type Database, type Tx, transaction } from '../database/database.ts'
import { OperationInProgress } from '../errors.ts'
import { newUuid } from '../ids.ts'
import * as instances from '../instances/store.ts'
import type { Log } from '../log.ts'
import type { OperationService } from '../operations/service.ts'
import { nextFence, recentOperations } from '../operations/store.ts'
import { createOrphanage } from './orphans.ts'

const recoveries = { atMost: 3, withinMs: 10 * 60_000 }

export type ReconcilerDeps = {
  db: Database
  clock: Clock
  operations: OperationService
  log: Log
}

type Row = Awaited<ReturnType<typeof instances.instancesToReconcile>>[number]

export function createReconciler(deps: ReconcilerDeps) {
  const { db, clock, operations, log } = deps
  const orphans = createOrphanage({ db, clock, log })

  async function reconcile(region: string, engine: Engine) {
    // Rows first: a machine made between the two looks is then unknown to the rows, which only delays it.
    const rows = await instances.instancesToReconcile(db, region)
    const holdings = await engine.holdings()
    const found = new Map(holdings.machines.map((machine) => [machine.id, machine]))
    for (const row of rows) {
      if (row.busy) continue
      const state = found.get(row.id) ?? { id: row.id, status: 'absent', guestUp: false }
      await follow(region, engine, row, state).catch((error: unknown) => {
        if (error instanceof OperationInProgress) return
        log('error', 'cannot reconcile an instance', { instance: row.public_id, error })
      })
    }
    const known = await instances.allInstances(db)
    await orphans.remove(region, engine, holdings, new Set(known.map((row) => row.id)))
  }

  /** What was found may be seconds old by now, so whatever it leads to is looked at once more. */
  async function follow(region: string, engine: Engine, row: Row, found: MachineState) {
    if (!leadsToSomething(row, found)) return
    const state = await engine.observe(row.id)
    if (state.status !== found.status || !leadsToSomething(row, state)) return
    switch (state.status) {
      case 'running':
        if (row.status === 'ACTIVE') return markReady(row.id)
        if (row.status === 'SHUTOFF') return begin(region, row, 'STOPPING', 'stop-instance')
        if (row.status === 'HIBERNATED')
          return begin(region, row, 'HIBERNATING', 'hibernate-instance')
        // A change failed, and so did taking it back: nobody means it to run.
        log('warn', 'a machine that is in ERROR runs; it is stopped', { instance: row.public_id })
        await engine.ensureStopped(row.id, 0, await freshOrder())
        return
      case 'hibernated':
        return recover(region, row, 'it was left hibernated')
      case 'stopped':
        if (state.reason === 'guest') return rest(row, 'SHUTOFF', null)
        return recover(region, row, state.detail ?? 'its process is gone')
      case 'absent':
        return rest(row, 'ERROR', 'The machine and its disk are gone from the host')
    }
  }

  /** Writes what was found, unless somebody has begun something meanwhile. */
  function rest(row: Row, status: 'SHUTOFF' | 'ERROR', error: string | null) {
    return transaction(db, async (tx) => {
      if (!(await unchanged(tx, row))) return
      const now = clock.now()
      await instances.updateInstance(tx, row.account_id, row.id, {
        status,
        error,
        ready_at: null,
        updated_at: now,
      })
      log('warn', 'an instance was found in another state', {
        instance: row.public_id,
        status,
        error,
      })
    })
  }

  async function recover(region: string, row: Row, detail: string) {
    const since = new Date(clock.now().getTime() - recoveries.withinMs)
    const recent = await recentOperations(db, row.account_id, row.id, 'recover-instance', since)
    if (recent >= recoveries.atMost) {
      await rest(row, 'ERROR', `It died ${recent} times within ten minutes; last: ${detail}`)
      return
    }
    log('warn', 'a machine died and is started again', { instance: row.public_id, detail })
    await begin(region, row, 'STARTING', 'recover-instance')
  }

  function begin(
    region: string,
    row: Row,
    status: 'STARTING' | 'STOPPING' | 'HIBERNATING',
    kind: string,
  ) {
    return transaction(db, async (tx) => {
      if (!(await unchanged(tx, row))) return
      await operations.begin(tx, {
        kind,
        accountId: row.account_id,
        region,
        subject: { kind: 'instance', id: row.id, publicId: row.public_id },
        input: {},
        holds: [{ id: row.id, exclusive: true }],
      })
      await instances.updateInstance(tx, row.account_id, row.id, {
        status,
        ready_at: null,
        updated_at: clock.now(),
      })
    })
  }

  async function unchanged(tx: Tx, row: Row) {
    const current = await instances.lockInstance(tx, row.account_id, row.public_id)
    return (
      current?.status === row.status && current.updated_at.getTime() === row.updated_at.getTime()
    )
  }

  async function markReady(id: string) {
    await instances.markReady(db, id, clock.now())
  }

  async function freshOrder() {
    return { operation: newUuid(), fence: await nextFence(db) }
  }

  return { reconcile, markReady }
}

/** The table above: whether what was found is not what is wanted, or is news. */
function leadsToSomething(row: Row, { status, guestUp }: MachineState): boolean {
  switch (status) {
    case 'unknown':
      return false
    case 'hibernated':
      return row.status === 'ACTIVE'
    case 'running':
      return (
        row.status === 'SHUTOFF' ||
        row.status === 'HIBERNATED' ||
        row.status === 'ERROR' ||
        (row.status === 'ACTIVE' && guestUp && row.ready_at === null)
      )
    case 'stopped':
      return row.status === 'ACTIVE'
    case 'absent':
      return ['ACTIVE', 'SHUTOFF', 'HIBERNATED'].includes(row.status)
  }
}

export type Reconciler = ReturnType<typeof createReconciler>

/** What happens to microVMs by itself, for the owner of the regions: lifetimes end, what died is found. */
import type { Regions } from '../catalog/regions.ts'
import type { Clock } from '../clock.ts'
import { type Database, transaction } from '../database/database.ts'
import type { Log } from '../log.ts'
import { createMicrovmReconciler } from '../reconciliation/microvms.ts'
import { repeat } from '../repeat.ts'
import type { Services } from '../services.ts'

const lifetimesMs = 1_000
const reconcileMs = 15_000
const forgetMs = 10 * 60_000
const atATime = 100

type Deps = {
  db: Database
  clock: Clock
  regions: Regions
  services: Pick<Services, 'accounts' | 'microvms' | 'microvmSnapshots' | 'executions'>
  log: Log
}

export function createMicrovmOrders({ db, clock, regions, services, log }: Deps) {
  const { accounts, microvms, microvmSnapshots, executions } = services
  const reconciler = createMicrovmReconciler({ db, clock, regions, accounts, microvms, log })

  return {
    reconcile: reconciler.run,

    /** Ends everything whose time is over, wherever it was asked for and however long ago. */
    async endOverdue() {
      const failed: string[] = []
      for (;;) {
        const overdue = await microvms.overdue(atATime, failed)
        for (const { id, public_id, caller } of overdue) {
          await transaction(db, async (tx) =>
            microvms.end(tx, await caller(tx), id, 'Its lifetime is over'),
          ).catch((error: unknown) => {
            failed.push(id)
            log('warn', 'cannot end a microVM whose time is over', { vm: public_id, error })
          })
        }
        if (overdue.length < atATime) return
      }
    },

    /** What is of no use to anybody any more. */
    async tidy() {
      for (const { public_id, account_id } of await microvmSnapshots.forgotten(db)) {
        await transaction(db, async (tx) => {
          const caller = await accounts.onBehalfOf(tx, account_id)
          await microvmSnapshots.delete(tx, caller, public_id)
        }).catch((error: unknown) =>
          log('warn', 'cannot delete an old snapshot of microVMs', { snapshot: public_id, error }),
        )
      }
      await executions.forget()
    },
  }
}

export async function startMicrovmOrders(deps: Deps) {
  const { regions, services, log } = deps
  const orders = createMicrovmOrders(deps)
  await services.executions.giveUpRunning(regions.names())
  const all = [
    repeat('lifetimes of microVMs', orders.endOverdue, { everyMs: lifetimesMs, log }),
    repeat('old microVMs', orders.tidy, { everyMs: forgetMs, log }),
  ]
  const reconciling = repeat('microVMs', orders.reconcile, { everyMs: reconcileMs, log })
  const unsubscribe = regions
    .names()
    .map((region) => regions.engine(region).microvms?.onMicrovmEvent(() => reconciling.poke()))
  return {
    async close() {
      for (const stop of unsubscribe) stop?.()
      await Promise.all([...all, reconciling].map((each) => each.close()))
    },
  }
}

/**
 * What the first boot of a machine did. A guest that runs is asked; what was read last is kept, so that
 * it still shows when the machine has stopped.
 */
import type { Engine } from '@garrison/engines/engine'
import type { Caller } from '../caller.ts'
import type { Regions } from '../catalog/regions.ts'
import type { Clock } from '../clock.ts'
import { type Database, transaction } from '../database/database.ts'
import type { InstanceService } from '../instances/service.ts'
import { refreshStartupLog } from './refresh.ts'
import * as store from './store.ts'

/** At once, so that machines whose agents say nothing do not hold up the others for long. */
const askedAtOnce = 8

export function createFirstBootService(deps: {
  clock: Clock
  regions: Regions
  instances: InstanceService
}) {
  const { clock, regions, instances } = deps

  return {
    /** The instance, and what is known of it now; `undefined`: it was given nothing to do. */
    async read(db: Database, caller: Caller, id: string) {
      const instance = await instances.require(db, caller, id)
      if (instance.status === 'ACTIVE') {
        const engine = regions.engine(instance.region)
        // What is kept is still true when nobody can be asked.
        await refreshStartupLog(db, engine, instance).catch(() => {})
      }
      return { instance, log: await store.findStartupLog(db, caller.accountId, instance.id) }
    },

    /**
     * Asks every machine of the region that has not ended, one that says nothing less and less often;
     * answers those that could not be asked.
     */
    async collect(db: Database, region: string, engine: Engine) {
      const waiting = await store.unfinishedMachines(db, region, clock.now())
      const failures: { machine: string; error: unknown }[] = []
      const ask = async () => {
        for (let machine = waiting.pop(); machine !== undefined; machine = waiting.pop()) {
          const { id, account_id, public_id } = machine
          const heard = await refreshStartupLog(db, engine, machine).catch((error: unknown) => {
            failures.push({ machine: public_id, error })
            return false
          })
          if (heard) continue
          await transaction(db, (tx) => store.noteSilence(tx, account_id, id, clock.now()))
        }
      }
      await Promise.all(Array.from({ length: askedAtOnce }, ask))
      return failures
    },

    askSoon: store.askSoon,
  }
}

export type FirstBootService = ReturnType<typeof createFirstBootService>

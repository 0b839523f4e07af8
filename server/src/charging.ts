/**
 * One round of everything about money that happens by itself: what was used is charged, then looked at
 * whether it is still paid for. In this order, so that whoever is out of credits is found in the same round.
 */
import { createMeter } from './billing/meter.ts'
import { createBudgetWatch } from './budgets/watch.ts'
import type { Regions } from './catalog/regions.ts'
import type { Clock } from './clock.ts'
import type { Config } from './config.ts'
import type { Database } from './database/database.ts'
import { createHibernating, type HibernateSome } from './depletion/hibernating.ts'
import { createDepletionWatch } from './depletion/watch.ts'
import type { Log } from './log.ts'
import { createSuspending } from './microvms/unpaid.ts'
import type { Services } from './services.ts'

export function createCharging(deps: {
  db: Database
  clock: Clock
  config: Config
  regions: Regions
  services: Services
  log: Log
}) {
  const { db, clock, config, regions, services, log } = deps
  const { mode } = config.billing
  const meter = createMeter({ clock, mode, prices: services.prices })
  const hibernate = createHibernating({ clock, regions, log, ...services })
  const suspend = createSuspending({ log, ...services })
  const hibernateSome: HibernateSome = async (...unpaid) => {
    const more = await hibernate(...unpaid)
    return (await suspend(...unpaid)) || more
  }
  const common = { db, clock, mode, hibernateSome, log, ...services }
  const depletion = createDepletionWatch({ ...common, reclaim: config.depletion.reclaim })
  const budgets = createBudgetWatch(common)
  return {
    async round() {
      await meter.tick(db)
      await depletion.run()
      await budgets.run()
    },
  }
}

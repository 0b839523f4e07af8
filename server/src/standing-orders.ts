/**
 * What accounts have arranged to happen by itself, for the owner of the regions: snapshot policies,
 * deployments that wait for room; and a look at the stock now and then.
 */
import type { Regions } from './catalog/regions.ts'
import { sampleEveryMs } from './catalog/stock-history.ts'
import type { Clock } from './clock.ts'
import type { Database } from './database/database.ts'
import type { Listener } from './database/listen.ts'
import { createDeployQueue } from './deploy-requests/queue.ts'
import type { Log } from './log.ts'
import { repeat } from './repeat.ts'
import type { Services } from './services.ts'
import { createSnapshotScheduler } from './snapshot-policies/scheduler.ts'

const policiesMs = 10_000
/** Also whenever an operation ends that may have made room. */
const queueMs = 30_000
const forgetMs = 60 * 60_000

export async function startStandingOrders(deps: {
  db: Database
  clock: Clock
  regions: Regions
  services: Services
  listener: Listener
  log: Log
}) {
  const { db, clock, regions, services, listener, log } = deps
  const scheduler = createSnapshotScheduler({ db, clock, regions, log, ...services })
  const queue = createDeployQueue({ db, clock, log, ...services })
  const policies = repeat('snapshot policies', scheduler.run, { everyMs: policiesMs, log })
  const requests = repeat('deploy requests', queue.run, { everyMs: queueMs, log })
  const { sample, forget } = services.stockHistory
  const samples = repeat('the stock history', sample, { everyMs: sampleEveryMs, log })
  const forgetting = repeat('old stock', forget, { everyMs: forgetMs, log })
  // Does nothing once it is closed.
  await listener.subscribe('deploy_queue', requests.poke)
  return {
    async close() {
      const all = [policies, requests, samples, forgetting]
      await Promise.all(all.map((each) => each.close()))
    },
  }
}

/**
 * Collects startup logs: soon after a guest reported itself up, and every few seconds until they ended;
 * less often from those that say nothing.
 */
import type { Engine } from '@garrison/engines/engine'
import type { Database } from '../database/database.ts'
import type { Log } from '../log.ts'
import type { FirstBootService } from './service.ts'

const everyMs = 5_000

export function startCollecting(deps: {
  db: Database
  engines: ReadonlyMap<string, Engine>
  firstBoot: FirstBootService
  log: Log
}) {
  const loops = [...deps.engines].map(([region, engine]) => collectFrom(region, engine, deps))
  return {
    async close() {
      await Promise.all(loops.map((loop) => loop.close()))
    },
  }
}

function collectFrom(
  region: string,
  engine: Engine,
  { db, firstBoot, log }: { db: Database; firstBoot: FirstBootService; log: Log },
) {
  let closed = false
  let running: Promise<void> | null = null

  async function collect() {
    for (const { machine, error } of await firstBoot.collect(db, region, engine))
      log('debug', 'cannot read the startup log of a machine', { machine, error })
  }

  /** One at a time; who comes meanwhile is not forgotten, the next run is soon. */
  function run() {
    if (closed || running !== null) return
    running = collect()
      .catch((error: unknown) => log('warn', 'cannot collect startup logs', { region, error }))
      .finally(() => {
        running = null
      })
  }

  const unsubscribe = engine.onEvent((event) => {
    if (event.kind !== 'guest-up') return
    firstBoot
      .askSoon(db, event.machine)
      .catch((error: unknown) => log('debug', 'cannot ask a guest soon', { error }))
      .finally(run)
  })
  const timer = setInterval(run, everyMs)
  return {
    async close() {
      closed = true
      clearInterval(timer)
      unsubscribe()
      await running
    },
  }
}

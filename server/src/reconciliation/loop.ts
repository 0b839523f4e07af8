/** Runs reconciliation: at once, every few seconds, and soon after an engine's hint. */
import type { Engine } from '@garrison/engines/engine'
import type { Log } from '../log.ts'
import type { Reconciler } from './reconcile.ts'

const everyMs = 15_000

export function startReconciliation(deps: {
  engines: ReadonlyMap<string, Engine>
  reconciler: Reconciler
  log: Log
}) {
  const loops = [...deps.engines].map(([region, engine]) => reconcileRegion(region, engine, deps))
  return {
    async close() {
      await Promise.all(loops.map((loop) => loop.close()))
    },
  }
}

function reconcileRegion(
  region: string,
  engine: Engine,
  { reconciler, log }: { reconciler: Reconciler; log: Log },
) {
  let closed = false
  let again = false
  let running: Promise<void> | null = null

  /** One at a time; a hint during a run makes one more follow. */
  function run() {
    if (closed) return
    if (running !== null) {
      again = true
      return
    }
    running = reconciler
      .reconcile(region, engine)
      .catch((error: unknown) => log('warn', 'cannot reconcile', { region, error }))
      .finally(() => {
        running = null
        if (!again) return
        again = false
        run()
      })
  }

  const unsubscribe = engine.onEvent((event) => {
    if (event.kind === 'machine-changed') return run()
    reconciler
      .markReady(event.machine)
      .catch((error: unknown) => log('warn', 'cannot note that a guest is up', { region, error }))
  })
  const timer = setInterval(run, everyMs)
  run()

  return {
    async close() {
      closed = true
      clearInterval(timer)
      unsubscribe()
      await running
    },
  }
}

/** Asks every engine once a minute what its machines have used so far, and forgets what is a day old. */
import { metricsKeptSeconds, sampleSeconds } from '@garrison/contract/instances/metrics-routes'
import { type Engine, EngineError, type MachineCounters } from '@garrison/engines/engine'
import type { Clock } from '../clock.ts'
import { type Database, isForeignKeyViolation } from '../database/database.ts'
import type { Log } from '../log.ts'
import * as store from './store.ts'

/** Machines that are asked at the same time. */
const atOnce = 8

type Deps = {
  db: Database
  clock: Clock
  engines: ReadonlyMap<string, Engine>
  log: Log
}

/** At once and then every minute; a round that takes longer is not overtaken by the next. */
export function startSampling(deps: Deps) {
  let running: Promise<void> | null = null
  const run = () => {
    running ??= sample(deps)
      .catch((error: unknown) => deps.log('warn', 'cannot measure machines', { error }))
      .finally(() => {
        running = null
      })
  }
  const timer = setInterval(run, sampleSeconds * 1000)
  run()
  return {
    async close() {
      clearInterval(timer)
      await running
    },
  }
}

export async function sample({ db, clock, engines, log }: Deps) {
  await store.deleteSamplesBefore(db, new Date(clock.now().getTime() - metricsKeptSeconds * 1000))
  for (const [region, engine] of engines) {
    if (!engine.capabilities().metrics) continue
    const machines = await store.machinesToSample(db, region)
    const waiting = machines.values()
    const asker = async () => {
      for (const { id, vcpus } of waiting) {
        const counters = await countersOf(engine, id, log)
        if (counters !== null) await keep(db, { id, vcpus, at: clock.now() }, counters)
      }
    }
    await Promise.all(Array.from({ length: atOnce }, asker))
  }
}

/** Null, which makes a gap, when it cannot be told. */
async function countersOf(engine: Engine, id: string, log: Log): Promise<MachineCounters | null> {
  try {
    return await engine.metrics(id)
  } catch (error) {
    // What is wrong with one is no reason to leave out the others.
    const level = error instanceof EngineError ? 'debug' : 'error'
    log(level, 'a machine could not be measured', { machine: id, error })
    return null
  }
}

async function keep(
  db: Database,
  { id, vcpus, at }: { id: string; vcpus: number; at: Date },
  counters: MachineCounters,
) {
  await store
    .putSample(db, {
      instance_id: id,
      minute_of_day: at.getUTCHours() * 60 + at.getUTCMinutes(),
      at,
      epoch: counters.epoch,
      vcpus,
      cpu_seconds: counters.cpuSeconds,
      memory_used_bytes: counters.memoryUsedBytes,
      memory_total_bytes: counters.memoryTotalBytes,
      disk_read_bytes: counters.diskReadBytes,
      disk_write_bytes: counters.diskWriteBytes,
      disk_read_ops: counters.diskReadOps,
      disk_write_ops: counters.diskWriteOps,
      network_received_bytes: counters.networkReceivedBytes,
      network_sent_bytes: counters.networkSentBytes,
      gpu_percent: counters.gpuPercent,
      gpu_memory_used_bytes: counters.gpuMemoryUsedBytes,
    })
    .catch((error: unknown) => {
      // Deleted while it was asked.
      if (!isForeignKeyViolation(error)) throw error
    })
}

import {
  defaultSpanSeconds,
  metricsKeptSeconds,
  sampleSeconds,
} from '@garrison/contract/instances/metrics-routes'
import type { Caller } from '../caller.ts'
import type { Regions } from '../catalog/regions.ts'
import type { Clock } from '../clock.ts'
import type { Database } from '../database/database.ts'
import { DomainError, ValidationError } from '../errors.ts'
import type { InstanceService } from '../instances/service.ts'
import { series } from './series.ts'
import * as store from './store.ts'

/** One more than a day of the smallest steps, for what begins in the middle of one. */
const mostPoints = metricsKeptSeconds / sampleSeconds + 1

type Deps = { clock: Clock; regions: Regions; instances: InstanceService }

export function createMetricsService({ clock, regions, instances }: Deps) {
  return {
    /** What the machine has used; steps begin at multiples of their length. */
    async read(
      db: Database,
      caller: Caller,
      id: string,
      input: { from?: string | undefined; to?: string | undefined; step: number },
    ) {
      const instance = await instances.require(db, caller, id)
      if (!regions.capabilities(instance.region).metrics) {
        throw new DomainError('TIER_NOT_SUPPORTED', `${instance.region} does not measure machines`)
      }
      const range = rangeOf(input, clock.now())
      // What was used in the first step shows from the sample before it on.
      const before = new Date(range.from.getTime() - 2 * sampleSeconds * 1000)
      const kept = new Date(clock.now().getTime() - metricsKeptSeconds * 1000)
      const since = before < kept ? kept : before
      const args = [caller.accountId, instance.id, since, range.to] as const
      return { instance, range, points: series(await store.samplesBetween(db, ...args), range) }
    },
  }
}

export type MetricsService = ReturnType<typeof createMetricsService>

/** Throws {@link ValidationError} when it is empty, backwards, or of too many steps. */
function rangeOf(
  input: { from?: string | undefined; to?: string | undefined; step: number },
  now: Date,
) {
  const stepMs = input.step * 1000
  const to = input.to === undefined ? now : new Date(input.to)
  const wanted =
    input.from === undefined
      ? new Date(to.getTime() - defaultSpanSeconds * 1000)
      : new Date(input.from)
  if (wanted >= to) throw new ValidationError({ from: ['Must be before "to".'] }, invalid)
  const from = new Date(Math.floor(wanted.getTime() / stepMs) * stepMs)
  if ((to.getTime() - from.getTime()) / stepMs > mostPoints) {
    throw new ValidationError(
      { step: [`Gives more than ${mostPoints} points; choose a larger step or a shorter time.`] },
      invalid,
    )
  }
  return { from, to, stepSeconds: input.step }
}

const invalid = 'Invalid query parameters'

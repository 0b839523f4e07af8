/** Writes down how much there is of each flavor, and tells how much there was. */
import { EngineError } from '@garrison/engines/engine'
import type { Clock } from '../clock.ts'
import { type Database, transaction } from '../database/database.ts'
import { ValidationError } from '../errors.ts'
import { recordEvent } from '../events/outbox.ts'
import type { Catalog, GpuModel, Region } from './catalog.ts'
import type { Regions } from './regions.ts'
import type { Stock } from './stock.ts'
import * as store from './stock-store.ts'

export const sampleEveryMs = 5 * 60_000
const dayMs = 24 * 60 * 60_000
export const keptDays = 100
/** In one answer, over all series. */
const mostPoints = 20_000

export type StockHistoryDeps = {
  db: Database
  clock: Clock
  catalog: Catalog
  regions: Regions
  stock: Stock
}

/** `null`: nothing is known of that time. */
type Point = { readonly at: Date; readonly available: number | null }

export function createStockHistory({ db, clock, catalog, regions, stock }: StockHistoryDeps) {
  /** What there is now, of the regions that answer. */
  async function look(): Promise<store.StockSample[]> {
    const now = clock.now()
    const here = catalog.regions().filter((region) => regions.names().includes(region.name))
    const perRegion = await Promise.all(
      here.map(async (region) => {
        try {
          return (await stock.flavors(db, region)).map(({ flavor, available }) => ({
            region: region.name,
            flavor: flavor.name,
            gpu_model: flavor.gpu?.model ?? null,
            gpu_count: flavor.gpu?.count ?? 0,
            available,
            sampled_at: now,
          }))
        } catch (error) {
          if (error instanceof EngineError) return []
          throw error
        }
      }),
    )
    return perRegion.flat()
  }

  return {
    /** Where something has changed, a row; where there was nothing and now is something, an event. */
    async sample() {
      const found = await look()
      await transaction(db, async (tx) => {
        if (!(await store.holdSampling(tx))) return
        const names = [...new Set(found.map((each) => each.region))]
        const now = clock.now()
        const known = await store.samplesInForce(tx, now, names)
        const before = new Map(known.map((each) => [keyOf(each), each]))
        const changed = found.filter((each) => {
          const last = before.get(keyOf(each))
          if (last === undefined) return true
          return last.available !== each.available && last.sampled_at < each.sampled_at
        })
        await store.insertSamples(tx, changed)
        for (const each of changed) {
          if (before.get(keyOf(each))?.available !== 0) continue
          await recordEvent(
            tx,
            {
              accountId: null,
              kind: 'stock.available',
              subjectKind: 'flavor',
              subjectId: each.flavor,
              data: {
                region: each.region,
                flavor: each.flavor,
                gpu_model: each.gpu_model,
                gpu_count: each.gpu_count,
                available: each.available,
              },
            },
            now,
          )
        }
      })
    },

    /** A series for each count of each model: what was there at `from`, and after each step. */
    async gpus(
      among: readonly Region[],
      models: readonly GpuModel[],
      wanted: { from?: string | undefined; to?: string | undefined; step?: number | undefined },
    ) {
      const { from, to, stepMs } = range(wanted, clock.now())
      const times: Date[] = []
      for (let ms = from.getTime(); ms <= to.getTime(); ms += stepMs) times.push(new Date(ms))
      const series = among.flatMap((region) =>
        models
          .filter((model) => region.gpu_models.includes(model.name))
          .map((model) => ({ region, model, flavors: catalog.gpuFlavors(model) })),
      )
      const points = times.length * series.reduce((sum, each) => sum + each.flavors.length, 0)
      if (points > mostPoints) {
        throw new ValidationError({
          step: [
            `These are ${points} values, and at most ${mostPoints} are answered; name a region or gpu_model, or choose a larger step.`,
          ],
        })
      }
      const names = among.map((region) => region.name)
      const [first, later] = await Promise.all([
        store.samplesInForce(db, from, names),
        store.samplesBetween(db, from, to, names),
      ])
      const samples = Map.groupBy([...first, ...later], keyOf)
      return {
        from,
        to,
        stepSeconds: stepMs / 1000,
        series: series.map(({ region, model, flavors }) => ({
          region,
          model,
          configurations: flavors.map((flavor) => ({
            gpu_count: flavor.gpu?.count ?? 0,
            points: pointsOf(
              samples.get(keyOf({ region: region.name, flavor: flavor.name })) ?? [],
              times,
            ),
          })),
        })),
      }
    },

    forget: () => store.forgetSamples(db, new Date(clock.now().getTime() - keptDays * dayMs)),
  }
}

export type StockHistory = ReturnType<typeof createStockHistory>

const keyOf = ({ region, flavor }: { region: string; flavor: string }) => `${region}/${flavor}`

/** `samples` and `times`: oldest first. */
export function pointsOf(
  samples: readonly Pick<store.StockSample, 'available' | 'sampled_at'>[],
  times: readonly Date[],
): Point[] {
  let next = 0
  let available: number | null = null
  return times.map((at) => {
    for (let sample = samples[next]; sample !== undefined; sample = samples[++next]) {
      if (sample.sampled_at > at) break
      available = sample.available
    }
    return { at, available }
  })
}

/** The last day when nothing is said; about 300 steps of whole 5 minutes, when none is asked for. */
function range(
  wanted: { from?: string | undefined; to?: string | undefined; step?: number | undefined },
  now: Date,
) {
  const to = wanted.to === undefined ? now : new Date(wanted.to)
  const from = wanted.from === undefined ? new Date(to.getTime() - dayMs) : new Date(wanted.from)
  const lengthMs = to.getTime() - from.getTime()
  if (lengthMs < 0) throw new ValidationError({ from: ['Must not be after "to".'] })
  if (lengthMs > keptDays * dayMs) {
    throw new ValidationError({ from: [`At most ${keptDays} days can be asked for.`] })
  }
  const coarse = Math.max(1, Math.ceil(lengthMs / 300 / sampleEveryMs)) * sampleEveryMs
  return { from, to, stepMs: wanted.step === undefined ? coarse : wanted.step * 1000 }
}

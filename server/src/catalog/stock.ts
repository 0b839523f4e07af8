/** What is left of the catalog right now: how many machines of each size could be deployed. */
import type { Clock } from '../clock.ts'
import type { Database } from '../database/database.ts'
import { deployable } from './capacity.ts'
import type { Catalog, Flavor, GpuModel, Region } from './catalog.ts'
import type { Placement } from './placement.ts'
import type { Regions } from './regions.ts'
import { allocations, drainedHosts, keptRoom } from './store.ts'

export type StockDeps = { catalog: Catalog; regions: Regions; placement: Placement; clock: Clock }

export function createStock({ catalog, regions, placement, clock }: StockDeps) {
  /** Machines of that flavor that would fit one after another. */
  async function counter(db: Database, region: Region) {
    const [{ hosts }, allocated, kept, drained] = await Promise.all([
      regions.inventory(region.name),
      allocations(db, region.name),
      keptRoom(db, region.name),
      drainedHosts(db, region.name),
    ])
    const promised = [...allocated, ...kept]
    const open = hosts.filter(({ name }) => !drained.has(name))
    return (flavor: Flavor) => deployable(open, promised, placement.ratios, flavor)
  }

  return {
    async flavors(db: Database, region: Region) {
      const count = await counter(db, region)
      return catalog.flavors(region).map((flavor) => ({ flavor, available: count(flavor) }))
    },

    /** One entry per region and GPU model sold there. */
    async gpus(db: Database, models: readonly GpuModel[], among: readonly Region[]) {
      const updatedAt = clock.now()
      const perRegion = await Promise.all(
        among.map(async (region) => {
          const count = await counter(db, region)
          return models
            .filter((model) => region.gpu_models.includes(model.name))
            .map((model) => {
              const configurations = catalog
                .gpuFlavors(model)
                .map((flavor) => ({ gpu_count: flavor.gpu?.count ?? 0, available: count(flavor) }))
              const total = configurations.find((each) => each.gpu_count === 1)?.available ?? 0
              return { region, model, configurations, total, updatedAt }
            })
        }),
      )
      return perRegion.flat()
    },
  }
}

export type Stock = ReturnType<typeof createStock>

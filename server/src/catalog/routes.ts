import * as contract from '@garrison/contract/catalog/routes'
import { currencies } from '@garrison/contract/common'
import type { RequestCaller } from '../caller.ts'
import type { Clock } from '../clock.ts'
import type { Database } from '../database/database.ts'
import { envelope, optionalCallerOf } from '../http/answers.ts'
import type { App, AppContext } from '../http/app.ts'
import { gpuType, ramGb } from '../instances/view.ts'
import { toDecimal } from '../money.ts'
import { type Catalog, gpuCounts, type Rates, type Region } from './catalog.ts'
import type { Pricing, PricingFilter } from './pricing.ts'
import type { Regions } from './regions.ts'
import type { Stock } from './stock.ts'
import type { StockHistory } from './stock-history.ts'

type Deps = {
  db: Database
  clock: Clock
  catalog: Catalog
  regions: Regions
  stock: Stock
  stockHistory: StockHistory
  pricing: Pricing
}

export function catalogRoutes(app: App, deps: Deps) {
  const { db, clock, catalog, stock, stockHistory, pricing } = deps

  /** The regions that a filter leaves; an unknown name is an error that says which there are. */
  function regionsBy(filter: { region?: string | undefined; tier?: Region['tier'] | undefined }) {
    const among = filter.region === undefined ? catalog.regions() : [catalog.region(filter.region)]
    return among.filter((region) => filter.tier === undefined || region.tier === filter.tier)
  }

  const modelsBy = (name: string | undefined) =>
    name === undefined ? catalog.gpuModels() : [catalog.gpuModel(name)]

  app.openapi(contract.listRegions, (c) => {
    const regions = regionsBy(c.req.valid('query')).map((region) => ({
      name: region.name,
      display_name: region.display_name ?? region.name,
      country: region.country,
      continent: region.continent,
      tier: region.tier,
      available_gpus: region.gpu_models,
      is_active: true,
      ...(catalog.isSimulated(region.name) && { simulated: true as const }),
    }))
    return c.json(
      { ...envelope(c, 'Regions retrieved successfully'), regions, count: regions.length },
      200,
    )
  })

  app.openapi(contract.listFlavors, async (c) => {
    const perRegion = await Promise.all(
      regionsBy(c.req.valid('query')).map(async (region) => {
        const flavors = await stock.flavors(db, region)
        return flavors.map(({ flavor, available }) => ({
          name: flavor.name,
          region: region.name,
          vcpus: flavor.vcpus,
          ram_gb: ramGb(flavor.memoryMib),
          storage_gb: flavor.diskGb,
          gpu_type: gpuType(flavor.gpu?.model ?? null),
          gpu_count: flavor.gpu?.count ?? 0,
          prices: decimals(flavor.hourlyRate),
          available: available > 0,
          ...(catalog.isSimulated(region.name) && { simulated: true as const }),
        }))
      }),
    )
    const flavors = perRegion.flat()
    return c.json(
      { ...envelope(c, 'Flavors retrieved successfully'), flavors, count: flavors.length },
      200,
    )
  })

  app.openapi(contract.getGpuStocks, async (c) => {
    const { gpu_model, ...filter } = c.req.valid('query')
    const found = await stock.gpus(db, modelsBy(gpu_model), regionsBy(filter))
    const stocks = found.map(({ region, model, configurations, total, updatedAt }) => ({
      region: region.name,
      gpu_model: model.name,
      tier: region.tier,
      available: configurations.some((each) => each.available > 0),
      total_available: total,
      configurations,
      updated_at: updatedAt.toISOString(),
    }))
    return c.json(
      {
        ...envelope(c, 'GPU stock retrieved'),
        stocks,
        count: stocks.length,
        timestamp: clock.now().toISOString(),
      },
      200,
    )
  })

  app.openapi(contract.getGpuStockHistory, async (c) => {
    const { region, gpu_model, ...wanted } = c.req.valid('query')
    const found = await stockHistory.gpus(regionsBy({ region }), modelsBy(gpu_model), wanted)
    return c.json(
      {
        ...envelope(c, 'GPU stock history retrieved'),
        from: found.from.toISOString(),
        to: found.to.toISOString(),
        step_seconds: found.stepSeconds,
        history: found.series.map(({ region, model, configurations }) => ({
          region: region.name,
          gpu_model: model.name,
          tier: region.tier,
          configurations: configurations.map(({ gpu_count, points }) => ({
            gpu_count,
            points: points.map(({ at, available }) => ({ at: at.toISOString(), available })),
          })),
        })),
        count: found.series.length,
      },
      200,
    )
  })

  app.openapi(contract.getGpuSpecs, (c) => {
    const { gpu_model, gpu_count, tier } = c.req.valid('query')
    const models = modelsBy(gpu_model).filter((model) => tier === undefined || model.tier === tier)
    const specs = models.flatMap((model) => {
      const regions = catalog.regions().filter((each) => each.gpu_models.includes(model.name))
      return catalog
        .gpuFlavors(model)
        .filter((flavor) => gpu_count === undefined || flavor.gpu?.count === gpu_count)
        .map((flavor) => ({
          gpu_model: model.name,
          tier: model.tier,
          gpu_count: flavor.gpu?.count ?? 0,
          vcpus: flavor.vcpus,
          ram_gb: ramGb(flavor.memoryMib),
          storage_gb: flavor.diskGb,
          ephemeral_gb: flavor.ephemeralGb,
          gpu_memory_gb: model.memory_gb,
          nvlink: model.nvlink,
          supports_hibernation: regions.some(
            (region) => deps.regions.capabilities(region.name).hibernate,
          ),
          regions: regions.map((region) => region.name),
          hourly_price: decimals(flavor.hourlyRate),
          best_for: model.best_for,
        }))
    })
    return c.json(
      {
        ...envelope(c, 'GPU specifications retrieved successfully'),
        specs,
        metadata: {
          total: specs.length,
          supported_tiers: ['legacy' as const, 'advanced' as const],
          supported_counts: [...gpuCounts],
          supported_models: catalog.gpuModels().map((model) => model.name),
          timestamp: unixSeconds(),
        },
      },
      200,
    )
  })

  app.openapi(contract.listOsImages, (c) => {
    const { gpu_model, ...filter } = c.req.valid('query')
    const [model] = gpu_model === undefined ? [] : modelsBy(gpu_model)
    const images = regionsBy(filter)
      .filter((region) => model === undefined || region.gpu_models.includes(model.name))
      .flatMap((region) =>
        catalog.osImages(region).map((image) => ({
          id: image.name,
          name: image.name,
          type: image.type,
          version: image.version,
          region: region.name,
          tier: region.tier,
          size_gb: image.size_gb,
          display_size: `${image.size_gb.toFixed(1)} GB`,
          has_docker: image.has_docker,
          has_jupyter: image.has_jupyter,
          cuda_version: image.cuda_version,
        })),
      )
    return c.json(
      { ...envelope(c, 'OS images retrieved successfully'), images, count: images.length },
      200,
    )
  })

  app.openapi(contract.getPricing, (c) => c.json(priced(c, c.req.valid('query')), 200))

  app.openapi(contract.queryPricing, (c) =>
    c.json(priced(c, { ...c.req.valid('query'), ...c.req.valid('json') }), 200),
  )

  function priced(c: AppContext, filter: PricingFilter) {
    const caller = optionalCallerOf(c)
    const { metadata, ...blocks } = pricing.price(filter, caller?.currency ?? null)
    return {
      ...envelope(c, 'Pricing information retrieved successfully'),
      pricing_data: {
        ...blocks,
        metadata: {
          ...metadata,
          authenticated_user: caller && (caller.keyName ?? caller.accountPublicId),
          authentication_type: wayOf(caller),
          timestamp: unixSeconds(),
        },
      },
    }
  }

  const unixSeconds = () => Math.floor(clock.now().getTime() / 1000)
}

const decimals = (rates: Rates) =>
  Object.fromEntries(currencies.map((currency) => [currency, toDecimal(rates[currency])]))

function wayOf(caller: RequestCaller | null) {
  if (caller === null) return 'anonymous' as const
  return caller.keyId === null ? ('session' as const) : ('api_key' as const)
}

/**
 * What is on offer: regions, flavors, GPU models, OS images and prices, looked up by name. Immutable but
 * for the prices, which are those of now; what is left of it at the moment is in `stock.ts`.
 *
 * Units: memory in MiB (1 GB of a machine's memory is 1024 MiB), disks in GB of 10^9 bytes, money in
 * micro-units per hour.
 */
import { type Currency, currencies, type Tier } from '@garrison/contract/common'
import type { ConfiguredGpuModel, ConfiguredPrices, ConfiguredRegion } from '../config/schema.ts'
import type { Config } from '../config.ts'
import { ValidationError } from '../errors.ts'
import { fromDecimal } from '../money.ts'
import { configuredPrices, type PriceTable } from '../prices/table.ts'

export type Rates = Readonly<Record<Currency, number>>

export type Flavor = {
  readonly name: string
  readonly vcpus: number
  readonly memoryMib: number
  readonly diskGb: number
  readonly ephemeralGb: number
  readonly gpu: { readonly model: string; readonly count: number } | null
  readonly hourlyRate: Rates
}

export type Region = ConfiguredRegion
export type GpuModel = ConfiguredGpuModel & { readonly name: string }
export type OsImage = Config['os_images'][number]

export const gpuCounts = [1, 2, 4, 8] as const

/** Of the published tiers; one without a price is not sold. */
const volumeTypes = { legacy: ['SSD'], advanced: ['NVMe', 'HDD'] } as const satisfies Record<
  Tier,
  readonly string[]
>
type VolumeType = (typeof volumeTypes)[Tier][number]

/** @param pricesNow What is valid at the moment; the same object for as long as nothing changes. */
export function createCatalog(config: Config, pricesNow?: () => PriceTable) {
  const configured = configuredPrices(config)
  const regions = new Map(config.regions.map((region) => [region.name, region]))
  const images = new Map(config.os_images.map((image) => [image.name, image]))
  let known = { prices: configured, ...offers(config, configured) }

  function now() {
    const prices = pricesNow?.() ?? configured
    if (prices !== known.prices) known = { prices, ...offers(config, prices) }
    return known
  }

  const flavors = (region: Region): readonly Flavor[] =>
    now().flavorsByRegion.get(region.name) ?? []

  function region(name: string): Region {
    const found = regions.get(name)
    if (found === undefined) throw unknown('region', name, [...regions.keys()])
    return found
  }

  function byModel(region: Region, model: string, count: number): Flavor {
    const sold = now().models.get(model)
    if (sold === undefined || !region.gpu_models.includes(model)) {
      const there =
        region.gpu_models.length === 0
          ? `${region.name} has no GPUs; choose a flavor.`
          : `${region.name} has ${region.gpu_models.join(', ')}.`
      throw new ValidationError({ gpu_model: [`"${model}" is not offered here. ${there}`] })
    }
    return gpuFlavor(sold, count)
  }

  /** The flavor of that name, or the cheapest that is no smaller. */
  function likest(
    regionName: string,
    shape: Shape,
    currency: Currency,
    lacks: 'no longer offers' | 'does not offer',
  ): Flavor {
    const offered = flavors(region(regionName))
    const found =
      offered.find((each) => each.name === shape.flavor) ??
      offered
        .filter(
          (each) =>
            each.vcpus >= shape.vcpus &&
            each.memoryMib >= shape.memory_mib &&
            each.diskGb >= shape.disk_gb &&
            (each.gpu?.model ?? null) === shape.gpu_model &&
            (each.gpu?.count ?? 0) >= shape.gpu_count,
        )
        .sort((one, other) => one.hourlyRate[currency] - other.hourlyRate[currency])[0]
    if (found !== undefined) return found
    throw new ValidationError({
      flavor: [`${regionName} ${lacks} ${shape.flavor}, nor anything as large.`],
    })
  }

  return {
    regions: (): readonly Region[] => [...regions.values()],
    regionNames: (): string[] => [...regions.keys()],
    region,
    isSimulated: (name: string) => regions.get(name)?.engine === 'simulated',
    flavors,
    gpuModels: (): readonly GpuModel[] => [...now().models.values()],
    gpuModel(name: string): GpuModel {
      const { models } = now()
      const found = models.get(name)
      if (found === undefined) throw unknown('gpu_model', name, [...models.keys()])
      return found
    },
    gpuFlavors,
    gpuFlavor,

    /** Exactly one of `flavor` and `gpu_model`; the latter with its count, 1 when left out. */
    resolveFlavor(
      region: Region,
      choice: {
        flavor?: string | undefined
        gpu_model?: string | undefined
        gpu_count?: number | undefined
      },
    ): Flavor {
      if ((choice.flavor === undefined) === (choice.gpu_model === undefined)) {
        const message = 'Give exactly one of flavor and gpu_model.'
        throw new ValidationError({ flavor: [message], gpu_model: [message] })
      }
      if (choice.gpu_model !== undefined) {
        return byModel(region, choice.gpu_model, choice.gpu_count ?? 1)
      }
      const found = flavors(region).find((each) => each.name === choice.flavor)
      if (found === undefined) {
        throw unknown(
          'flavor',
          choice.flavor ?? '',
          flavors(region).map((each) => each.name),
        )
      }
      if (choice.gpu_count !== undefined && choice.gpu_count !== (found.gpu?.count ?? 0)) {
        throw new ValidationError({
          gpu_count: [`${found.name} has ${found.gpu?.count ?? 0} GPUs; leave gpu_count out.`],
        })
      }
      return found
    },

    /**
     * A snapshot keeps the hardware that its machine had, also when the catalog has changed since; what
     * a machine like it costs is today's price of that flavor, or of the cheapest that is no smaller.
     */
    flavorOfRecord(regionName: string, record: Shape, currency: Currency): Flavor {
      const priced = likest(regionName, record, currency, 'no longer offers')
      return {
        name: record.flavor,
        vcpus: record.vcpus,
        memoryMib: record.memory_mib,
        diskGb: record.disk_gb,
        ephemeralGb: priced.ephemeralGb,
        gpu:
          record.gpu_model === null ? null : { model: record.gpu_model, count: record.gpu_count },
        hourlyRate: priced.hourlyRate,
      }
    },

    /** What a machine like it is priced as; null where nothing like it is sold any more. */
    pricedAs(regionName: string, shape: Shape, currency: Currency): Flavor | null {
      try {
        return likest(regionName, shape, currency, 'no longer offers')
      } catch (error) {
        if (error instanceof ValidationError) return null
        throw error
      }
    },

    /** As offered, not as it was: for machines from elsewhere, whose word nobody's price should follow. */
    flavorLike(regionName: string, shape: Shape, currency: Currency): Flavor {
      return likest(regionName, shape, currency, 'does not offer')
    },

    osImages: (region: Region): readonly OsImage[] =>
      region.os_images.flatMap((name) => images.get(name) ?? []),
    osImage(region: Region, name: string): OsImage {
      const found = region.os_images.includes(name) ? images.get(name) : undefined
      if (found === undefined) throw unknown('os_image', name, region.os_images)
      return found
    },

    /** Micro-units per hour for a snapshot of a disk of that size. */
    snapshotRate: (currency: Currency, diskGb: number) =>
      Math.round((fromDecimal(now().prices.snapshot_100gb[currency]) * diskGb) / 100),
    /** What volumes come as in a region; the first is what you get when you do not say. */
    volumeTypes: (region: Region): readonly VolumeType[] =>
      volumeTypes[region.tier].filter((type) => now().prices.volumes[region.tier][type]),
    /** Micro-units for each TB (1000 GB) and hour. */
    volumeTbRate: (currency: Currency, tier: Tier, type: VolumeType) =>
      fromDecimal(now().prices.volumes[tier][type]?.[currency] ?? 0),
    /** As they are now. */
    get prices() {
      return now().prices
    },
  }
}

/** What is for sale at these prices. */
function offers(config: Config, prices: PriceTable) {
  const models = new Map(
    Object.entries(config.gpu_models).map(([name, model]): [string, GpuModel] => [
      name,
      { ...model, name, prices: prices.gpu_models[name] ?? model.prices },
    ]),
  )
  const plainFlavors = new Map(
    config.flavors.map((flavor): [string, Flavor] => [
      flavor.name,
      {
        name: flavor.name,
        vcpus: flavor.vcpus,
        memoryMib: Math.round(flavor.ram_gb * 1024),
        diskGb: flavor.disk_gb,
        ephemeralGb: 0,
        gpu: null,
        hourlyRate: rates(prices.flavors[flavor.name] ?? flavor.prices),
      },
    ]),
  )
  const flavorsByRegion = new Map(
    config.regions.map((region) => [
      region.name,
      [
        ...region.flavors.flatMap((name) => plainFlavors.get(name) ?? []),
        ...region.gpu_models.flatMap((name) => gpuFlavors(models.get(name))),
      ],
    ]),
  )
  return { models, flavorsByRegion }
}

/** Hardware as a record has it. */
type Shape = {
  readonly flavor: string
  readonly gpu_model: string | null
  readonly gpu_count: number
  readonly vcpus: number
  readonly memory_mib: number
  readonly disk_gb: number
}

export type Catalog = ReturnType<typeof createCatalog>

/** One flavor per number of GPUs that a model is sold with. */
function gpuFlavors(model: GpuModel | undefined): Flavor[] {
  if (model === undefined) return []
  return gpuCounts.flatMap((count) => {
    const shape = count <= model.max_count ? model.shapes[`${count}`] : undefined
    if (shape === undefined) return []
    return {
      name: `${model.name}-x${count}`,
      vcpus: shape.vcpus,
      memoryMib: Math.round(shape.ram_gb * 1024),
      diskGb: shape.disk_gb,
      ephemeralGb: shape.ephemeral_gb,
      gpu: { model: model.name, count },
      hourlyRate: rates(model.prices, count),
    }
  })
}

/** Throws a {@link ValidationError} that names the counts which are sold. */
function gpuFlavor(model: GpuModel, count: number): Flavor {
  const offered = gpuFlavors(model)
  const flavor = offered.find((each) => each.gpu?.count === count)
  if (flavor !== undefined) return flavor
  const counts = offered.map((each) => each.gpu?.count).join(', ')
  throw new ValidationError({
    gpu_count: [`${model.name} comes with ${counts} GPUs, not ${count}.`],
  })
}

function rates(prices: ConfiguredPrices, times = 1): Rates {
  const [USD, EUR, INR] = currencies.map((currency) => fromDecimal(prices[currency]) * times)
  return { USD: USD ?? 0, EUR: EUR ?? 0, INR: INR ?? 0 }
}

function unknown(field: string, value: string, known: readonly string[]) {
  const there = known.length === 0 ? 'There are none.' : `There are ${known.join(', ')}.`
  return new ValidationError({ [field]: [`"${value}" is not known. ${there}`] })
}

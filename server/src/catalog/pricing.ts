/** The published price list, filtered as asked, with an estimate where enough is known for one. */
import { type Currency, currencies, type Tier } from '@garrison/contract/common'
import type { ConfiguredPrices } from '../config/schema.ts'
import { ValidationError } from '../errors.ts'
import { fromDecimal, perMinute, toDecimal } from '../money.ts'
import type { Catalog } from './catalog.ts'

/** Hours in a month for estimates: 365 x 24 / 12. */
const hoursPerMonth = 730
const volumeMinimumGb = 100

type VolumeType = 'SSD' | 'HDD' | 'NVMe'

export type PricingFilter = {
  tier?: Tier | undefined
  currency?: Currency | undefined
  resource_type?: 'volumes' | 'snapshots' | 'gpus' | undefined
  volume_size_gb?: number | undefined
  volume_type?: VolumeType | undefined
  gpu_model?: string | undefined
  gpu_count?: number | undefined
}

export function createPricing(catalog: Catalog) {
  const inCurrency = (prices: ConfiguredPrices, { currency }: PricingFilter) =>
    currency === undefined ? prices : { [currency]: prices[currency] }
  const wanted = (tier: Tier, filter: PricingFilter) =>
    filter.tier === undefined || filter.tier === tier

  const volumePrices = () =>
    Object.entries(catalog.prices.volumes) as [
      Tier,
      Partial<Record<VolumeType, ConfiguredPrices>>,
    ][]

  function volumes(filter: PricingFilter) {
    return Object.fromEntries(
      volumePrices()
        .filter(([tier]) => wanted(tier, filter))
        .map(([tier, types]) => [
          tier,
          Object.fromEntries(
            Object.entries(types)
              .filter(([type]) => filter.volume_type === undefined || filter.volume_type === type)
              .map(([type, prices]) => [
                type,
                { prices: inCurrency(prices, filter), unit: 'per TB per hour' },
              ]),
          ),
        ]),
    )
  }

  function snapshots(filter: PricingFilter) {
    if (!wanted('legacy', filter)) return {}
    const prices = inCurrency(catalog.prices.snapshot_100gb, filter)
    return { legacy: { prices, fixed_size_gb: 100, unit: 'per hour (fixed 100GB)' } }
  }

  function gpus(filter: PricingFilter) {
    const models = catalog
      .gpuModels()
      .filter((model) => filter.gpu_model === undefined || model.name === filter.gpu_model)
    return Object.fromEntries(
      (['legacy', 'advanced'] as const)
        .filter((tier) => wanted(tier, filter))
        .map((tier) => [
          tier,
          Object.fromEntries(
            models
              .filter((model) => model.tier === tier)
              .map((model) => [
                model.name,
                {
                  prices: inCurrency(model.prices, filter),
                  max_count: model.max_count,
                  unit: 'per GPU per hour',
                },
              ]),
          ),
        ]),
    )
  }

  /** Micro-units per hour of what the filter names in full, or null. */
  function hourly(filter: PricingFilter, currency: Currency): number | null {
    const { gpu_model, gpu_count, volume_type, volume_size_gb } = filter
    if (gpu_model !== undefined && gpu_count !== undefined) {
      const model = catalog.gpuModel(gpu_model)
      const rate = catalog.gpuFlavor(model, gpu_count).hourlyRate[currency]
      return wanted(model.tier, filter) ? rate : null
    }
    if (volume_type !== undefined && volume_size_gb !== undefined) {
      const prices = volumePrices()
        .filter(([tier]) => wanted(tier, filter))
        .find(([, types]) => types[volume_type] !== undefined)?.[1][volume_type]
      return prices === undefined ? null : (fromDecimal(prices[currency]) * volume_size_gb) / 1000
    }
    return null
  }

  return {
    price(filter: PricingFilter, callerCurrency: Currency | null) {
      if (filter.gpu_model !== undefined) {
        const model = catalog.gpuModel(filter.gpu_model)
        if (filter.gpu_count !== undefined) catalog.gpuFlavor(model, filter.gpu_count)
      }
      const { volume_size_gb } = filter
      if (volume_size_gb !== undefined && volume_size_gb < volumeMinimumGb) {
        throw new ValidationError({
          volume_size_gb: [`Ensure this value is greater than or equal to ${volumeMinimumGb}.`],
        })
      }
      const only = filter.resource_type
      const keeps = (type: PricingFilter['resource_type']) => only === undefined || only === type
      const currency = filter.currency ?? callerCurrency ?? 'USD'
      const rate = hourly(filter, currency)
      return {
        ...(keeps('volumes') && {
          volumes: {
            pricing: volumes(filter),
            minimum_size_gb: volumeMinimumGb,
            description: 'Volumes are billed by their size for as long as they exist.',
          },
        }),
        ...(keeps('snapshots') && {
          snapshots: {
            pricing: snapshots(filter),
            description: 'Snapshots are billed by the size of the disk that they are of.',
          },
        }),
        ...(keeps('gpus') && {
          gpus: {
            pricing: gpus(filter),
            description: 'GPU instances are billed by the minute.',
          },
        }),
        metadata: {
          supported_currencies: [...currencies],
          supported_tiers: ['legacy' as const, 'advanced' as const],
          volume_minimum_size_gb: volumeMinimumGb,
        },
        ...(rate !== null && {
          estimate: {
            hourly: toDecimal(rate),
            per_minute: perMinute(rate),
            monthly: toDecimal(rate * hoursPerMonth),
            currency,
          },
        }),
      }
    },
  }
}

export type Pricing = ReturnType<typeof createPricing>

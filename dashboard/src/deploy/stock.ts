/** How many of each there are to be had, so that nobody chooses what is gone. */
import { useQuery } from '@tanstack/react-query'
import type { Answer } from '../api/client.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { type Currency, money } from '../ui/format.ts'
import type { Flavor } from './use-offer.ts'

export type Stocks = Answer<'get', '/api/gpu-stocks/'>['stocks']

export const useStocks = (): Stocks =>
  useQuery({ ...reading('/api/gpu-stocks/'), refetchInterval: () => pollWhenBroken() || 30_000 })
    .data?.stocks ?? []

/** Machines of this model and size, in a region or in all; null: it is not counted, as without GPU. */
export function machinesLeft(
  stocks: Stocks,
  { model, count = 1, region }: { model: string; count?: number; region?: string },
): number | null {
  const found = stocks.filter(
    (each) => each.gpu_model === model && (region === undefined || each.region === region),
  )
  if (found.length === 0) return null
  return found
    .flatMap((each) => each.configurations.filter((one) => one.gpu_count === count))
    .reduce((sum, one) => sum + one.available, 0)
}

export const leftWords = (left: number | null) =>
  left === null ? null : left === 0 ? 'Sold out' : `${left} in stock`

/** Of the smallest machine of a model. */
export function priceFrom(flavors: readonly Flavor[], model: string, currency: Currency): string {
  const prices = flavors.flatMap((each) =>
    each.gpu_type === model ? [each.prices[currency] ?? 0] : [],
  )
  return prices.length === 0 ? '' : `from ${money(Math.min(...prices), currency)}/h`
}

export type Alternative = { readonly key: string; readonly flavor: Flavor }

/** The same elsewhere and otherwise, what is there now before what is not, the nearest first. */
export function alternativesTo(
  wanted: Flavor,
  flavors: readonly Flavor[],
  { sameRegion }: { sameRegion: boolean },
): readonly Alternative[] {
  const distance = (other: Flavor) =>
    Number(!other.available) * 100 +
    Number(other.gpu_type !== wanted.gpu_type) * 10 +
    Math.abs(other.gpu_count - wanted.gpu_count) * 2 +
    Number(other.region !== wanted.region)
  return flavors
    .filter((other) => other.name !== wanted.name || other.region !== wanted.region)
    .filter((other) => !sameRegion || other.region === wanted.region)
    .filter((other) => other.gpu_count > 0 === wanted.gpu_count > 0)
    .sort((a, b) => distance(a) - distance(b))
    .slice(0, 6)
    .map((flavor) => ({ key: `${flavor.region}/${flavor.name}`, flavor }))
}

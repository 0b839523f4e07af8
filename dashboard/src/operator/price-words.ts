/** Prices as people name them, and what is typed for one. */
import type { Answer } from '../api/client.ts'

type List = Answer<'get', '/api/operator/prices/'>
export type CurrentPrice = List['current'][number]
export type PriceChange = List['changes'][number]
export type Kind = CurrentPrice['kind']
export type Prices = CurrentPrice['prices']

export const currencies = ['USD', 'EUR', 'INR'] as const satisfies readonly (keyof Prices)[]

export const kindWords: Readonly<Record<Kind, string>> = {
  flavor: 'Machines without GPU',
  gpu_model: 'GPUs',
  volume: 'Volumes',
  snapshot: 'Snapshots',
  hibernated: 'Hibernated machines',
}

/** `cpu-small`, `advanced/NVMe`; those without an item by their kind. */
export const priceName = ({ kind, item }: Pick<CurrentPrice, 'kind' | 'item'>) =>
  item === '' ? kindWords[kind] : item

export const keyOf = ({ kind, item }: Pick<CurrentPrice, 'kind' | 'item'>) => `${kind} ${item}`

/** Those that are not what the price is now, from and to. */
export const different = (before: Prices, after: Prices) =>
  currencies.filter((currency) => before[currency] !== after[currency])

const formats = new Map(
  currencies.map((currency) => [
    currency,
    new Intl.NumberFormat('en', {
      style: 'currency',
      currency,
      currencyDisplay: 'narrowSymbol',
      minimumFractionDigits: 2,
      maximumFractionDigits: 6,
    }),
  ]),
)
/** All of its decimals: whoever decides on a price reads exactly that. */
export const exactly = (prices: Prices, currency: keyof Prices) =>
  formats.get(currency)?.format(prices[currency]) ?? String(prices[currency])

/** At most six decimals count. Null: it is a price. */
export function priceProblem(typed: string): string | null {
  if (!/^\d+(\.\d{1,6})?$/.test(typed.trim())) return 'A number with at most six decimals.'
  return Number(typed) <= 1_000_000 ? null : 'At most 1,000,000.'
}

/** Share by which a price rises (above 0) or falls; null from nothing. */
export const changeOf = (before: number, after: number) =>
  before === 0 ? null : (after - before) / before

/**
 * What everything costs at one moment: what garrison.yaml says, with the price changes that are in force
 * laid over it. Plain data and plain functions; amounts in decimals, as in the configuration.
 */
import type { PriceKind } from '@garrison/contract/operator/prices'
import type { ConfiguredPrices } from '../config/schema.ts'
import type { Config } from '../config.ts'

/** What a price is of. `item` is '' where there is only one. */
export type Priced = { readonly kind: PriceKind; readonly item: string }

export type PriceChange = Priced & {
  readonly prices: ConfiguredPrices
  readonly effectiveFrom: Date
}

export type PriceTable = {
  /** Per hour, by flavor without GPU. */
  readonly flavors: Readonly<Record<string, ConfiguredPrices>>
  /** Per GPU and hour, by model. */
  readonly gpu_models: Readonly<Record<string, ConfiguredPrices>>
  /** Per TB (1000 GB) and hour. */
  readonly volumes: Config['prices']['volumes']
  /** Per hour for each 100 GB of a snapshot's disk. */
  readonly snapshot_100gb: ConfiguredPrices
  /** Per hour for a hibernated instance, at most. */
  readonly hibernated: ConfiguredPrices
}

export function configuredPrices(config: Pick<Config, 'flavors' | 'gpu_models' | 'prices'>) {
  const table: PriceTable = {
    ...config.prices,
    flavors: Object.fromEntries(config.flavors.map(({ name, prices }) => [name, prices])),
    gpu_models: Object.fromEntries(
      Object.entries(config.gpu_models).map(([name, { prices }]) => [name, prices]),
    ),
  }
  return table
}

/** Everything that has a price, in the order of the table. */
export function pricedItems(table: PriceTable): Priced[] {
  const named = (kind: PriceKind, names: readonly string[]) => names.map((item) => ({ kind, item }))
  return [
    ...named('flavor', Object.keys(table.flavors)),
    ...named('gpu_model', Object.keys(table.gpu_models)),
    ...named(
      'volume',
      Object.entries(table.volumes).flatMap(([tier, types]) =>
        Object.keys(types).map((type) => `${tier}/${type}`),
      ),
    ),
    ...named('snapshot', ['']),
    ...named('hibernated', ['']),
  ]
}

/** Null: nothing of that name has a price. */
export function priceIn(table: PriceTable, { kind, item }: Priced): ConfiguredPrices | null {
  switch (kind) {
    case 'flavor':
      return own(table.flavors, item)
    case 'gpu_model':
      return own(table.gpu_models, item)
    case 'volume': {
      const [tier = '', type = '', ...more] = item.split('/')
      if (more.length > 0) return null
      return own(own(table.volumes, tier) ?? {}, type)
    }
    case 'snapshot':
      return item === '' ? table.snapshot_100gb : null
    case 'hibernated':
      return item === '' ? table.hibernated : null
  }
}

const own = <T>(record: Readonly<Record<string, T | undefined>>, name: string): T | null =>
  Object.hasOwn(record, name) ? (record[name] ?? null) : null

/** A change of something that the configuration no longer has is without effect. */
export function withChange(table: PriceTable, change: PriceChange): PriceTable {
  if (priceIn(table, change) === null) return table
  const { kind, item, prices } = change
  switch (kind) {
    case 'flavor':
      return { ...table, flavors: { ...table.flavors, [item]: prices } }
    case 'gpu_model':
      return { ...table, gpu_models: { ...table.gpu_models, [item]: prices } }
    case 'volume': {
      const [tier, type] = item.split('/') as [keyof PriceTable['volumes'], string]
      return {
        ...table,
        volumes: { ...table.volumes, [tier]: { ...table.volumes[tier], [type]: prices } },
      }
    }
    case 'snapshot':
      return { ...table, snapshot_100gb: prices }
    case 'hibernated':
      return { ...table, hibernated: prices }
  }
}

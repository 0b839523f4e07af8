/**
 * Gives everything that there is the price that came into force: its row, which the triggers of the
 * billing records read, and the records from that moment on.
 */
import type { Currency } from '@garrison/contract/common'
import { type Catalog, createCatalog } from '../catalog/catalog.ts'
import type { Config } from '../config.ts'
import type { Tx } from '../database/database.ts'
import { fromDecimal } from '../money.ts'
import { hibernationRate } from './rates.ts'
import * as store from './store.ts'
import type { Priced, PriceTable } from './table.ts'

/** One thing whose rate becomes another. Rates are micro-units per hour. */
type Reprice = {
  readonly id: string
  readonly accountId: string
  readonly publicId: string
  readonly currency: Currency
  /** Of the row; of volumes for each TB, of snapshots of microVMs for each 100 GB. */
  readonly micros: number
  /** It costs something else than before. */
  readonly differs: boolean
}

export type Plan = {
  readonly instances: readonly (Reprice & { hibernatedMicros: number | null })[]
  readonly snapshots: readonly (Reprice & { perHundredGb: number })[]
  readonly microvmSnapshots: readonly Reprice[]
  readonly volumes: readonly Reprice[]
}

/**
 * What `change` concerns once `table` is valid, which has it in it.
 *
 * @param since Also what has been deleted after it.
 */
export async function planRepricing(
  tx: Tx,
  config: Config,
  change: Priced,
  { table, since }: { table: PriceTable; since: Date },
): Promise<Plan> {
  const nothing: Plan = { instances: [], snapshots: [], microvmSnapshots: [], volumes: [] }
  switch (change.kind) {
    case 'flavor':
    case 'gpu_model':
    case 'hibernated':
      return { ...nothing, instances: await planInstances(tx, config, change, { table, since }) }
    case 'snapshot': {
      const rows = await store.pricedSnapshots(tx, since).execute()
      const catalog = createCatalog(config, () => table)
      const snapshots = rows.map((row) => {
        const micros = catalog.snapshotRate(row.currency, row.disk_gb)
        const perHundredGb = fromDecimal(table.snapshot_100gb[row.currency])
        return { ...head(row), micros, perHundredGb, differs: micros !== row.hourly_rate_micros }
      })
      const ofMicrovms = await store.pricedMicrovmSnapshots(tx, since).execute()
      const microvmSnapshots = ofMicrovms.map((row) => {
        const micros = fromDecimal(table.snapshot_100gb[row.currency])
        return { ...head(row), micros, differs: micros !== row.hundred_gb_rate_micros }
      })
      return { ...nothing, snapshots, microvmSnapshots }
    }
    case 'volume': {
      const rows = await store.pricedVolumes(tx, since).execute()
      const volumes = rows
        .filter((row) => `${row.tier}/${row.volume_type}` === change.item)
        .map((row) => {
          const micros = fromDecimal(table.volumes[row.tier][row.volume_type]?.[row.currency] ?? 0)
          return { ...head(row), micros, differs: micros !== row.tb_rate_micros }
        })
      return { ...nothing, volumes }
    }
  }
}

async function planInstances(
  tx: Tx,
  config: Config,
  change: Priced,
  { table, since }: { table: PriceTable; since: Date },
): Promise<Plan['instances']> {
  const catalog = createCatalog(config, () => table)
  const priced = hourlyRates(catalog, change)
  const rows = await store.pricedInstances(tx, since).execute()
  return rows.flatMap((row) => {
    const micros = change.kind === 'hibernated' ? row.hourly_rate_micros : priced(row)
    if (micros === null) return []
    const hibernatedMicros =
      row.hibernation_rate_micros === null
        ? null
        : hibernationRate(table, { ...row, hourly_rate_micros: micros })
    const asleep = row.status === 'HIBERNATED' && hibernatedMicros !== row.hibernation_rate_micros
    const differs = micros !== row.hourly_rate_micros || asleep
    return [{ ...head(row), micros, hibernatedMicros, differs }]
  })
}

type InstanceShape = Parameters<Catalog['pricedAs']>[1] & { region: string; currency: Currency }

/** Of those machines whose price is the changed one; null for others. There are far fewer shapes than machines. */
function hourlyRates(catalog: Catalog, { kind, item }: Priced) {
  const known = new Map<string, number | null>()
  return (row: InstanceShape): number | null => {
    const { region, currency, flavor, gpu_model, gpu_count, vcpus, memory_mib, disk_gb } = row
    const shape = { flavor, gpu_model, gpu_count, vcpus, memory_mib, disk_gb }
    const key = JSON.stringify([region, currency, shape])
    const found = known.get(key)
    if (found !== undefined) return found
    const like = catalog.pricedAs(region, shape, currency)
    const isIt =
      kind === 'gpu_model' ? like?.gpu?.model === item : like?.gpu === null && like.name === item
    const rate = like !== null && isIt ? like.hourlyRate[currency] : null
    known.set(key, rate)
    return rate
  }
}

const head = (row: { id: string; account_id: string; public_id: string; currency: Currency }) => ({
  id: row.id,
  accountId: row.account_id,
  publicId: row.public_id,
  currency: row.currency,
})

/** From that moment on. Doing it twice is doing it once. */
export async function applyPlan(tx: Tx, plan: Plan, since: Date) {
  const { instances, snapshots, microvmSnapshots, volumes } = plan
  // Rows first: whoever changes a state meanwhile waits for the row, and then opens a record at its rate.
  await store.setRates(tx, 'instances.hourly_rate_micros', instances)
  const asleep = instances.flatMap(({ id, hibernatedMicros }) =>
    hibernatedMicros === null ? [] : [{ id, micros: hibernatedMicros }],
  )
  await store.setRates(tx, 'instances.hibernation_rate_micros', asleep)
  await store.repriceRecords(tx, instances, { rate: 'full', perGb: null, since })
  await store.repriceRecords(tx, asleep, { rate: 'hibernated', perGb: null, since })
  await store.setRates(tx, 'snapshots.hourly_rate_micros', snapshots)
  const perHundredGb = snapshots.map((each) => ({ id: each.id, micros: each.perHundredGb }))
  await store.repriceRecords(tx, perHundredGb, { rate: 'storage', perGb: 100, since })
  await store.setRates(tx, 'microvm_snapshots.hundred_gb_rate_micros', microvmSnapshots)
  await store.repriceRecords(tx, microvmSnapshots, { rate: 'storage', perGb: 100, since })
  await store.setRates(tx, 'volumes.tb_rate_micros', volumes)
  await store.repriceRecords(tx, volumes, { rate: 'storage', perGb: 1000, since })
}

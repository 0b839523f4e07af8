/** Where a new machine's disk begins. */
import {
  type DiskSource,
  EngineError,
  type MachineSpec,
  NotFoundError,
  UnsupportedError,
} from '../../engine.ts'
import type { Store } from '../records/store.ts'
import { type Owner, osLayerName } from './layers.ts'

type Origin = { readonly layer: string; readonly recipe: string }

/**
 * Makes an overlay named `name` over the source, and answers its recipe.
 *
 * Throws {@link NotFoundError} when the tenant has no such source, before anything is made. Pin `name`
 * before and until a record points to it.
 */
export async function createDisk(
  store: Store,
  { tenant, source, diskGb }: Pick<MachineSpec, 'tenant' | 'source' | 'diskGb'>,
  name: string,
  owner: Owner,
): Promise<string> {
  const { layer, recipe } = await originOf(store, source, tenant)
  using _ = store.layers.pin(layer)
  const sizeBytes = diskBytes(diskGb)
  const least = store.layers.virtualSizeBytes(layer)
  if (sizeBytes < least)
    throw new EngineError(
      `A disk of ${diskGb} GB is too small for its source, which needs ${Math.ceil(least / 1e9)} GB`,
    )
  await store.layers.createOverlay(name, layer, owner, sizeBytes)
  return recipe
}

/** Whole sectors. */
export const diskBytes = (gb: number) => Math.ceil((gb * 1e9) / 512) * 512

async function originOf(store: Store, source: DiskSource, tenant: string): Promise<Origin> {
  switch (source.kind) {
    case 'os-image': {
      const recipe = await store.osDisks.require(source.name)
      return { layer: osLayerName(recipe), recipe }
    }
    case 'image':
    case 'snapshot': {
      const records = source.kind === 'image' ? store.images : store.snapshots
      const record = records.get(source.id)
      // Its layers could not be read anyway: they belong to the group of another tenant.
      const theirs = record?.tenant === tenant ? record : undefined
      return found(theirs, `${source.kind} ${source.id} of this tenant`)
    }
    case 'volume':
      throw new UnsupportedError('A machine boots from a volume itself, not from a copy of it')
  }
}

/** `value`, or {@link NotFoundError} saying what is missing. */
export function found<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new NotFoundError(`There is no ${what} on this host`)
  return value
}

/**
 * Images that people make: a snapshot's disk, kept for as long as the image is there. Operating systems to begin with
 * are os-images.ts, and what becomes of them on disk os-disks.ts.
 */
import type { ImageResult, Order } from '../../engine.ts'
import type { Orders } from '../orders.ts'
import type { Store } from '../records/store.ts'
import { found } from './source.ts'

type Deps = { readonly store: Store; readonly orders: Orders }

export function ensureImage(
  { store, orders }: Deps,
  image: string,
  snapshot: string,
  order: Order,
): Promise<ImageResult> {
  return orders.run(image, order, async () => {
    let record = store.images.get(image)
    if (record === undefined) {
      const source = found(store.snapshots.get(snapshot), `snapshot ${snapshot}`)
      const { tenant, gid, recipe, diskGb, layer, sizeBytes } = source
      using _ = store.layers.pin(layer)
      record = { tenant, gid, recipe, diskGb, layer, sizeBytes }
      await store.images.put(image, record)
    }
    return { sizeBytes: record.sizeBytes, minDiskGb: record.diskGb }
  })
}

export function ensureImageGone({ store, orders }: Deps, image: string, order: Order) {
  return orders.run(image, order, async () => {
    await store.images.delete(image)
    await store.sweep()
  })
}

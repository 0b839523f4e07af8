import * as contract from '@garrison/contract/images/routes'
import type { Catalog } from '../catalog/catalog.ts'
import type { Database } from '../database/database.ts'
import { callerOf, envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import { offset, paginate } from '../http/pagination.ts'
import type { Write } from '../http/write.ts'
import type { InstanceService } from '../instances/service.ts'
import { madeInstance } from '../instances/view.ts'
import type { SnapshotService } from '../snapshots/service.ts'
import { sizeGb } from '../snapshots/view.ts'
import type { ImageService } from './service.ts'
import type { Image } from './store.ts'

type Deps = {
  db: Database
  write: Write
  catalog: Catalog
  images: ImageService
  snapshots: SnapshotService
  instances: InstanceService
}

export function imageRoutes(app: App, deps: Deps) {
  const { db, write, catalog, images, snapshots, instances } = deps

  app.openapi(contract.listImages, async (c) => {
    const { page, page_size, search, region } = c.req.valid('query')
    if (region !== undefined) catalog.region(region)
    const range = { limit: page_size, offset: offset(page, page_size) }
    const { rows, total } = await images.list(db, callerOf(c), { search, region }, range)
    return c.json(
      {
        success: true as const,
        images: rows.map(imageAnswer),
        total_count: total,
        page,
        page_size,
        has_next: paginate(page, page_size, total).has_next,
        // Images live in regions that can take snapshots, and those are of this tier.
        tier: rows[0]?.tier ?? 'legacy',
      },
      200,
    )
  })

  app.openapi(contract.getSnapshotImages, async (c) => {
    const caller = callerOf(c)
    const snapshot = await snapshots.require(db, caller, c.req.valid('param').snapshot_id)
    const related = await images.ofSnapshots(db, caller, [snapshot.public_id])
    return c.json(
      {
        ...envelope(c, 'Relationship retrieved successfully'),
        snapshot_id: snapshot.public_id,
        ...relationship(related.get(snapshot.public_id)),
        tier: snapshot.tier,
      },
      200,
    )
  })

  app.openapi(contract.listSnapshotImages, async (c) => {
    const caller = callerOf(c)
    const ids = [...new Set(c.req.valid('json').snapshot_ids)]
    const [known, related] = await Promise.all([
      snapshots.existing(db, caller, ids),
      images.ofSnapshots(db, caller, ids),
    ])
    return c.json(
      {
        ...envelope(c, 'Relationships retrieved successfully'),
        relationships: Object.fromEntries(
          ids.filter((id) => known.has(id)).map((id) => [id, relationship(related.get(id))]),
        ),
        not_found: ids.filter((id) => !known.has(id)),
      },
      200,
    )
  })

  app.openapi(contract.getImage, async (c) => {
    const caller = callerOf(c)
    const image = await images.require(db, caller, c.req.valid('param').image_id)
    return c.json(
      {
        ...envelope(c, 'Image retrieved successfully'),
        image: imageAnswer(image),
        region: image.region,
        snapshot_id: image.snapshot_public_id,
        os: image.os_image,
        min_disk_gb: image.min_disk_gb,
        error: image.error,
        instances: (await instances.madeFrom(db, caller, image.id)).map(madeInstance),
        tier: image.tier,
      },
      200,
    )
  })

  app.openapi(contract.createImage, (c) =>
    write(c, async (tx, caller) => {
      const image = await snapshots.createImage(tx, caller, c.req.valid('json'))
      return {
        ...envelope(c, 'Image creation started'),
        image: imageAnswer(image),
        tier: image.tier,
      }
    }),
  )

  app.openapi(contract.deleteImage, (c) =>
    write(c, async (tx, caller) => {
      const image = await images.delete(tx, caller, c.req.valid('param').image_id)
      return {
        ...envelope(c, 'Image deletion started'),
        image_id: image.public_id,
        tier: image.tier,
      }
    }),
  )
}

function imageAnswer(row: Image): contract.Image {
  return {
    id: row.public_id,
    name: row.name,
    type: 'Snapshot',
    status: row.status,
    size: `${sizeGb(row.size_bytes).toFixed(1)} GB`,
    snapshot_name: row.snapshot_name,
    created: row.created_at.toISOString(),
    description: row.description,
  }
}

function relationship(rows: readonly Image[] = []) {
  return {
    has_image: rows.length > 0,
    images: rows.map((row) => ({
      image_id: row.public_id,
      image_name: row.name,
      status: row.status,
      created: row.created_at.toISOString(),
    })),
  }
}

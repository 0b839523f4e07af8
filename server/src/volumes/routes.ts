import * as contract from '@garrison/contract/volumes/routes'
import type { Catalog } from '../catalog/catalog.ts'
import type { Database } from '../database/database.ts'
import { callerOf, envelope } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import { offset, paginate } from '../http/pagination.ts'
import type { Write } from '../http/write.ts'
import type { ViewContext } from '../instances/view.ts'
import type { AttachmentService } from './attachments.ts'
import type { VolumeService } from './service.ts'
import type { VolumeWithMachine } from './store.ts'
import { volumeAnswer, volumeAttachment } from './view.ts'

type Deps = {
  db: Database
  write: Write
  catalog: Catalog
  volumes: VolumeService
  attachments: AttachmentService
  view: ViewContext
}

export function volumeRoutes(app: App, deps: Deps) {
  const { db, write, catalog, volumes, attachments, view } = deps

  const answer = (row: VolumeWithMachine) => volumeAnswer(row, view)

  app.openapi(contract.listVolumes, async (c) => {
    const { page, page_size, bootable, ...filter } = c.req.valid('query')
    if (filter.region !== undefined) catalog.region(filter.region)
    const caller = callerOf(c)
    const found = await volumes.list(
      db,
      caller,
      { ...filter, bootable: bootable === undefined ? undefined : bootable === 'true' },
      { limit: page_size, offset: offset(page, page_size) },
    )
    return c.json(
      {
        ...envelope(c, 'Volumes retrieved successfully'),
        volumes: found.rows.map((row) => answer(row)),
        next_name: found.nextName,
        statistics: {
          total_volumes: found.statistics.total,
          total_storage_gb: found.statistics.gb,
          attached: found.statistics.attached,
          bootable: found.statistics.bootable,
        },
        pagination: paginate(page, page_size, found.total),
      },
      200,
    )
  })

  app.openapi(contract.listVolumeTypes, (c) => {
    const filter = c.req.valid('query')
    if (filter.region !== undefined) catalog.region(filter.region)
    return c.json(
      {
        ...envelope(c, 'Volume types retrieved successfully'),
        volume_types: volumes.types(filter),
      },
      200,
    )
  })

  app.openapi(contract.createVolume, (c) =>
    write(c, async (tx, caller) => {
      const volume = await volumes.create(tx, caller, c.req.valid('json'))
      return {
        ...envelope(c, 'Volume creation started'),
        volume: answer(volume),
        tier: volume.tier,
      }
    }),
  )

  app.openapi(contract.attachVolumes, (c) =>
    write(c, async (tx, caller) => {
      const { instance_id, volume_ids } = c.req.valid('json')
      const attached = await attachments.attach(tx, caller, instance_id, volume_ids)
      return {
        ...envelope(c, 'Volume attachment started'),
        instance_id: attached.instance.public_id,
        volumes: attached.volumes.map(volumeAttachment),
        tier: attached.instance.tier,
      }
    }),
  )

  app.openapi(contract.detachVolumes, (c) =>
    write(c, async (tx, caller) => {
      const { instance_id, volume_ids } = c.req.valid('json')
      const detached = await attachments.detach(tx, caller, volume_ids, instance_id)
      return {
        ...envelope(c, 'Volume detachment started'),
        instance_id: detached.instance.public_id,
        volume_ids: detached.volumes.map((volume) => volume.public_id),
        tier: detached.instance.tier,
      }
    }),
  )

  app.openapi(contract.getVolume, async (c) => {
    const caller = callerOf(c)
    const volume = await volumes.require(db, caller, c.req.valid('param').volume_id)
    return c.json(
      {
        ...envelope(c, 'Volume retrieved successfully'),
        volume: answer(volume),
        tier: volume.tier,
      },
      200,
    )
  })

  app.openapi(contract.deleteVolume, (c) =>
    write(c, async (tx, caller) => {
      const volume = await volumes.delete(tx, caller, c.req.valid('param').volume_id)
      return {
        ...envelope(c, 'Volume deletion started'),
        volume_id: volume.public_id,
        tier: volume.tier,
      }
    }),
  )

  app.openapi(contract.cloneVolume, (c) =>
    write(c, async (tx, caller) => {
      const { volume_id } = c.req.valid('param')
      const { volume, source } = await volumes.clone(tx, caller, volume_id, c.req.valid('json'))
      return {
        ...envelope(c, 'Volume clone started'),
        volume: answer(volume),
        source_volume_id: source.public_id,
        tier: volume.tier,
      }
    }),
  )

  app.openapi(contract.resizeVolume, (c) =>
    write(c, async (tx, caller) => {
      const { volume_id } = c.req.valid('param')
      const { size_gb } = c.req.valid('json')
      const { volume, previousGb } = await volumes.resize(tx, caller, volume_id, size_gb)
      return {
        ...envelope(c, 'Volume resize started'),
        volume: answer(volume),
        previous_size_gb: previousGb,
        tier: volume.tier,
      }
    }),
  )
}

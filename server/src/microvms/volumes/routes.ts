import * as contract from '@garrison/contract/microvms/volumes'
import { ValidationError } from '../../errors.ts'
import { callerOf } from '../../http/answers.ts'
import type { App } from '../../http/app.ts'
import type { Write } from '../../http/write.ts'
import type { MicrovmVolumeService } from './service.ts'
import type { Checkpoint, Volume, VolumeFile } from './store.ts'

type Deps = { write: Write; microvmVolumes: MicrovmVolumeService }

const volumeAnswer = (row: Volume): contract.MicrovmVolume => ({
  ...{ id: row.public_id, volume_id: row.public_id, name: row.name },
  ...{ quota_bytes: row.quota_bytes, used_bytes: row.used_bytes },
  created_at: row.created_at.toISOString(),
  updated_at: row.updated_at.toISOString(),
})

const fileAnswer = (row: VolumeFile, isFolder = false): contract.VolumeFile => ({
  ...{ path: row.path, kind: isFolder ? 'folder' : 'file', size_bytes: row.size_bytes },
  modified_at: row.modified_at.toISOString(),
})

const checkpointAnswer = (row: Checkpoint, volume_id: string): contract.VolumeCheckpoint => ({
  ...{ id: row.public_id, checkpoint_id: row.public_id, volume_id, name: row.name },
  ...{ files: row.files, created_at: row.created_at.toISOString() },
})

export function microvmVolumeRoutes(app: App, deps: Deps) {
  const { write, microvmVolumes: volumes } = deps
  app.openapi(contract.listMicrovmVolumes, async (c) =>
    c.json((await volumes.list(callerOf(c))).map(volumeAnswer), 200),
  )

  app.openapi(contract.createMicrovmVolume, (c) =>
    write(c, async (tx, caller) => {
      const { name, quota_bytes } = c.req.valid('json')
      return volumeAnswer(await volumes.create(tx, caller, { name, quota: quota_bytes ?? null }))
    }),
  )

  app.openapi(contract.getMicrovmVolume, async (c) =>
    c.json(volumeAnswer(await volumes.require(callerOf(c), c.req.valid('param').volume_id)), 200),
  )

  app.openapi(contract.updateMicrovmVolume, (c) =>
    write(c, async (tx, caller) => {
      const { name, quota_bytes } = c.req.valid('json')
      const wanted = { name: name ?? null, quota: quota_bytes ?? null }
      return volumeAnswer(await volumes.update(tx, caller, c.req.valid('param').volume_id, wanted))
    }),
  )

  app.openapi(contract.deleteMicrovmVolume, (c) =>
    write(c, async (tx, caller) => {
      const { volume_id: id } = c.req.valid('param')
      await volumes.delete(tx, caller, id)
      return { id, deleted: true as const }
    }),
  )

  fileRoutes(app, deps)
  checkpointRoutes(app, deps)
}

function fileRoutes(app: App, { write, microvmVolumes: volumes }: Deps) {
  app.openapi(contract.listVolumeFiles, async (c) => {
    const { prefix = '', checkpoint_id: checkpoint, ...wanted } = c.req.valid('query')
    const { volume_id } = c.req.valid('param')
    const found = await volumes.files(callerOf(c), volume_id, { ...wanted, prefix, checkpoint })
    return c.json(
      found.map((row) => fileAnswer(row, row.is_folder)),
      200,
    )
  })

  app.openapi(contract.deleteVolumeFile, (c) =>
    write(c, async (tx, caller) => {
      const { volume_id } = c.req.valid('param')
      return fileAnswer(await volumes.remove(tx, caller, volume_id, c.req.valid('query').path))
    }),
  )

  app.openapi(contract.uploadVolumeFile, async (c) => {
    const { file, path: given, overwrite } = c.req.valid('form')
    const { volume_id } = c.req.valid('param')
    const path = given ?? file.name
    if (!contract.VolumePath.safeParse(path).success) {
      throw new ValidationError({ path: ['the name of the file is no path here; give one'] })
    }
    const content = Buffer.from(await file.arrayBuffer())
    const replaces = overwrite?.toLowerCase() === 'true'
    const wanted = { path, content, overwrite: replaces }
    return write(c, async (tx, caller) =>
      fileAnswer(await volumes.put(tx, caller, volume_id, wanted)),
    )
  })

  app.openapi(contract.downloadVolumeFile, async (c) => {
    const { path, checkpoint_id } = c.req.valid('json')
    const { volume_id } = c.req.valid('param')
    const read = await volumes.read(callerOf(c), volume_id, path, checkpoint_id ?? null)
    if (c.req.header('accept')?.includes('application/octet-stream')) {
      const headers = { 'Content-Type': 'application/octet-stream' }
      // The document has both answers; the type of the route knows the first.
      return new Response(new Uint8Array(read.content), { headers }) as never
    }
    return c.json({ ...fileAnswer(read.file), content: read.content.toString('base64') }, 200)
  })
}

function checkpointRoutes(app: App, { write, microvmVolumes: volumes }: Deps) {
  app.openapi(contract.listVolumeCheckpoints, async (c) => {
    const { volume_id } = c.req.valid('param')
    const found = await volumes.checkpoints(callerOf(c), volume_id)
    return c.json(
      found.map((row) => checkpointAnswer(row, volume_id)),
      200,
    )
  })

  app.openapi(contract.createVolumeCheckpoint, (c) =>
    write(c, async (tx, caller) => {
      const { volume_id } = c.req.valid('param')
      const { name } = c.req.valid('json')
      const made = await volumes.createCheckpoint(tx, caller, volume_id, name ?? null)
      return checkpointAnswer(made, volume_id)
    }),
  )

  app.openapi(contract.deleteVolumeCheckpoint, (c) =>
    write(c, async (tx, caller) => {
      const { volume_id, checkpoint_id: id } = c.req.valid('param')
      await volumes.deleteCheckpoint(tx, caller, volume_id, id)
      return { id, deleted: true as const }
    }),
  )
}

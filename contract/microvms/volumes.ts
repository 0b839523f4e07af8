/**
 * Volumes of microVMs: files that outlive them, up to a quota, and checkpoints of all files at one moment.
 * They are reached by these calls alone: microVMs cannot mount them yet.
 */
import { createRoute, z } from '@hono/zod-openapi'
import { onlyReads } from '../access.ts'
import {
  answer,
  count,
  exampleTime,
  json,
  microvmErrors,
  microvmHead,
  queryBoolean,
  queryCount,
  Time,
  words,
} from './common.ts'
import { maximumUploadBytes } from './facts.ts'

const head = microvmHead('Volumes of microVMs')

const MiB = 1024 * 1024
const GiB = 1024 * MiB
/** Bytes of one volume, and of all of an account together. */
export const volumeQuota = { least: MiB, most: 10 * GiB, ofAccount: 10 * GiB } as const
export const microvmVolumesPerAccount = 50
export const filesPerVolume = 10_000
export const checkpointsPerVolume = 20

const volumeId = words(64).openapi({ example: 'vol_3h7k1m5p9r2t6w8y' })
const checkpointId = words(64).openapi({ example: 'ckpt_6b9d2f5h8k1m4p7r' })
const Name = words(255).min(1)
const QuotaBytes = count(volumeQuota.least, volumeQuota.most)

/** `data/report.csv`: no slash at either end, nothing empty, no `.` and no `..` in between. */
export const VolumePath = words(1_024)
  .min(1)
  .refine(
    (path) => path.split('/').every((part) => part !== '' && part !== '.' && part !== '..'),
    'the path must be relative, and not lead upwards (..)',
  )
  .openapi({ example: 'data/report.csv' })

export const MicrovmVolume = z
  .object({
    id: volumeId,
    volume_id: volumeId,
    name: z.string(),
    quota_bytes: z.int(),
    /** With what only checkpoints hold. */
    used_bytes: z.int(),
    created_at: Time,
    updated_at: Time,
  })
  .openapi('MicrovmVolume')
export type MicrovmVolume = z.infer<typeof MicrovmVolume>

const volume: MicrovmVolume = {
  ...{ id: 'vol_3h7k1m5p9r2t6w8y', volume_id: 'vol_3h7k1m5p9r2t6w8y', name: 'results' },
  ...{ quota_bytes: GiB, used_bytes: 1234, created_at: exampleTime, updated_at: exampleTime },
}

export const VolumeFile = z
  .object({
    path: z.string(),
    kind: z.enum(['file', 'folder']),
    size_bytes: z.int(),
    /** Of a folder: of what changed last in it. */
    modified_at: Time,
  })
  .openapi('MicrovmVolumeFile')
export type VolumeFile = z.infer<typeof VolumeFile>

const file: VolumeFile = {
  ...{ path: 'data/report.csv', kind: 'file', size_bytes: 1234, modified_at: exampleTime },
}

export const VolumeCheckpoint = z
  .object({
    id: checkpointId,
    checkpoint_id: checkpointId,
    volume_id: volumeId,
    name: z.string(),
    files: z.int(),
    created_at: Time,
  })
  .openapi('MicrovmVolumeCheckpoint')
export type VolumeCheckpoint = z.infer<typeof VolumeCheckpoint>

const checkpoint: VolumeCheckpoint = {
  ...{ id: 'ckpt_6b9d2f5h8k1m4p7r', checkpoint_id: 'ckpt_6b9d2f5h8k1m4p7r' },
  ...{ volume_id: volume.id, name: 'before', files: 3, created_at: exampleTime },
}

const params = z.object({ volume_id: volumeId })
const one = '/v1/volumes/{volume_id}'
/** What clients send; use is always counted anew. */
const refresh = z.object({ refresh_usage: queryBoolean(false) })

const deleted = z
  .object({ id: z.string(), deleted: z.literal(true) })
  .openapi('MicrovmVolumeDeleted')

export const listMicrovmVolumes = createRoute({
  ...head,
  operationId: 'listMicrovmVolumes',
  method: 'get',
  path: '/v1/volumes',
  summary: 'List volumes',
  description: 'A bare array, newest first.',
  request: { query: refresh },
  responses: {
    ...answer(z.array(MicrovmVolume), 'Successful Response', [volume]),
    ...microvmErrors(),
  },
})

export const createMicrovmVolume = createRoute({
  ...head,
  operationId: 'createMicrovmVolume',
  method: 'post',
  path: '/v1/volumes',
  summary: 'Make a volume',
  description: `Costs nothing. The quotas of an account come to at most ${volumeQuota.ofAccount / GiB} GiB.`,
  request: {
    body: json(
      z
        .strictObject({ name: Name, quota_bytes: QuotaBytes.nullish() })
        .openapi('CreateMicrovmVolumeRequest'),
      { name: 'results', quota_bytes: GiB },
    ),
  },
  responses: {
    ...answer(MicrovmVolume, 'Successful Response', volume),
    ...microvmErrors(403, 409),
  },
})

export const getMicrovmVolume = createRoute({
  ...head,
  operationId: 'getMicrovmVolume',
  method: 'get',
  path: one,
  summary: 'Get a volume',
  request: { params, query: refresh },
  responses: { ...answer(MicrovmVolume, 'Successful Response', volume), ...microvmErrors(404) },
})

export const updateMicrovmVolume = createRoute({
  ...head,
  operationId: 'updateMicrovmVolume',
  method: 'patch',
  path: one,
  summary: 'Change a volume',
  description: 'Its quota may not become less than what it holds.',
  request: {
    params,
    body: json(
      z
        .strictObject({ name: Name.nullish(), quota_bytes: QuotaBytes.nullish() })
        .openapi('UpdateMicrovmVolumeRequest'),
      { quota_bytes: 2 * GiB },
    ),
  },
  responses: {
    ...answer(MicrovmVolume, 'Successful Response', { ...volume, quota_bytes: 2 * GiB }),
    ...microvmErrors(403, 404, 409),
  },
})

export const deleteMicrovmVolume = createRoute({
  ...head,
  operationId: 'deleteMicrovmVolume',
  method: 'delete',
  path: one,
  summary: 'Delete a volume',
  description: 'With its files and checkpoints.',
  request: { params },
  responses: {
    ...answer(deleted, 'Successful Response', { id: volume.id, deleted: true }),
    ...microvmErrors(403, 404),
  },
})

export const listVolumeFiles = createRoute({
  ...head,
  operationId: 'listVolumeFiles',
  method: 'get',
  path: `${one}/files`,
  summary: 'List files of a volume',
  description:
    'A bare array, by path. Without `recursive`, what lies deeper is shown as its folder.',
  request: {
    params,
    query: z.object({
      /** A folder, or how the path begins. */
      prefix: words(1_024).optional(),
      recursive: queryBoolean(false),
      limit: queryCount(1_000, 1, filesPerVolume),
      checkpoint_id: checkpointId.optional(),
    }),
  },
  responses: {
    ...answer(z.array(VolumeFile), 'Successful Response', [file]),
    ...microvmErrors(404),
  },
})

export const deleteVolumeFile = createRoute({
  ...head,
  operationId: 'deleteVolumeFile',
  method: 'delete',
  path: `${one}/files`,
  summary: 'Delete a file of a volume',
  description: 'Checkpoints keep it.',
  request: { params, query: z.object({ path: VolumePath }) },
  responses: { ...answer(VolumeFile, 'Successful Response', file), ...microvmErrors(403, 404) },
})

export const uploadVolumeFile = createRoute({
  ...head,
  operationId: 'uploadVolumeFile',
  method: 'post',
  path: `${one}/files/upload`,
  summary: 'Put a file into a volume',
  description: `At most ${maximumUploadBytes / MiB} MiB: it is read whole before it is kept.`,
  request: {
    params,
    body: {
      required: true,
      content: {
        'multipart/form-data': {
          schema: z
            .strictObject({
              file: z
                .instanceof(File, { error: 'send a file' })
                .openapi({ type: 'string', format: 'binary' }),
              /** Left out: the name of the file. */
              path: VolumePath.optional(),
              /** Left out: what is there stays, and the answer is 409. */
              overwrite: z.enum(['true', 'false', 'True', 'False']).optional(),
            })
            .openapi('UploadVolumeFileRequest'),
        },
      },
    },
  },
  responses: {
    ...answer(VolumeFile, 'Successful Response', file),
    ...microvmErrors(403, 404, 409, 413),
  },
})

export const downloadVolumeFile = createRoute({
  ...head,
  ...onlyReads,
  operationId: 'downloadVolumeFile',
  method: 'post',
  path: `${one}/files/download`,
  summary: 'Get a file of a volume',
  description:
    'As JSON; with the header `Accept: application/octet-stream` the bytes themselves. Of a checkpoint when one is named.',
  request: {
    params,
    body: json(
      z
        .strictObject({ path: VolumePath, checkpoint_id: checkpointId.nullish() })
        .openapi('DownloadVolumeFileRequest'),
      { path: file.path },
    ),
  },
  responses: {
    ...answer(
      VolumeFile.extend({
        /** Base64. */
        content: z.string(),
      }).openapi('DownloadedVolumeFile'),
      'Successful Response',
      { ...file, content: 'YSxiCjEsMgo=' },
    ),
    ...microvmErrors(404),
  },
})

export const listVolumeCheckpoints = createRoute({
  ...head,
  operationId: 'listVolumeCheckpoints',
  method: 'get',
  path: `${one}/checkpoints`,
  summary: 'List checkpoints of a volume',
  description: 'A bare array, newest first.',
  request: { params },
  responses: {
    ...answer(z.array(VolumeCheckpoint), 'Successful Response', [checkpoint]),
    ...microvmErrors(404),
  },
})

export const createVolumeCheckpoint = createRoute({
  ...head,
  operationId: 'createVolumeCheckpoint',
  method: 'post',
  path: `${one}/checkpoints`,
  summary: 'Make a checkpoint of a volume',
  description:
    'All its files as they are at this moment. They take room only once they are replaced.',
  request: {
    params,
    body: json(z.strictObject({ name: Name.nullish() }).openapi('CreateVolumeCheckpointRequest'), {
      name: 'before',
    }),
  },
  responses: {
    ...answer(VolumeCheckpoint, 'Successful Response', checkpoint),
    ...microvmErrors(403, 404),
  },
})

export const deleteVolumeCheckpoint = createRoute({
  ...head,
  operationId: 'deleteVolumeCheckpoint',
  method: 'delete',
  path: `${one}/checkpoints/{checkpoint_id}`,
  summary: 'Delete a checkpoint of a volume',
  request: { params: params.extend({ checkpoint_id: checkpointId }) },
  responses: {
    ...answer(deleted, 'Successful Response', { id: checkpoint.id, deleted: true }),
    ...microvmErrors(403, 404),
  },
})

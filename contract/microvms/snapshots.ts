/** Snapshots of microVMs: what a machine begins as. The list is published completely and exact. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  answer,
  count,
  Environment,
  exampleIds,
  exampleTime,
  json,
  MemoryMb,
  microvmErrors,
  microvmHead,
  snapshotId,
  Time,
  VcpuCount,
  words,
} from './common.ts'
import { microvmSnapshotOrigins, microvmSnapshotStatuses } from './states.ts'

const head = microvmHead('MicroVM snapshots')

/** Exactly the published fields, null where there is nothing. */
export const SnapshotInfo = z
  .object({
    id: snapshotId,
    name: z.string().nullable(),
    status: z.enum(microvmSnapshotStatuses),
    source_vm_id: z.string().nullable(),
    snapshot_type: z.enum(microvmSnapshotOrigins),
    type: z.enum(['user', 'system']),
    oci_image: z.string().nullable(),
    vcpu_count: z.int().nullable(),
    memory_mb: z.int().nullable(),
    size_bytes: z.int(),
    is_public: z.boolean(),
    last_error: z.string().nullable(),
    created_at: Time,
    updated_at: Time,
  })
  .openapi('SnapshotInfo')
export type SnapshotInfo = z.infer<typeof SnapshotInfo>

const example: SnapshotInfo = {
  id: exampleIds.snapshot_id,
  name: 'python',
  status: 'ready',
  source_vm_id: null,
  snapshot_type: 'oci',
  type: 'user',
  oci_image: 'docker.io/library/python:3.12-slim',
  vcpu_count: 2,
  memory_mb: 512,
  size_bytes: 201_326_592,
  is_public: false,
  last_error: null,
  created_at: exampleTime,
  updated_at: exampleTime,
}

export const listMicrovmSnapshots = createRoute({
  ...head,
  operationId: 'listMicrovmSnapshots',
  method: 'get',
  path: '/v1/snapshots',
  summary: 'List snapshots',
  description: 'Your own, and the public ones of the system; a bare array, newest first.',
  request: {
    query: z.object({
      type: z
        .string()
        .regex(/^(user|system)$/)
        .optional(),
    }),
  },
  responses: {
    ...answer(z.array(SnapshotInfo), 'Successful Response', [example]),
    ...microvmErrors(),
  },
})

const names = words(4_096).nullish()

const BuildArguments = z
  .strictObject({
    extra_apt_packages: names,
    extra_pip_packages: names,
    extra_npm_packages: names,
    /** Cloned into `/app/repo`. */
    git_clone_url: words(2_048).nullish(),
    git_clone_branch: words(255).nullish(),
    /** GB, 10^9 bytes. Left out: what the content needs, with headroom. */
    disk_size_gb: count(1, 16).nullish(),
    envs: Environment.nullish(),
    post_build_cmd: words(65_536).nullish(),
  })
  .openapi('BuildArguments')
export type BuildArguments = z.infer<typeof BuildArguments>

export const CreateMicrovmSnapshotRequest = z
  .strictObject({
    oci_image: words(512).min(1),
    name: words(255).min(1).nullish(),
    vcpu_count: VcpuCount.default(2),
    memory_mb: MemoryMb.default(512),
    type: z
      .string()
      .regex(/^(user|system)$/)
      .default('user'),
    build_args: BuildArguments.nullish(),
  })
  .openapi('CreateMicrovmSnapshotRequest')
export type CreateMicrovmSnapshotRequest = z.infer<typeof CreateMicrovmSnapshotRequest>

/** Clients read either name of the id. */
export const SnapshotDetails = SnapshotInfo.extend({ snapshot_id: snapshotId }).openapi(
  'SnapshotDetails',
)

const details = { ...example, snapshot_id: example.id }

export const createMicrovmSnapshot = createRoute({
  ...head,
  operationId: 'createMicrovmSnapshot',
  method: 'post',
  path: '/v1/snapshots',
  summary: 'Build a snapshot of an OCI image',
  description:
    'Answers at once; `status` goes from `pending` by `building` to `ready`, or to `failed` with the reason in `last_error`. `type` `system` is for operators: such a snapshot is public.',
  request: {
    body: json(CreateMicrovmSnapshotRequest, { oci_image: 'python:3.12-slim', name: 'python' }),
  },
  responses: {
    ...answer(SnapshotDetails, 'Successful Response', { ...details, status: 'pending' }),
    ...microvmErrors(402, 403, 501),
  },
})

const params = z.object({ snapshot_id: snapshotId })

export const getMicrovmSnapshot = createRoute({
  ...head,
  operationId: 'getMicrovmSnapshot',
  method: 'get',
  path: '/v1/snapshots/{snapshot_id}',
  summary: 'Get a snapshot',
  request: { params },
  responses: { ...answer(SnapshotDetails, 'Successful Response', details), ...microvmErrors(404) },
})

export const MicrovmSnapshotDeleted = z
  .object({
    id: snapshotId,
    snapshot_id: snapshotId,
    deleted: z.literal(true),
    message: z.string(),
  })
  .openapi('MicrovmSnapshotDeleted')

export const deleteMicrovmSnapshot = createRoute({
  ...head,
  operationId: 'deleteMicrovmSnapshot',
  method: 'delete',
  path: '/v1/snapshots/{snapshot_id}',
  summary: 'Delete a snapshot',
  description: 'VMs that began as it go on. One that is being built stops being built.',
  request: { params },
  responses: {
    ...answer(MicrovmSnapshotDeleted, 'Successful Response', {
      id: example.id,
      snapshot_id: example.id,
      deleted: true,
      message: 'The snapshot is deleted',
    }),
    ...microvmErrors(403, 404, 409),
  },
})

export const BuildLog = z
  .object({
    snapshot_id: snapshotId,
    status: z.enum(microvmSnapshotStatuses),
    /** What was printed since `offset`. */
    log: z.string(),
    /** Where to go on reading. */
    next_offset: z.int(),
    is_complete: z.boolean(),
  })
  .openapi('BuildLog')
export type BuildLog = z.infer<typeof BuildLog>

export const getBuildLog = createRoute({
  ...head,
  operationId: 'getBuildLog',
  method: 'get',
  path: '/v1/snapshots/{snapshot_id}/build-log',
  summary: 'Read what a build prints',
  description:
    'While it runs and afterwards; ours, not of the published API. At most 1 MiB is kept.',
  request: {
    params,
    query: z.object({
      offset: z
        .string()
        .regex(/^\d{1,9}$/)
        .optional()
        .openapi({ description: 'Characters that are known already.', example: '0' }),
    }),
  },
  responses: {
    ...answer(BuildLog, 'Successful Response', {
      snapshot_id: example.id,
      status: 'building',
      log: 'Unpacking python:3.12-slim\n',
      next_offset: 27,
      is_complete: false,
    }),
    ...microvmErrors(404),
  },
})

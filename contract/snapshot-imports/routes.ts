import { createRoute, z } from '@hono/zod-openapi'
import {
  Description,
  errors,
  exampleHead,
  idempotencyHeaders,
  jsonBody,
  ok,
  publicId,
  ResourceName,
  security,
  TieredEnvelope,
  Timestamp,
  text,
} from '../common.ts'
import { manifestExample, SnapshotManifest } from '../snapshots/manifest.ts'
import { Snapshot } from '../snapshots/routes.ts'
import { importStatuses } from './states.ts'

const SnapshotId = publicId('S')

export const SnapshotImport = z
  .object({
    status: z.enum(importStatuses),
    /** Of the file, by the manifest. */
    size_bytes: z.int(),
    /** How much of it is there: go on from here after a break. */
    received_bytes: z.int(),
    /** Where the file is sent, with this host's name before it. */
    upload_path: z.string(),
    /** Without another piece until then it is given up; null once all of it is there. */
    expires_at: Timestamp.nullable(),
    /** Why the status is ERROR. */
    error: z.string().nullable(),
    created_at: Timestamp,
  })
  .openapi('SnapshotImport')
export type SnapshotImport = z.infer<typeof SnapshotImport>

const example = {
  status: 'UPLOADING',
  size_bytes: 402_653_184,
  received_bytes: 0,
  upload_path: '/api/snapshots/BRK-123456S/import/disk.qcow2',
  expires_at: '2026-01-11T10:00:00Z',
  error: null,
  created_at: '2026-01-10T10:00:00Z',
} as const satisfies z.input<typeof SnapshotImport>

export const ImportSnapshotRequest = z
  .object({
    /** As the export answered it. */
    manifest: SnapshotManifest,
    region: text(50).min(1).openapi({ example: 'LOCAL-1' }),
    /** Instead of the manifest's. */
    name: ResourceName.optional(),
    description: Description.optional(),
    /** What machines that are restored from it are made of; the manifest's flavor when left out. */
    flavor: text(50).optional(),
    /** Keys that restored machines get, beside those on the disk. */
    ssh_key_ids: z.array(publicId('K')).max(25).optional(),
  })
  .openapi('ImportSnapshotRequest')
export type ImportSnapshotRequest = z.infer<typeof ImportSnapshotRequest>

const tags = ['Snapshots']
const params = z.object({ snapshot_id: SnapshotId })
const path = '/api/snapshots/{snapshot_id}/import/' as const

export const ImportSnapshotResponse = TieredEnvelope.extend({
  snapshot: Snapshot,
  import: SnapshotImport,
}).openapi('ImportSnapshotResponse')

const snapshotExample = {
  id: 'BRK-123456S',
  name: 'before-upgrade',
  description: 'Before the upgrade',
  status: 'CREATING',
  size_gb: 0,
  region: 'LOCAL-1',
  vm_name: 'web-1',
  instance_id: null,
  is_image: false,
  vcpus: 1,
  ram_gb: 1,
  gpu_type: 'CPU',
  gpu_count: 0,
  disk_gb: 10,
  hourly_rate: 0.01,
  consistency: null,
  memory: false,
  pinned: false,
  policy_id: null,
  error: null,
  created_at: '2026-01-10T10:00:00Z',
  updated_at: '2026-01-10T10:00:00Z',
} as const satisfies z.input<typeof Snapshot>

export const importSnapshot = createRoute({
  operationId: 'importSnapshot',
  method: 'post',
  path: '/api/snapshots/import/',
  summary: 'Import snapshot',
  description:
    'Announces a file that was exported here or elsewhere. Then send it to `upload_path`, in one piece ' +
    '(`curl -T disk.qcow2`) or several; when all of it is there it is verified, and the snapshot is SUCCESS ' +
    'or ERROR.',
  tags,
  security,
  request: {
    headers: idempotencyHeaders,
    body: jsonBody(ImportSnapshotRequest, { manifest: manifestExample, region: 'LOCAL-1' }),
  },
  responses: {
    ...ok(ImportSnapshotResponse, 'The snapshot, and where its file is sent', {
      ...exampleHead,
      message: 'Snapshot import started; send the file to upload_path',
      snapshot: snapshotExample,
      import: example,
      tier: 'legacy',
    }),
    ...errors(400, 403, 404, 409, 413, 422),
  },
})

const SnapshotImportResponse = TieredEnvelope.extend({
  snapshot_id: SnapshotId,
  import: SnapshotImport,
}).openapi('SnapshotImportResponse')

const answer = (description: string, message: string, shown: z.input<typeof SnapshotImport>) =>
  ok(SnapshotImportResponse, description, {
    ...exampleHead,
    message,
    snapshot_id: 'BRK-123456S',
    import: shown,
    tier: 'legacy',
  })

export const getSnapshotImport = createRoute({
  operationId: 'getSnapshotImport',
  method: 'get',
  path,
  summary: 'Get import of snapshot',
  description: 'Tells how much of the file is there.',
  tags,
  security,
  request: { params },
  responses: {
    ...answer('The import', 'Snapshot import retrieved successfully', {
      ...example,
      received_bytes: 1_048_576,
    }),
    ...errors(400, 404),
  },
})

export const deleteSnapshotImport = createRoute({
  operationId: 'deleteSnapshotImport',
  method: 'delete',
  path,
  summary: 'Give up import of snapshot',
  description: 'Removes what has come of the file, and its snapshot.',
  tags,
  security,
  request: { params, headers: idempotencyHeaders },
  responses: {
    ...answer('It is going', 'Snapshot import given up', { ...example, received_bytes: 1_048_576 }),
    ...errors(400, 404, 409, 422),
  },
})

export const uploadSnapshotImport = createRoute({
  operationId: 'uploadSnapshotImport',
  method: 'put',
  path: `${path}disk.qcow2/`,
  summary: 'Upload disk to import',
  description:
    'The file, or its next piece with `Content-Range: bytes FIRST-LAST/SIZE`, where FIRST is `received_bytes`. ' +
    'What came before a break is kept: go on with `curl -C RECEIVED_BYTES -T disk.qcow2`. Whoever sends takes ' +
    'over from a request that is still at it. `bytes */SIZE` without content asks for verification only.',
  tags,
  security,
  request: {
    params,
    headers: z.object({
      'content-range': z
        .string()
        .optional()
        .openapi({ example: 'bytes 1048576-402653183/402653184' }),
    }),
    body: {
      required: true,
      content: {
        'application/octet-stream': {
          schema: z.string().openapi({ type: 'string', format: 'binary' }),
        },
      },
    },
  },
  responses: {
    ...answer('What is there now', 'All of the file is there; it is being verified', {
      ...example,
      status: 'VERIFYING',
      received_bytes: example.size_bytes,
      expires_at: null,
    }),
    ...errors(400, 404, 409, 413, 416),
  },
})

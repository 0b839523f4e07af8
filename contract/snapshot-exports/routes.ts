import { createRoute, z } from '@hono/zod-openapi'
import {
  errors,
  exampleHead,
  idempotencyHeaders,
  ok,
  publicId,
  security,
  TieredEnvelope,
  Timestamp,
} from '../common.ts'
import { manifestExample, SnapshotManifest } from '../snapshots/manifest.ts'
import { exportStatuses } from './states.ts'

const SnapshotId = publicId('S')

export const SnapshotExport = z
  .object({
    status: z.enum(exportStatuses),
    /** Say where the file comes from and, when it is imported, what it must be; null until it is made. */
    manifest: SnapshotManifest.nullable(),
    /** Where the file is read, with this host's name before it; null until it is made. */
    download_path: z.string().nullable(),
    /** The operation that makes or removes it tells how far it is. */
    operation_id: z.string(),
    /** It goes by itself then; null while it is being made. */
    expires_at: Timestamp.nullable(),
    /** Why the status is ERROR. */
    error: z.string().nullable(),
    created_at: Timestamp,
  })
  .openapi('SnapshotExport')
export type SnapshotExport = z.infer<typeof SnapshotExport>

const SnapshotExportResponse = TieredEnvelope.extend({
  snapshot_id: SnapshotId,
  export: SnapshotExport,
}).openapi('SnapshotExportResponse')

const making = {
  status: 'CREATING',
  manifest: null,
  download_path: null,
  operation_id: '019ba6f4-3c00-7000-8000-0242ac120002',
  expires_at: null,
  error: null,
  created_at: '2026-01-10T10:00:00Z',
} as const satisfies z.input<typeof SnapshotExport>

const made = {
  ...making,
  status: 'SUCCESS',
  manifest: manifestExample,
  download_path: '/api/snapshots/BRK-123456S/export/disk.qcow2',
  expires_at: '2026-01-11T10:00:20Z',
} as const satisfies z.input<typeof SnapshotExport>

const tags = ['Snapshots']
const params = z.object({ snapshot_id: SnapshotId })
const path = '/api/snapshots/{snapshot_id}/export/' as const

const answer = (description: string, message: string, shown: z.input<typeof SnapshotExport>) =>
  ok(SnapshotExportResponse, description, {
    ...exampleHead,
    message,
    snapshot_id: 'BRK-123456S',
    export: shown,
    tier: 'legacy',
  })

export const createSnapshotExport = createRoute({
  operationId: 'createSnapshotExport',
  method: 'post',
  path,
  summary: 'Export snapshot',
  description:
    'Makes a file of the disk that needs nothing else: a compressed qcow2. Memory is not in it. There is one ' +
    'at a time of each snapshot; asked for again, it answers the one that is there.',
  tags,
  security,
  request: { params, headers: idempotencyHeaders },
  responses: {
    ...answer('The export, on its way', 'Snapshot export started', making),
    ...errors(400, 404, 409, 422),
  },
})

export const getSnapshotExport = createRoute({
  operationId: 'getSnapshotExport',
  method: 'get',
  path,
  summary: 'Get export of snapshot',
  description: 'With the manifest, which an import needs beside the file.',
  tags,
  security,
  request: { params },
  responses: {
    ...answer('The export', 'Snapshot export retrieved successfully', made),
    ...errors(400, 404),
  },
})

export const deleteSnapshotExport = createRoute({
  operationId: 'deleteSnapshotExport',
  method: 'delete',
  path,
  summary: 'Delete export of snapshot',
  description:
    'Cancels one that is being made. The snapshot stays. Exports go by themselves after a day.',
  tags,
  security,
  request: { params, headers: idempotencyHeaders },
  responses: {
    ...answer('It is going', 'Snapshot export deletion started', {
      ...made,
      status: 'DELETING',
      manifest: null,
      download_path: null,
      expires_at: null,
    }),
    ...errors(400, 404, 409, 422),
  },
})

const Bytes = z.string().openapi({ type: 'string', format: 'binary' })
const file = (description: string) => ({
  description,
  content: { 'application/octet-stream': { schema: Bytes } },
})

export const downloadSnapshotExport = createRoute({
  operationId: 'downloadSnapshotExport',
  method: 'get',
  path: `${path}disk.qcow2/`,
  summary: 'Download exported disk',
  description:
    'The file, or a part of it (`Range`, with `If-Range` and the `ETag`, which is the checksum): a download ' +
    'that broke off goes on with `curl -C -`.',
  tags,
  security,
  request: {
    params,
    headers: z.object({
      range: z.string().optional().openapi({ example: 'bytes=1048576-' }),
      'if-range': z.string().optional(),
      'if-none-match': z.string().optional(),
    }),
  },
  responses: {
    200: file('All of it'),
    206: file('The part that was asked for'),
    304: { description: 'It is what `If-None-Match` names' },
    ...errors(400, 404, 416),
  },
})

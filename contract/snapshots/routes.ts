import { createRoute, z } from '@hono/zod-openapi'
import {
  Description,
  Envelope,
  errors,
  exampleHead,
  idempotencyHeaders,
  jsonBody,
  ok,
  Pagination,
  page,
  pageSize,
  paginationExample,
  publicId,
  RequestId,
  ResourceName,
  regionFilter,
  search,
  security,
  Tier,
  TieredEnvelope,
  Timestamp,
} from '../common.ts'
import { Data, InstanceId, MadeInstance } from '../instances/schemas.ts'
import { SnapshotExport } from '../snapshot-exports/routes.ts'
import { snapshotStatuses } from './states.ts'

export const SnapshotId = publicId('S')

export const Snapshot = z
  .object({
    id: SnapshotId,
    name: z.string(),
    description: z.string().nullable(),
    status: z.enum(snapshotStatuses),
    /** GB (10^9 bytes) that it holds above the OS image, one decimal; 0 until that is known. */
    size_gb: z.number(),
    region: z.string(),
    /** Name of the source as it was. */
    vm_name: z.string(),
    /** null when it was imported. */
    instance_id: InstanceId.nullable(),
    /** Custom images have been made of it. */
    is_image: z.boolean(),
    vcpus: z.int().nullable(),
    ram_gb: z.number().nullable(),
    gpu_type: z.string().nullable(),
    gpu_count: z.int().nullable(),
    /** GB (10^9 bytes) of the disk, which is what is billed. */
    disk_gb: z.int().nullable(),
    hourly_rate: z.number(),
    /**
     * `filesystem`: the guest's file systems were frozen for a moment; `crash`: as if the power had
     * been cut; null until it is taken.
     */
    consistency: z.enum(['filesystem', 'crash']).nullable(),
    /** Holds memory too: a restored machine continues where this one was. */
    memory: z.boolean(),
    /** Nobody deletes it, not even by hand, until it is unpinned. */
    pinned: z.boolean(),
    /** The snapshot policy that took it, also when that is gone; null: somebody asked for it. */
    policy_id: publicId('P').nullable(),
    /** Why the status is ERROR. */
    error: z.string().nullable(),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .openapi('Snapshot')
export type Snapshot = z.infer<typeof Snapshot>

const example = {
  id: 'BRK-123456S',
  name: 'before-upgrade',
  description: 'Before the upgrade',
  status: 'SUCCESS',
  size_gb: 0.4,
  region: 'LOCAL-1',
  vm_name: 'web-1',
  instance_id: 'BRK-100200D',
  is_image: false,
  vcpus: 1,
  ram_gb: 1,
  gpu_type: 'CPU',
  gpu_count: 0,
  disk_gb: 10,
  hourly_rate: 0.01,
  consistency: 'filesystem',
  memory: false,
  pinned: false,
  policy_id: null,
  error: null,
  created_at: '2026-01-10T09:30:00Z',
  updated_at: '2026-01-10T09:30:01Z',
} as const satisfies Snapshot

const creating = {
  ...example,
  status: 'CREATING',
  size_gb: 0,
  consistency: null,
  updated_at: example.created_at,
} as const satisfies Snapshot

const tags = ['Snapshots']
const params = z.object({ snapshot_id: SnapshotId })

export const ListSnapshotsResponse = Envelope.extend({
  snapshots: z.array(Snapshot),
  /** Of all your snapshots, or of all in the region that was asked for. */
  statistics: z.object({
    total_snapshots: z.int(),
    total_storage_gb: z.number(),
    /** ACTIVE instances, which a snapshot can be taken of. */
    available_vms: z.int(),
    restorable: z.int(),
  }),
  pagination: Pagination,
}).openapi('SnapshotListResponse')

export const listSnapshots = createRoute({
  operationId: 'listSnapshots',
  method: 'get',
  path: '/api/snapshots/',
  summary: 'List snapshots',
  tags,
  security,
  request: { query: z.object({ page, pageSize, search, region: regionFilter }) },
  responses: {
    ...ok(ListSnapshotsResponse, 'Your snapshots, newest first', {
      ...exampleHead,
      message: 'Snapshots retrieved successfully',
      snapshots: [example],
      statistics: { total_snapshots: 1, total_storage_gb: 0.4, available_vms: 1, restorable: 1 },
      pagination: paginationExample,
    }),
    ...errors(400),
  },
})

/** Without the source, which the alias under the instance has in its path. */
export const CreateInstanceSnapshotRequest = z
  .object({
    name: ResourceName,
    description: Description.optional(),
    /** Also makes a custom image of the same name from it. */
    create_as_image: z.boolean().optional(),
    /** Keep memory too, where the region can: a restored machine continues where this one was. */
    memory: z.boolean().optional(),
  })
  .openapi('CreateInstanceSnapshotRequest')

export const CreateSnapshotRequest = CreateInstanceSnapshotRequest.extend({
  instance_id: InstanceId,
}).openapi('CreateSnapshotRequest')
export type CreateSnapshotRequest = z.infer<typeof CreateSnapshotRequest>

export const CreateSnapshotResponse = TieredEnvelope.extend({
  timestamp: Timestamp,
  snapshot: Snapshot,
  image_id: z.string().nullable(),
}).openapi('CreateSnapshotResponse')

const created = {
  ...ok(CreateSnapshotResponse, 'The snapshot, on its way', {
    ...exampleHead,
    message: 'Snapshot creation started',
    timestamp: '2026-01-10T09:30:00Z',
    snapshot: creating,
    image_id: null,
    tier: 'legacy',
  }),
  ...errors(400, 403, 404, 409, 413, 422),
}

export const createSnapshot = createRoute({
  operationId: 'createSnapshot',
  method: 'post',
  path: '/api/snapshots/',
  summary: 'Create snapshot',
  description: 'Of an ACTIVE instance, which goes on running.',
  tags,
  security,
  request: {
    headers: idempotencyHeaders,
    body: jsonBody(CreateSnapshotRequest, {
      instance_id: example.instance_id,
      name: example.name,
      description: example.description,
    }),
  },
  responses: created,
})

export const createInstanceSnapshot = createRoute({
  operationId: 'createInstanceSnapshot',
  method: 'post',
  path: '/api/instances/{instance_id}/snapshots/',
  summary: 'Create snapshot of this instance',
  description: 'The same as `POST /api/snapshots/`.',
  tags,
  security,
  request: {
    params: z.object({ instance_id: InstanceId }),
    headers: idempotencyHeaders,
    body: jsonBody(CreateInstanceSnapshotRequest, {
      name: example.name,
      description: example.description,
    }),
  },
  responses: created,
})

export const GetSnapshotResponse = TieredEnvelope.extend({
  snapshot: Snapshot,
  /** Restored from it, and still there; the newest hundred. */
  instances: z.array(MadeInstance),
  /** Its file, made or on its way; null when nobody asked for one, or it is gone again. */
  export: SnapshotExport.nullable(),
}).openapi('GetSnapshotResponse')

export const getSnapshot = createRoute({
  operationId: 'getSnapshot',
  method: 'get',
  path: '/api/snapshots/{snapshot_id}/',
  summary: 'Get snapshot details',
  tags,
  security,
  request: { params },
  responses: {
    ...ok(GetSnapshotResponse, 'The snapshot', {
      ...exampleHead,
      message: 'Snapshot retrieved successfully',
      snapshot: example,
      instances: [
        { instance_id: 'BRK-100201D', vm_name: 'before-upgrade-restored', status: 'ACTIVE' },
      ],
      export: null,
      tier: 'legacy',
    }),
    ...errors(400, 404),
  },
})

export const DeleteSnapshotResponse = TieredEnvelope.extend({ snapshot_id: SnapshotId }).openapi(
  'DeleteSnapshotResponse',
)

export const deleteSnapshot = createRoute({
  operationId: 'deleteSnapshot',
  method: 'delete',
  path: '/api/snapshots/{snapshot_id}/',
  summary: 'Delete snapshot',
  description:
    'For good. Instances and images made from it stay as they are. Refused while it is pinned.',
  tags,
  security,
  request: { params, headers: idempotencyHeaders },
  responses: {
    ...ok(DeleteSnapshotResponse, 'It is going', {
      ...exampleHead,
      message: 'Snapshot deletion started',
      snapshot_id: example.id,
      tier: 'legacy',
    }),
    ...errors(400, 404, 409, 422),
  },
})

export const PinSnapshotRequest = z.object({ pinned: z.boolean() }).openapi('PinSnapshotRequest')

export const PinSnapshotResponse = TieredEnvelope.extend({ snapshot: Snapshot }).openapi(
  'PinSnapshotResponse',
)

export const pinSnapshot = createRoute({
  operationId: 'pinSnapshot',
  method: 'post',
  path: '/api/snapshots/{snapshot_id}/pin/',
  summary: 'Pin or unpin snapshot',
  description: 'A pinned snapshot is not deleted, neither by a policy nor by hand.',
  tags,
  security,
  request: {
    params,
    headers: idempotencyHeaders,
    body: jsonBody(PinSnapshotRequest, { pinned: true }),
  },
  responses: {
    ...ok(PinSnapshotResponse, 'The snapshot as it is now', {
      ...exampleHead,
      message: 'Snapshot pinned',
      snapshot: { ...example, pinned: true },
      tier: 'legacy',
    }),
    ...errors(400, 404, 409, 413, 422),
  },
})

export const RestoreSnapshotRequest = z
  .object({ new_vm_name: ResourceName })
  .openapi('RestoreSnapshotRequest')
export type RestoreSnapshotRequest = z.infer<typeof RestoreSnapshotRequest>

/** Exactly the published keys. */
export const RestoreSnapshotResponse = z
  .object({
    success: z.literal(true),
    message: z.string(),
    request_id: RequestId,
    timestamp: Timestamp,
    data: Data,
    snapshot: z.object({ id: SnapshotId, name: z.string() }),
    tier: Tier,
  })
  .openapi('RestoreSnapshotResponse')

export const restoreSnapshot = createRoute({
  operationId: 'restoreSnapshot',
  method: 'post',
  path: '/api/snapshots/{snapshot_id}/restore/',
  summary: 'Restore snapshot as a new instance',
  description:
    'Waits until the new instance runs, for up to 30 seconds; then answers with the state it has.',
  tags,
  security,
  request: {
    params,
    headers: idempotencyHeaders,
    body: jsonBody(RestoreSnapshotRequest, { new_vm_name: 'before-upgrade-restored' }),
  },
  responses: {
    ...ok(RestoreSnapshotResponse, 'The new instance', {
      ...exampleHead,
      message: 'Snapshot restored successfully',
      timestamp: '2026-01-10T10:00:00Z',
      data: {
        instance_id: 'BRK-100201D',
        vm_name: 'before-upgrade-restored',
        ip_address: '10.77.1.6',
        ip_status: 'assigned',
        billing: { hourly_rate: 0.01, currency: 'USD' },
        specs: { gpu_type: 'CPU', gpu_count: 0, ram_gb: 1, vcpus: 1, storage_gb: 10 },
        status: 'ACTIVE',
        boot_source: 'snapshot',
        created_at: '2026-01-10T10:00:00Z',
      },
      snapshot: { id: example.id, name: example.name },
      tier: 'legacy',
    }),
    ...errors(400, 403, 404, 409, 413, 422, 502),
  },
})

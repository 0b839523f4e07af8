import { createRoute, z } from '@hono/zod-openapi'
import {
  Description,
  Envelope,
  errors,
  exampleHead,
  idempotencyHeaders,
  integer,
  jsonBody,
  ok,
  Pagination,
  Price,
  page,
  pageSize,
  paginationExample,
  query,
  ResourceName,
  regionFilter,
  search,
  security,
  Tier,
  TieredEnvelope,
  text,
} from '../common.ts'
import { InstanceId, VolumeAttachment } from '../instances/schemas.ts'
import {
  exampleAttachment,
  exampleVolume,
  largestVolumeGb,
  Volume,
  VolumeId,
  volumesPerInstance,
} from './schemas.ts'
import { volumeStatuses } from './states.ts'

export * from './schemas.ts'

const tags = ['Volumes']
const params = z.object({ volume_id: VolumeId })

const VolumeIds = z
  .array(VolumeId)
  .min(1)
  .max(volumesPerInstance)
  .refine((ids) => new Set(ids).size === ids.length, 'Name each volume only once.')

export const ListVolumesResponse = Envelope.extend({
  volumes: z.array(Volume),
  /** The smallest `volume<n>` that none of your volumes is called. */
  next_name: z.string(),
  /** Of all your volumes, or of all in the region that was asked for. */
  statistics: z.object({
    total_volumes: z.int(),
    total_storage_gb: z.int(),
    attached: z.int(),
    bootable: z.int(),
  }),
  pagination: Pagination,
}).openapi('GetVolumesWithNextNameResponse')

export const listVolumes = createRoute({
  operationId: 'listVolumes',
  method: 'get',
  path: '/api/volumes/',
  summary: 'List volumes',
  tags,
  security,
  request: {
    query: z.object({
      page,
      page_size: pageSize,
      search,
      region: regionFilter,
      status: query(z.enum(volumeStatuses)),
      bootable: query(z.enum(['true', 'false'])),
      tier: query(Tier),
    }),
  },
  responses: {
    ...ok(ListVolumesResponse, 'Your volumes, newest first', {
      ...exampleHead,
      message: 'Volumes retrieved successfully',
      volumes: [exampleVolume],
      next_name: 'volume2',
      statistics: { total_volumes: 1, total_storage_gb: 100, attached: 0, bootable: 0 },
      pagination: paginationExample,
    }),
    ...errors(400),
  },
})

export const CreateVolumeRequest = z
  .object({
    name: ResourceName,
    region: text(50).openapi({ example: 'LOCAL-1' }),
    /** GB; each region says its least in `/api/volumes/types/`. */
    size_gb: integer(1, largestVolumeGb),
    /** One that the region offers; its first when left out. */
    volume_type: text(50).optional(),
    bootable: z.boolean().optional().openapi({ default: false }),
    /** What a bootable volume begins as. */
    os_image: text(200).optional(),
    description: Description.optional(),
  })
  .superRefine(
    ({ bootable, os_image }, context) => {
      const wrong = (message: string) =>
        context.addIssue({ code: 'custom', path: ['os_image'], message })
      if (bootable === true && os_image === undefined)
        wrong('A bootable volume begins as an OS image; name one.')
      if (bootable !== true && os_image !== undefined) wrong('Goes with bootable only.')
    },
    { when: ({ value }) => typeof value === 'object' && value !== null && !Array.isArray(value) },
  )
  .openapi('CreateVolumeRequest')
export type CreateVolumeRequest = z.infer<typeof CreateVolumeRequest>

export const VolumeAnswer = TieredEnvelope.extend({ volume: Volume })

export const createVolume = createRoute({
  operationId: 'createVolume',
  method: 'post',
  path: '/api/volumes/',
  summary: 'Create a volume',
  tags,
  security,
  request: {
    headers: idempotencyHeaders,
    body: jsonBody(CreateVolumeRequest, { name: 'volume1', region: 'LOCAL-1', size_gb: 100 }),
  },
  responses: {
    ...ok(VolumeAnswer.openapi('CreateVolumeResponse'), 'The volume, on its way', {
      ...exampleHead,
      message: 'Volume creation started',
      volume: { ...exampleVolume, status: 'creating' },
      tier: 'legacy',
    }),
    ...errors(400, 403, 409, 413, 422),
  },
})

export const VolumeTypesResponse = Envelope.extend({
  volume_types: z.array(
    z.object({
      type: z.string(),
      tier: Tier,
      regions: z.array(z.string()),
      prices: Price,
      unit: z.string(),
      minimum_size_gb: z.int(),
      bootable_supported: z.boolean(),
    }),
  ),
}).openapi('GetVolumeTypesResponse')

export const listVolumeTypes = createRoute({
  operationId: 'listVolumeTypes',
  method: 'get',
  path: '/api/volumes/types/',
  summary: 'List available volume types',
  description: 'Regions that share a type and differ in what it offers are listed apart.',
  tags,
  security,
  request: { query: z.object({ tier: query(Tier), region: regionFilter }) },
  responses: {
    ...ok(VolumeTypesResponse, 'What volumes there are, and where', {
      ...exampleHead,
      message: 'Volume types retrieved successfully',
      volume_types: [
        {
          type: 'SSD',
          tier: 'legacy',
          regions: ['LOCAL-1'],
          prices: { USD: 0.1, EUR: 0.1, INR: 10 },
          unit: 'per TB per hour',
          minimum_size_gb: 1,
          bootable_supported: true,
        },
      ],
    }),
    ...errors(400),
  },
})

export const AttachVolumesRequest = z
  .object({ instance_id: InstanceId, volume_ids: VolumeIds })
  .openapi('AttachVolumesRequest')

export const AttachVolumesResponse = TieredEnvelope.extend({
  instance_id: InstanceId,
  volumes: z.array(VolumeAttachment),
}).openapi('AttachVolumesResponse')

export const attachVolumes = createRoute({
  operationId: 'attachVolumes',
  method: 'post',
  path: '/api/volumes/attach/',
  summary: 'Attach volumes to an instance',
  description: 'All of them or none. Each is `in-use` once the machine has it.',
  tags,
  security,
  request: {
    headers: idempotencyHeaders,
    body: jsonBody(AttachVolumesRequest, {
      instance_id: 'BRK-100200D',
      volume_ids: ['BRK-123456V'],
    }),
  },
  responses: {
    ...ok(AttachVolumesResponse, 'On their way', {
      ...exampleHead,
      message: 'Volume attachment started',
      instance_id: 'BRK-100200D',
      volumes: [exampleAttachment],
      tier: 'legacy',
    }),
    ...errors(400, 403, 404, 409, 413, 422),
  },
})

export const DetachVolumesRequest = z
  .object({
    volume_ids: VolumeIds,
    /** Found by the volumes when left out; they must be of one instance. */
    instance_id: InstanceId.optional(),
  })
  .openapi('DetachVolumesRequest')

export const DetachVolumesResponse = TieredEnvelope.extend({
  instance_id: InstanceId,
  volume_ids: z.array(VolumeId),
}).openapi('DetachVolumesResponse')

export const detachVolumes = createRoute({
  operationId: 'detachVolumes',
  method: 'post',
  path: '/api/volumes/detach/',
  summary: 'Detach volumes from an instance',
  description:
    'All of them or none. Unmount them first: a guest that does not let go keeps them, and their `error` says so.',
  tags,
  security,
  request: {
    headers: idempotencyHeaders,
    body: jsonBody(DetachVolumesRequest, { volume_ids: ['BRK-123456V'] }),
  },
  responses: {
    ...ok(DetachVolumesResponse, 'On their way', {
      ...exampleHead,
      message: 'Volume detachment started',
      instance_id: 'BRK-100200D',
      volume_ids: ['BRK-123456V'],
      tier: 'legacy',
    }),
    ...errors(400, 403, 404, 409, 413, 422),
  },
})

export const getVolume = createRoute({
  operationId: 'getVolume',
  method: 'get',
  path: '/api/volumes/{volume_id}/',
  summary: 'Get volume details',
  tags,
  security,
  request: { params },
  responses: {
    ...ok(VolumeAnswer.openapi('GetVolumeDetailsResponse'), 'The volume', {
      ...exampleHead,
      message: 'Volume retrieved successfully',
      volume: exampleVolume,
      tier: 'legacy',
    }),
    ...errors(400, 404),
  },
})

export const DeleteVolumeResponse = TieredEnvelope.extend({ volume_id: VolumeId }).openapi(
  'DeleteVolumeResponse',
)

export const deleteVolume = createRoute({
  operationId: 'deleteVolume',
  method: 'delete',
  path: '/api/volumes/{volume_id}/',
  summary: 'Delete a volume',
  description: 'Only while no instance has it. There is no way back.',
  tags,
  security,
  request: { params, headers: idempotencyHeaders },
  responses: {
    ...ok(DeleteVolumeResponse, 'On its way', {
      ...exampleHead,
      message: 'Volume deletion started',
      volume_id: 'BRK-123456V',
      tier: 'legacy',
    }),
    ...errors(400, 403, 404, 409, 422),
  },
})

export const CloneVolumeRequest = z
  .object({
    /** `{name}-clone` when left out. */
    name: ResourceName.optional(),
    /** The source's when left out. */
    volume_type: text(50).optional(),
  })
  .openapi('CloneVolumeRequest')
export type CloneVolumeRequest = z.infer<typeof CloneVolumeRequest>

export const CloneVolumeResponse = TieredEnvelope.extend({
  volume: Volume,
  source_volume_id: VolumeId,
}).openapi('CloneVolumeResponse')

export const cloneVolume = createRoute({
  operationId: 'cloneVolume',
  method: 'post',
  path: '/api/volumes/{volume_id}/clone/',
  summary: 'Clone a volume',
  description: 'A copy as of now, also while an instance has the source; independent afterwards.',
  tags,
  security,
  request: {
    params,
    headers: idempotencyHeaders,
    body: jsonBody(CloneVolumeRequest, { name: 'volume1-clone' }),
  },
  responses: {
    ...ok(CloneVolumeResponse, 'The copy, on its way', {
      ...exampleHead,
      message: 'Volume clone started',
      volume: { ...exampleVolume, id: 'BRK-234567V', name: 'volume1-clone', status: 'cloning' },
      source_volume_id: 'BRK-123456V',
      tier: 'legacy',
    }),
    ...errors(400, 403, 404, 409, 413, 422),
  },
})

export const ResizeVolumeRequest = z
  .object({ size_gb: integer(1, largestVolumeGb) })
  .openapi('ResizeVolumeRequest')

export const ResizeVolumeResponse = TieredEnvelope.extend({
  volume: Volume,
  previous_size_gb: z.int(),
}).openapi('ResizeVolumeResponse')

export const resizeVolume = createRoute({
  operationId: 'resizeVolume',
  method: 'post',
  path: '/api/volumes/{volume_id}/resize/',
  summary: 'Resize a volume',
  description: 'Volumes grow, also while an instance has them, and never shrink.',
  tags,
  security,
  request: {
    params,
    headers: idempotencyHeaders,
    body: jsonBody(ResizeVolumeRequest, { size_gb: 200 }),
  },
  responses: {
    ...ok(ResizeVolumeResponse, 'On its way', {
      ...exampleHead,
      message: 'Volume resize started',
      volume: { ...exampleVolume, status: 'resizing' },
      previous_size_gb: 100,
      tier: 'legacy',
    }),
    ...errors(400, 403, 404, 409, 413, 422),
  },
})

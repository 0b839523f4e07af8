import { createRoute, z } from '@hono/zod-openapi'
import { onlyReads } from '../access.ts'
import {
  Description,
  Envelope,
  errors,
  exampleHead,
  idempotencyHeaders,
  jsonBody,
  ok,
  page,
  pageSize,
  publicId,
  ResourceName,
  regionFilter,
  search,
  security,
  Tier,
  TieredEnvelope,
  Timestamp,
  text,
} from '../common.ts'
import { MadeInstance } from '../instances/schemas.ts'
import { imageStatuses } from './states.ts'

/** Decimal digits. */
export const ImageId = text(64).openapi({ example: '12345' })
const SnapshotId = publicId('S')
const ImageStatusEnum = z.enum(imageStatuses)

/** Exactly the published keys. */
export const Image = z
  .object({
    id: ImageId,
    name: z.string(),
    /** `Snapshot`: what it was made from. */
    type: z.string(),
    status: ImageStatusEnum,
    /** For people: `25.5 GB`. */
    size: z.string(),
    /** Outlives the snapshot. */
    snapshot_name: z.string(),
    created: Timestamp,
    /** Empty when none was given. */
    description: z.string(),
  })
  .openapi('Image')
export type Image = z.infer<typeof Image>

const example = {
  id: '12345',
  name: 'web-base',
  type: 'Snapshot',
  status: 'available',
  size: '0.4 GB',
  snapshot_name: 'before-upgrade',
  created: '2026-01-10T10:30:00Z',
  description: 'Web server, configured',
} as const satisfies Image

const tags = ['Custom images']
const params = z.object({ image_id: ImageId })

/** Exactly the published keys: no message and no request id. */
export const ListImagesResponse = z
  .object({
    success: z.literal(true),
    images: z.array(Image),
    total_count: z.int(),
    page: z.int(),
    page_size: z.int(),
    has_next: z.boolean(),
    tier: Tier,
  })
  .openapi('ImageListResponse')

export const listImages = createRoute({
  operationId: 'listImages',
  method: 'get',
  path: '/api/custom-images/',
  summary: 'List custom images',
  tags,
  security,
  request: { query: z.object({ page, page_size: pageSize, search, region: regionFilter }) },
  responses: {
    ...ok(ListImagesResponse, 'Your images, newest first', {
      success: true,
      images: [example],
      total_count: 1,
      page: 1,
      page_size: 20,
      has_next: false,
      tier: 'legacy',
    }),
    ...errors(400),
  },
})

export const GetImageResponse = TieredEnvelope.extend({
  image: Image,
  /** The only one it can be deployed in. */
  region: z.string(),
  snapshot_id: SnapshotId,
  /** The OS image it goes back to. */
  os: z.string().nullable(),
  min_disk_gb: z.int(),
  /** Why the status is `error`. */
  error: z.string().nullable(),
  /** Deployed from it, and still there; the newest hundred. */
  instances: z.array(MadeInstance),
}).openapi('ImageDetailResponse')

export const getImage = createRoute({
  operationId: 'getImage',
  method: 'get',
  path: '/api/custom-images/{image_id}/',
  summary: 'Get image details',
  tags,
  security,
  request: { params },
  responses: {
    ...ok(GetImageResponse, 'The image', {
      ...exampleHead,
      message: 'Image retrieved successfully',
      image: example,
      region: 'LOCAL-1',
      snapshot_id: 'BRK-123456S',
      os: 'garrison-small',
      min_disk_gb: 10,
      error: null,
      instances: [{ instance_id: 'BRK-100202D', vm_name: 'web-2', status: 'ACTIVE' }],
      tier: 'legacy',
    }),
    ...errors(400, 404),
  },
})

export const CreateImageRequest = z
  .object({ snapshot_id: SnapshotId, name: ResourceName, description: Description.optional() })
  .openapi('CreateImageFromSnapshotRequest')
export type CreateImageRequest = z.infer<typeof CreateImageRequest>

export const CreateImageResponse = TieredEnvelope.extend({ image: Image }).openapi(
  'ImageCreateResponse',
)

export const createImage = createRoute({
  operationId: 'createImage',
  method: 'post',
  path: '/api/custom-images/',
  summary: 'Create image from snapshot',
  description: 'In the region of the snapshot, and independent of it once it is available.',
  tags,
  security,
  request: {
    headers: idempotencyHeaders,
    body: jsonBody(CreateImageRequest, {
      snapshot_id: 'BRK-123456S',
      name: example.name,
      description: example.description,
    }),
  },
  responses: {
    ...ok(CreateImageResponse, 'The image, on its way', {
      ...exampleHead,
      message: 'Image creation started',
      image: { ...example, status: 'creating', size: '0.0 GB' },
      tier: 'legacy',
    }),
    ...errors(400, 403, 404, 409, 413, 422),
  },
})

export const DeleteImageResponse = TieredEnvelope.extend({ image_id: ImageId }).openapi(
  'ImageDeleteResponse',
)

export const deleteImage = createRoute({
  operationId: 'deleteImage',
  method: 'delete',
  path: '/api/custom-images/{image_id}/',
  summary: 'Delete custom image',
  description: 'Instances made from it stay as they are.',
  tags,
  security,
  request: { params, headers: idempotencyHeaders },
  responses: {
    ...ok(DeleteImageResponse, 'It is going', {
      ...exampleHead,
      message: 'Image deletion started',
      image_id: example.id,
      tier: 'legacy',
    }),
    ...errors(400, 404, 409, 422),
  },
})

const relationshipFields = {
  has_image: z.boolean(),
  images: z.array(
    z.object({
      image_id: ImageId,
      image_name: z.string(),
      status: ImageStatusEnum,
      created: Timestamp,
    }),
  ),
}

const exampleRelationship = {
  has_image: true,
  images: [
    {
      image_id: example.id,
      image_name: example.name,
      status: example.status,
      created: example.created,
    },
  ],
}

export const GetSnapshotImagesResponse = TieredEnvelope.extend({
  snapshot_id: SnapshotId,
  ...relationshipFields,
}).openapi('SnapshotImageRelationshipResponse')

export const getSnapshotImages = createRoute({
  operationId: 'getSnapshotImages',
  method: 'get',
  path: '/api/custom-images/relationships/{snapshot_id}/',
  summary: 'Get the images made of a snapshot',
  tags,
  security,
  request: { params: z.object({ snapshot_id: SnapshotId }) },
  responses: {
    ...ok(GetSnapshotImagesResponse, 'Its images', {
      ...exampleHead,
      message: 'Relationship retrieved successfully',
      snapshot_id: 'BRK-123456S',
      ...exampleRelationship,
      tier: 'legacy',
    }),
    ...errors(400, 404),
  },
})

export const ListSnapshotImagesRequest = z
  .object({ snapshot_ids: z.array(SnapshotId).min(1).max(100) })
  .openapi('GetBatchSnapshotImageRelationshipsRequest')

export const ListSnapshotImagesResponse = Envelope.extend({
  relationships: z.record(z.string(), z.object(relationshipFields)),
  not_found: z.array(z.string()),
}).openapi('BatchSnapshotImageRelationshipResponse')

/** Changes nothing: a POST because of the length of what is asked for. */
export const listSnapshotImages = createRoute({
  operationId: 'listSnapshotImages',
  ...onlyReads,
  method: 'post',
  path: '/api/custom-images/relationships/',
  summary: 'Get the images made of several snapshots',
  tags,
  security,
  request: {
    body: jsonBody(ListSnapshotImagesRequest, { snapshot_ids: ['BRK-123456S', 'BRK-999999S'] }),
  },
  responses: {
    ...ok(ListSnapshotImagesResponse, 'By snapshot', {
      ...exampleHead,
      message: 'Relationships retrieved successfully',
      relationships: { 'BRK-123456S': exampleRelationship },
      not_found: ['BRK-999999S'],
    }),
    ...errors(400, 413),
  },
})

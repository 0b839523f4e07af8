/** In place: the machine keeps its name, address, rules and keys, and gets an older disk. */
import { createRoute, z } from '@hono/zod-openapi'
import {
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
} from '../common.ts'
import { InstanceId, InstanceStatusEnum } from './schemas.ts'

export const RollbackRequest = z
  .object({
    /** One that was taken of this very instance. */
    snapshot_id: publicId('S'),
    /** Name of a snapshot that is taken of the present state before, so that there is a way back. */
    snapshot_first: ResourceName.optional(),
    /** Stops a running instance before, and starts it afterwards; otherwise one that runs is refused. */
    force: z.boolean().optional(),
  })
  .openapi('RollbackRequest')
export type RollbackRequest = z.infer<typeof RollbackRequest>

export const RollbackResponse = TieredEnvelope.extend({
  instance_id: InstanceId,
  vm_name: z.string(),
  /** The one it goes through. */
  status: InstanceStatusEnum,
  previous_status: InstanceStatusEnum,
  snapshot_id: publicId('S'),
  /** The disk loses what was written to it since then. */
  discards_since: Timestamp,
  /** The snapshot of the present state, if one was asked for. */
  snapshot_first_id: publicId('S').nullable(),
}).openapi('RollbackResponse')

export const rollbackInstance = createRoute({
  operationId: 'rollbackInstance',
  method: 'post',
  path: '/api/instances/{instance_id}/rollback/',
  summary: 'Roll the disk back to a snapshot',
  description:
    'Of a stopped instance, or of a running one with `force`. Name, address, rules and keys stay; what ' +
    'was written to the disk since the snapshot is lost unless `snapshot_first` keeps it.',
  tags: ['Instances'],
  security,
  request: {
    params: z.object({ instance_id: InstanceId }),
    headers: idempotencyHeaders,
    body: jsonBody(RollbackRequest, {
      snapshot_id: 'BRK-123456S',
      snapshot_first: 'before-rollback',
    }),
  },
  responses: {
    ...ok(RollbackResponse, 'It has begun', {
      ...exampleHead,
      message: 'Rollback started; what was written since 2026-01-10T09:30:00.000Z is discarded',
      instance_id: 'BRK-100200D',
      vm_name: 'web-1',
      status: 'RESTORING',
      previous_status: 'SHUTOFF',
      snapshot_id: 'BRK-123456S',
      discards_since: '2026-01-10T09:30:00.000Z',
      snapshot_first_id: 'BRK-123457S',
      tier: 'legacy',
    }),
    ...errors(400, 403, 404, 409, 413, 422),
  },
})

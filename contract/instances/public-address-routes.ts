/** Giving an instance a public address and taking it away. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  Envelope,
  errors,
  exampleHead,
  idempotencyHeaders,
  jsonBody,
  ok,
  security,
} from '../common.ts'
import { InstanceId, IpStatus } from './schemas.ts'

export const TogglePublicIpRequest = z
  .object({
    /** Left out: the other way round than it is. */
    enable: z.boolean().optional(),
  })
  .openapi('ToggleVMPublicIPRequest')

export const TogglePublicIpResponse = Envelope.extend({
  instance_id: InstanceId,
  action: z.enum(['attach', 'detach']),
  /** The public address; null until it is there, and when it goes. */
  ip_address: z.string().nullable(),
  ip_status: IpStatus,
}).openapi('ToggleVMPublicIPResponse')

export const togglePublicIp = createRoute({
  operationId: 'togglePublicIp',
  method: 'post',
  path: '/api/instances/{instance_id}/toggle-public-ip/',
  summary: 'Toggle public IP for instance',
  description:
    'Of an ACTIVE or SHUTOFF instance. Its rules hold for the public address too; an instance without any lets everybody in. What it has already, it keeps. Connections by way of an address that goes are cut.',
  tags: ['Instances'],
  security,
  request: {
    params: z.object({ instance_id: InstanceId }),
    headers: idempotencyHeaders,
    body: { ...jsonBody(TogglePublicIpRequest, { enable: true }), required: false },
  },
  responses: {
    ...ok(TogglePublicIpResponse, 'It has begun', {
      ...exampleHead,
      message: 'Public IP is being attached',
      instance_id: 'BRK-100200D',
      action: 'attach',
      ip_address: null,
      ip_status: 'pending',
    }),
    ...errors(400, 403, 404, 409, 413, 422),
  },
})

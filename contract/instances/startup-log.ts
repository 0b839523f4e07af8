/** What became of a machine's first boot: its startup script or cloud-init text. */
import { createRoute, z } from '@hono/zod-openapi'
import { Envelope, errors, exampleHead, ok, security, Timestamp } from '../common.ts'
import { InstanceId } from './schemas.ts'

/**
 *     none                                  it was deployed with neither script nor cloud-init text
 *     pending → running → succeeded         it has not begun, has begun, ended with exit code 0
 *                       └ failed            ended otherwise, or was cut short by a restart; or the guest
 *                                           was not heard of for a day, which the log says then
 *
 * What has succeeded or failed stays so: it runs once.
 */
export const startupStatuses = ['none', 'pending', 'running', 'succeeded', 'failed'] as const
export type StartupStatus = (typeof startupStatuses)[number]

export const StartupLogResponse = Envelope.extend({
  instance_id: InstanceId,
  status: z.enum(startupStatuses),
  /** Null until it ended, and where the guest does not tell: cloud-init does not. */
  exit_code: z.int().nullable(),
  /** Output and errors, the last 64 KiB; null while there is nothing. Kept when the machine stops. */
  log: z.string().nullable(),
  /** By the guest's clock. */
  started_at: Timestamp.nullable(),
  finished_at: Timestamp.nullable(),
  simulated: z.literal(true).optional(),
}).openapi('StartupLogResponse')

export const getStartupLog = createRoute({
  operationId: 'getStartupLog',
  method: 'get',
  path: '/api/instances/{instance_id}/startup-log/',
  summary: 'Get the output of the startup script',
  description:
    'Of the startup script or cloud-init text that the instance was deployed with. Read in the guest by its agent; what was read last is kept.',
  tags: ['Instances'],
  security,
  request: { params: z.object({ instance_id: InstanceId }) },
  responses: {
    ...ok(StartupLogResponse, 'How far it is, and what it said', {
      ...exampleHead,
      message: 'Startup log retrieved successfully',
      instance_id: 'BRK-100200D',
      status: 'succeeded',
      exit_code: 0,
      log: 'hello\n',
      started_at: '2026-01-10T09:00:05Z',
      finished_at: '2026-01-10T09:00:06Z',
    }),
    ...errors(400, 404),
  },
})

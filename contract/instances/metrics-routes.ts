/** What a machine has used over the last day. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  errors,
  exampleHead,
  ok,
  query,
  queryIntegerOr,
  security,
  TieredEnvelope,
  Timestamp,
} from '../common.ts'
import { InstanceId } from './schemas.ts'

/** How far back anything is kept, and how often it is measured. */
export const metricsKeptSeconds = 24 * 3600
export const sampleSeconds = 60
/** An hour, where nobody says from when. */
export const defaultSpanSeconds = 3600

const params = z.object({ instance_id: InstanceId })
const value = z.number().nonnegative().nullable()

/** One step. What could not be measured in it is null: the machine did not run, or nobody looked. */
const MetricsPoint = z
  .object({
    /** Where the step begins. */
    at: Timestamp,
    /** Percent of all its virtual CPUs together, 0 to 100, on average. */
    cpu_percent: value,
    /** Bytes that the guest cannot do without (its total less what it calls available), on average. */
    memory_used_bytes: value,
    /** Bytes that the guest has, as it says itself; less than the flavor, since its kernel takes some. */
    memory_total_bytes: value,
    /** Bytes per second, of all disks together, on average. */
    disk_read_bytes_per_second: value,
    disk_write_bytes_per_second: value,
    /** Requests per second, of all disks together, on average. */
    disk_read_ops_per_second: value,
    disk_write_ops_per_second: value,
    /** Bytes per second that the machine received and sent, of whole Ethernet frames, on average. */
    network_received_bytes_per_second: value,
    network_sent_bytes_per_second: value,
    /** Percent that its GPUs are busy, on average; null without a GPU, and for one passed through whole. */
    gpu_percent: value,
    /** Bytes of GPU memory in use, on average; null likewise. */
    gpu_memory_used_bytes: value,
  })
  .openapi('MetricsPoint')
export type MetricsPoint = z.infer<typeof MetricsPoint>

export const getMetrics = createRoute({
  operationId: 'getMetrics',
  method: 'get',
  path: '/api/instances/{instance_id}/metrics/',
  summary: 'Get what the machine has used',
  description:
    'Measured once a minute from outside the machine (memory: told by its guest), and kept for 24 hours. ' +
    'A step is the average of what was measured in it; where there is nothing, all its values are null.',
  tags: ['Console'],
  security,
  request: {
    params,
    query: z.object({
      /** Without it, an hour before `to`. */
      from: query(z.iso.datetime({ offset: true })),
      /** Without it, now. */
      to: query(z.iso.datetime({ offset: true })),
      /** Seconds of a step. */
      step: queryIntegerOr(sampleSeconds, sampleSeconds, metricsKeptSeconds),
    }),
  },
  responses: {
    ...ok(
      TieredEnvelope.extend({
        instance_id: InstanceId,
        /** Where the first step begins: `from`, put back to a multiple of `step_seconds` since 1970. */
        from: Timestamp,
        to: Timestamp,
        step_seconds: z.int(),
        /** Oldest first, every step of the time that was asked for. */
        points: z.array(MetricsPoint),
        simulated: z.literal(true).optional(),
      }).openapi('MetricsResponse'),
      'Its use of the host, step by step',
      {
        ...exampleHead,
        message: 'Metrics retrieved successfully',
        instance_id: 'BRK-100200D',
        from: '2026-01-10T09:00:00Z',
        to: '2026-01-10T09:01:00Z',
        step_seconds: 60,
        points: [
          {
            at: '2026-01-10T09:00:00Z',
            cpu_percent: 12.5,
            memory_used_bytes: 183_500_800,
            memory_total_bytes: 1_020_000_000,
            disk_read_bytes_per_second: 0,
            disk_write_bytes_per_second: 4096,
            disk_read_ops_per_second: 0,
            disk_write_ops_per_second: 0.5,
            network_received_bytes_per_second: 820.2,
            network_sent_bytes_per_second: 410.7,
            gpu_percent: null,
            gpu_memory_used_bytes: null,
          },
        ],
        tier: 'legacy',
      },
    ),
    ...errors(400, 404),
  },
})

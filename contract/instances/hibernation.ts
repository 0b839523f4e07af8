/** Hibernation: memory goes to disk, processor and memory are free for others, and it goes on later. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  Currency,
  Envelope,
  errors,
  exampleHead,
  idempotencyHeaders,
  ok,
  queryInteger,
  security,
  TieredEnvelope,
  Timestamp,
} from '../common.ts'
import { InstanceId, InstanceStatusEnum, ResumeClass } from './schemas.ts'

export const HibernateRequest = z
  .object({
    /** Keeps the public address, which is given up otherwise. The private one always stays. */
    retain_ip: z.boolean().optional(),
    /** Keeps processor, memory and GPUs reserved, at the full rate, so that a restore finds room. */
    retain_capacity: z.boolean().optional(),
  })
  .openapi('HibernateVMRequest')
export type HibernateRequest = z.infer<typeof HibernateRequest>

export const RestoreHibernatedRequest = z
  .object({
    /** Boots from the disk and forgets the memory, as if the power had been cut. */
    cold_boot: z.boolean().optional(),
  })
  .openapi('RestoreVMRequest')
export type RestoreHibernatedRequest = z.infer<typeof RestoreHibernatedRequest>

const actionFields = {
  instance_id: InstanceId,
  vm_name: z.string(),
  /** The one it goes through. */
  status: InstanceStatusEnum,
  previous_status: InstanceStatusEnum,
}

export const HibernateResponse = TieredEnvelope.extend({
  ...actionFields,
  /** Per hour while it is hibernated. */
  hibernation_rate: z.number(),
  currency: Currency,
  retain_ip: z.boolean(),
  retain_capacity: z.boolean(),
  resume_class: ResumeClass,
  /** Whether memory is kept; a machine with GPUs is shut down and boots when it is restored. */
  memory: z.boolean(),
}).openapi('HibernateVMResponse')

export const RestoreHibernatedResponse = TieredEnvelope.extend({
  ...actionFields,
  resume_class: ResumeClass,
  /** Whether it goes on where it was; otherwise it boots. */
  memory: z.boolean(),
}).openapi('RestoreVMResponse')

/** The body may be left out. */
const body = <S extends z.ZodType>(schema: S, example: z.input<S>) => ({
  required: false,
  content: { 'application/json': { schema, example } },
})

const params = z.object({ instance_id: InstanceId })
const tags = ['Instances']
const example = { instance_id: 'BRK-100200D', vm_name: 'web-1' }

export const hibernateInstance = createRoute({
  operationId: 'hibernateInstance',
  method: 'post',
  path: '/api/instances/{instance_id}/hibernate/',
  summary: 'Hibernate instance',
  description:
    'Keeps memory and disk, and frees processor, memory and GPUs. `resume_class` tells whether a restore ' +
    'is `guaranteed` to find room or may be refused while there is none (`best_effort`).',
  tags,
  security,
  request: {
    params,
    headers: idempotencyHeaders,
    body: body(HibernateRequest, { retain_ip: false }),
  },
  responses: {
    ...ok(HibernateResponse, 'It has begun', {
      ...exampleHead,
      message: 'Instance hibernation started',
      ...example,
      status: 'HIBERNATING',
      previous_status: 'ACTIVE',
      hibernation_rate: 0.0005,
      currency: 'USD',
      retain_ip: false,
      retain_capacity: false,
      resume_class: 'best_effort',
      memory: true,
      tier: 'legacy',
    }),
    ...errors(400, 403, 404, 409, 413, 422),
  },
})

export const restoreInstance = createRoute({
  operationId: 'restoreInstance',
  method: 'post',
  path: '/api/instances/{instance_id}/restore/',
  summary: 'Restore hibernated instance',
  description:
    'Goes on where it was. Without room it answers 409 and stays hibernated; so it does, with `error`, ' +
    'when its memory cannot be read, until it is restored with `cold_boot`.',
  tags,
  security,
  request: {
    params,
    headers: idempotencyHeaders,
    body: body(RestoreHibernatedRequest, { cold_boot: false }),
  },
  responses: {
    ...ok(RestoreHibernatedResponse, 'It has begun', {
      ...exampleHead,
      message: 'Instance restore started',
      ...example,
      status: 'RESTORING',
      previous_status: 'HIBERNATED',
      resume_class: 'best_effort',
      memory: true,
      tier: 'legacy',
    }),
    ...errors(400, 403, 404, 409, 413, 422),
  },
})

export const RecentHibernation = z
  .object({
    instance_id: InstanceId,
    vm_name: z.string(),
    gpu_type: z.string(),
    gpu_count: z.int(),
    region: z.string(),
    hibernated_at: Timestamp,
    /** Until now, with two decimals. */
    hours_hibernated: z.number(),
    /** At the hibernation rate, until now. */
    cost: z.number(),
  })
  .openapi('RecentHibernation')
export type RecentHibernation = z.infer<typeof RecentHibernation>

/** Of all instances that are hibernated now and billed in `currency`. */
export const HibernationMetrics = z
  .object({
    hourly_rate: z.number(),
    total_minutes: z.int(),
    total_cost: z.number(),
    /** What they would have cost more had they run. */
    estimated_savings: z.number(),
    currency: Currency,
  })
  .openapi('HibernationBillingMetrics')
export type HibernationMetrics = z.infer<typeof HibernationMetrics>

/** To be registered before `getInstance`, whose path would match too. */
export const listHibernatedInstances = createRoute({
  operationId: 'listHibernatedInstances',
  method: 'get',
  path: '/api/instances/hibernated/',
  summary: 'Get hibernated instances count',
  tags,
  security,
  request: { query: z.object({ limit: queryInteger(1, 50) }) },
  responses: {
    ...ok(
      Envelope.extend({
        hibernated_count: z.int(),
        /** Those hibernated last; 5 unless `limit` says otherwise. */
        recent_hibernations: z.array(RecentHibernation),
        billing_metrics: HibernationMetrics,
      }).openapi('GetHibernatedVMsResponse'),
      'What is hibernated now',
      {
        ...exampleHead,
        message: 'Hibernated instances retrieved successfully',
        hibernated_count: 1,
        recent_hibernations: [
          {
            ...example,
            gpu_type: 'CPU',
            gpu_count: 0,
            region: 'LOCAL-1',
            hibernated_at: '2026-01-10T09:00:00Z',
            hours_hibernated: 12.5,
            cost: 0.00625,
          },
        ],
        billing_metrics: {
          hourly_rate: 0.0005,
          total_minutes: 750,
          total_cost: 0.00625,
          estimated_savings: 0.11875,
          currency: 'USD',
        },
      },
    ),
    ...errors(400),
  },
})

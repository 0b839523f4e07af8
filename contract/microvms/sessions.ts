/**
 * Sessions: names for machines that are made when they are needed. A session has at most one VM; when that
 * has ended, the next execution makes a new, empty one.
 */
import { createRoute, z } from '@hono/zod-openapi'
import {
  answer,
  count,
  Environment,
  exampleIds,
  exampleTime,
  json,
  MemoryMb,
  Metadata,
  machineLimits,
  microvmErrors,
  microvmHead,
  microvmId,
  queryCount,
  sessionId,
  Time,
  words,
} from './common.ts'
import { microvmStatuses } from './states.ts'

const head = microvmHead('Sessions')
const { lifetime } = machineLimits

export const CreateSessionRequest = z
  .strictObject({
    /** In place of a header. */
    api_key: words(512).nullish(),
    vm_lifetime_seconds: count(lifetime.least, lifetime.mostOfSession).nullish(),
    memory_mb: MemoryMb.nullish(),
    vcpu_count: z
      .literal([1, 2, 4, 6, 8])
      .nullish()
      .openapi({ type: ['integer', 'null'], enum: [1, 2, 4, 6, 8, null] }),
    metadata: Metadata.nullish(),
    env: Environment.nullish(),
    /** Its VM is made at once; the answer does not wait for it. */
    prewarm: z.boolean().nullish(),
  })
  .openapi('CreateSessionRequest')
export type CreateSessionRequest = z.infer<typeof CreateSessionRequest>

/** `active`: its VM runs. `pending`: it has none yet. `expired`: it had one, and the next execution makes another. */
const sessionVmStatus = z.enum(['pending', 'starting', 'active', 'suspended', 'expired'])

export const Session = z
  .object({
    session_id: sessionId,
    vm_id: microvmId.nullable(),
    vm_status: sessionVmStatus,
    vm_lifetime_seconds: z.int(),
    vcpu_count: z.int(),
    memory_mb: z.int(),
    metadata: z.record(z.string(), z.unknown()),
    created_at: Time,
    ends_at: Time.nullable(),
  })
  .openapi('Session')
export type Session = z.infer<typeof Session>

const example: Session = {
  session_id: exampleIds.session_id,
  vm_id: exampleIds.vm_id,
  vm_status: 'active',
  vm_lifetime_seconds: 300,
  vcpu_count: 2,
  memory_mb: 512,
  metadata: { task: 'tests' },
  created_at: exampleTime,
  ends_at: '2026-01-18T10:35:00Z',
}

export const createSession = createRoute({
  ...head,
  // The key may stand in the body.
  operationId: 'createSession',
  method: 'post',
  path: '/v1/sessions/session',
  summary: 'Begin a session',
  description:
    'Costs nothing: its VM is made by the first execution, or at once when an environment is given. That is for this VM alone: the next one of the session is without it.',
  request: { body: json(CreateSessionRequest, { vm_lifetime_seconds: 300, memory_mb: 512 }) },
  responses: {
    ...answer(Session, 'Successful Response', {
      ...example,
      ...{ vm_id: null, vm_status: 'pending', ends_at: null },
    }),
    ...microvmErrors(402, 403, 409, 501),
  },
})

const params = z.object({ session_id: sessionId })

export const getSession = createRoute({
  ...head,
  operationId: 'getSession',
  method: 'get',
  path: '/v1/sessions/session/{session_id}',
  summary: 'Get a session',
  request: { params },
  responses: { ...answer(Session, 'Successful Response', example), ...microvmErrors(404) },
})

export const SessionStatus = z
  .object({
    session_id: sessionId,
    vm_id: microvmId.nullable(),
    vm_status: sessionVmStatus,
    status: sessionVmStatus,
    ends_at: Time.nullable(),
    /** Whole seconds until its VM ends. */
    expires_in_seconds: z.int().nullable(),
  })
  .openapi('SessionStatus')

export const getSessionStatus = createRoute({
  ...head,
  operationId: 'getSessionStatus',
  method: 'get',
  path: '/v1/sessions/status/{session_id}',
  summary: 'Whether a session has a VM that runs',
  description: '`vm_status` is `active` when it does.',
  request: { params },
  responses: {
    ...answer(SessionStatus, 'Successful Response', {
      session_id: exampleIds.session_id,
      vm_id: exampleIds.vm_id,
      vm_status: 'active',
      status: 'active',
      ends_at: '2026-01-18T10:35:00Z',
      expires_in_seconds: 287,
    }),
    ...microvmErrors(404),
  },
})

export const SessionUsage = z
  .object({
    session_id: sessionId,
    vm_id: microvmId.nullable(),
    /** Seconds in which its VMs ran, all of them together. */
    vm_seconds: z.int(),
    vcpu_seconds: z.int(),
    /** GB are 1024 MiB here. */
    gb_seconds: z.number(),
    executions: z.int(),
    cpu_time: z.number(),
    execution_time: z.number(),
    cost: z.number(),
    currency: z.string(),
  })
  .openapi('SessionUsage')

export const getSessionUsage = createRoute({
  ...head,
  operationId: 'getSessionUsage',
  method: 'get',
  path: '/v1/sessions/usage/{session_id}',
  summary: 'What a session has used',
  request: { params },
  responses: {
    ...answer(SessionUsage, 'Successful Response', {
      session_id: exampleIds.session_id,
      vm_id: exampleIds.vm_id,
      vm_seconds: 13,
      vcpu_seconds: 26,
      gb_seconds: 6.5,
      executions: 2,
      cpu_time: 0.21,
      execution_time: 0.34,
      cost: 0.0004,
      currency: 'USD',
    }),
    ...microvmErrors(404),
  },
})

export const Sandbox = z
  .object({
    sandbox_id: microvmId,
    template_id: z.string().nullable(),
    name: z.string(),
    metadata: z.record(z.string(), z.unknown()),
    started_at: Time,
    end_at: Time.nullable(),
    /** `active`, `suspended`, or `killed` when it has ended. */
    status: z.enum(['starting', 'active', 'suspended', 'killed', 'failed']),
    session_id: sessionId,
    vm_status: z.enum(microvmStatuses),
  })
  .openapi('Sandbox')
export type Sandbox = z.infer<typeof Sandbox>

export const listSandboxes = createRoute({
  ...head,
  operationId: 'listSandboxes',
  method: 'get',
  path: '/v1/sessions/sandboxes',
  summary: 'List sandboxes',
  description: 'VMs, newest first, also those that have ended within the last day.',
  request: {
    query: z.object({
      metadata: words(16_384).optional().openapi({
        description: 'A JSON object as text: those whose metadata contain it.',
        example: '{"task":"tests"}',
      }),
      limit: queryCount(100, 1, 1_000),
    }),
  },
  responses: {
    ...answer(z.array(Sandbox), 'Successful Response', [
      {
        sandbox_id: exampleIds.vm_id,
        template_id: exampleIds.snapshot_id,
        name: exampleIds.vm_id,
        metadata: { task: 'tests' },
        started_at: exampleTime,
        end_at: '2026-01-18T11:30:00Z',
        status: 'active',
        session_id: exampleIds.session_id,
        vm_status: 'running',
      },
    ]),
    ...microvmErrors(),
  },
})

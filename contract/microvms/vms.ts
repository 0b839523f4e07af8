/** MicroVMs: machines that begin as a copy of a snapshot, in milliseconds, and end by themselves. */
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
  notServed,
  queryBoolean,
  sessionId,
  snapshotId,
  Time,
  VcpuCount,
  words,
} from './common.ts'
import { EgressPolicyRequest } from './egress.ts'
import { NewShare, Share } from './shares.ts'
import { microvmSnapshotStatuses, microvmStatuses } from './states.ts'

const head = microvmHead('MicroVMs')

const { lifetime } = machineLimits

export const Vm = z
  .object({
    id: microvmId,
    vm_id: microvmId,
    session_id: sessionId,
    status: z.enum(microvmStatuses),
    snapshot_id: snapshotId.nullable(),
    vcpu_count: z.int(),
    memory_mb: z.int(),
    metadata: z.record(z.string(), z.unknown()),
    vm_lifetime_seconds: z.int(),
    /** When it ends by itself. */
    ends_at: Time.nullable(),
    snapshot_on_terminate: z.boolean(),
    snapshot_name: z.string().nullable(),
    /** `memory`: it goes on from the snapshot's memory; `cold-boot`: it was booted. Null until it runs. */
    start: z.enum(['memory', 'cold-boot']).nullable(),
    /** Why it was booted although there may be memory; or why it ended or failed. */
    message: z.string().nullable(),
    /** While it has processor and memory; charged by the second. */
    hourly_rate: z.number(),
    currency: z.string(),
    created_at: Time,
    started_at: Time.nullable(),
    terminated_at: Time.nullable(),
  })
  .openapi('Vm')
export type Vm = z.infer<typeof Vm>

const example: Vm = {
  id: exampleIds.vm_id,
  vm_id: exampleIds.vm_id,
  session_id: exampleIds.session_id,
  status: 'running',
  snapshot_id: exampleIds.snapshot_id,
  vcpu_count: 2,
  memory_mb: 512,
  metadata: { task: 'tests' },
  vm_lifetime_seconds: 3600,
  ends_at: '2026-01-18T11:30:00Z',
  snapshot_on_terminate: false,
  snapshot_name: null,
  start: 'memory',
  message: null,
  hourly_rate: 0.109,
  currency: 'USD',
  created_at: exampleTime,
  started_at: exampleTime,
  terminated_at: null,
}

const wait = queryBoolean(true).describe('Answer when it is done, not when it has begun.')
const waitQuery = z.object({ wait })

export const CreateVmRequest = z
  .strictObject({
    /** A session without a VM, which this one becomes. */
    session_id: sessionId.nullish(),
    /** Seconds from when it runs. */
    vm_lifetime_seconds: count(lifetime.least, lifetime.mostOfVm).nullish(),
    /** Left out: the snapshot's. Another than the snapshot's boots from its disk. */
    memory_mb: MemoryMb.nullish(),
    vcpu_count: VcpuCount.nullish(),
    metadata: Metadata.nullish(),
    env: Environment.nullish(),
    snapshot_id: snapshotId.min(1).nullish(),
    snapshot_on_terminate: z.boolean().nullish(),
    snapshot_name: words(255).min(1).nullish(),
    /** Left out: its session's, or the operator's. It holds from the first packet on. */
    egress_policy: EgressPolicyRequest.nullish(),
    /** A share of it, made with it. */
    share: NewShare.nullish(),
    custom_domain: notServed('custom domains'),
    vault_ids: notServed('vaults'),
    volumes: notServed('mounting volumes in microVMs'),
  })
  .openapi('CreateVmRequest')
export type CreateVmRequest = z.infer<typeof CreateVmRequest>

/** With the share that was asked for with it. */
export const CreatedVm = Vm.extend({ share: Share.nullable() }).openapi('CreatedVm')
export type CreatedVm = z.infer<typeof CreatedVm>

export const createVm = createRoute({
  ...head,
  operationId: 'createVm',
  method: 'post',
  path: '/v1/vms',
  summary: 'Start a VM',
  description: `Of a snapshot, or of the base when none is named. It ends by itself after \`vm_lifetime_seconds\` (${lifetime.usual} unless said).`,
  request: {
    query: waitQuery,
    body: json(CreateVmRequest, {
      snapshot_id: exampleIds.snapshot_id,
      vm_lifetime_seconds: 3600,
      metadata: { task: 'tests' },
    }),
  },
  responses: {
    ...answer(CreatedVm, 'Successful Response', { ...example, share: null }),
    ...microvmErrors(400, 402, 403, 404, 409, 501, 502),
  },
})

export const listVms = createRoute({
  ...head,
  operationId: 'listVms',
  method: 'get',
  path: '/v1/vms',
  summary: 'List VMs',
  description:
    'A bare array, newest first. Those that have ended are left out, unless `all` asks for those of the last day.',
  request: { query: z.object({ all: queryBoolean(false) }) },
  responses: { ...answer(z.array(Vm), 'Successful Response', [example]), ...microvmErrors() },
})

const params = z.object({ vm_id: microvmId })

export const getVm = createRoute({
  ...head,
  operationId: 'getVm',
  method: 'get',
  path: '/v1/vms/{vm_id}',
  summary: 'Get a VM',
  description: 'Also one that has ended within the last day.',
  request: { params },
  responses: { ...answer(Vm, 'Successful Response', example), ...microvmErrors(404) },
})

export const UpdateVmRequest = z
  .strictObject({
    /** Replaces what there was. */
    metadata: Metadata.nullish(),
    /** Seconds from now on. */
    vm_lifetime_seconds: count(lifetime.least, lifetime.mostOfVm).nullish(),
    snapshot_on_terminate: z.boolean().nullish(),
    snapshot_name: words(255).min(1).nullish(),
  })
  .openapi('UpdateVmRequest')
export type UpdateVmRequest = z.infer<typeof UpdateVmRequest>

export const updateVm = createRoute({
  ...head,
  operationId: 'updateVm',
  method: 'patch',
  path: '/v1/vms/{vm_id}',
  summary: 'Change a VM',
  description:
    'What is left out or null stays as it is. The lifetime counts from now, and `ends_at` in the answer is when the VM really ends.',
  request: {
    params,
    body: json(UpdateVmRequest, { metadata: { task: 'more' }, vm_lifetime_seconds: 7200 }),
  },
  responses: {
    ...answer(Vm, 'Successful Response', example),
    ...microvmErrors(400, 403, 404, 409),
  },
})

export const deleteVm = createRoute({
  ...head,
  operationId: 'deleteVm',
  method: 'delete',
  path: '/v1/vms/{vm_id}',
  summary: 'End a VM',
  description:
    'With everything in it, at once; `snapshot_on_terminate` takes its snapshot first. `wait=false` answers before it is gone.',
  request: { params, query: waitQuery },
  responses: {
    ...answer(Vm, 'Successful Response', {
      ...example,
      status: 'terminated',
      message: 'It was deleted',
      terminated_at: exampleTime,
    }),
    ...microvmErrors(403, 404),
  },
})

export const VMSnapshotRequest = z
  .strictObject({ name: words(255).min(1).nullish() })
  .openapi('VMSnapshotRequest')

export const VMSnapshotResponse = z
  .object({ snapshot_id: z.string(), status: z.enum(microvmSnapshotStatuses) })
  .openapi('VMSnapshotResponse')

export const snapshotVm = createRoute({
  ...head,
  operationId: 'snapshotVm',
  method: 'post',
  path: '/v1/vms/{vm_id}/snapshot',
  summary: 'Take a snapshot of a VM',
  description:
    'Its disk and its memory at one moment. The VM goes on. `env` that was given at start is left out, and each VM of the snapshot is given its own when it starts. What code has made of it stays: programs that still run with it, variables and files to which it was copied, and in images without glibc (Alpine) traces in the shell.',
  request: { params, query: waitQuery, body: json(VMSnapshotRequest, { name: 'prepared' }) },
  responses: {
    ...answer(VMSnapshotResponse, 'Successful Response', {
      snapshot_id: exampleIds.snapshot_id,
      status: 'ready',
    }),
    ...microvmErrors(400, 402, 403, 404, 409, 502),
  },
})

export const VMCloneRequest = z
  .strictObject({ snapshot_name: words(255).min(1).nullish() })
  .openapi('VMCloneRequest')

export const VMCloneResponse = z
  .object({
    vm_id: z.string().nullable(),
    session_id: z.string(),
    status: z.enum(microvmStatuses),
    snapshot_id: z.string().nullable(),
    snapshot_deleted: z.boolean().nullable(),
  })
  .openapi('VMCloneResponse')

export const cloneVm = createRoute({
  ...head,
  operationId: 'cloneVm',
  method: 'post',
  path: '/v1/vms/{vm_id}/clone',
  summary: 'Start a copy of a VM',
  description:
    'A snapshot is taken, and a VM started of it. The snapshot is kept when it was given a name, and deleted otherwise. The copy has the metadata of its source, without `name`: PATCH gives it one of its own.',
  request: { params, query: waitQuery, body: json(VMCloneRequest, { snapshot_name: 'fork' }) },
  responses: {
    ...answer(VMCloneResponse, 'Successful Response', {
      vm_id: 'vm_8c2v6b1n5m9q3w7e',
      session_id: exampleIds.session_id,
      status: 'running',
      snapshot_id: exampleIds.snapshot_id,
      snapshot_deleted: false,
    }),
    ...microvmErrors(400, 402, 403, 404, 409, 502),
  },
})

/** It may be left out. Whoever sends fields, such as `env`, hears that nobody reads them. */
const noFields = { ...json(z.strictObject({}), {}), required: false }

const stateRoute = <const Verb extends 'suspend' | 'resume'>(verb: Verb, description: string) =>
  createRoute({
    ...head,
    operationId: `${verb}Vm`,
    method: 'post',
    path: `/v1/vms/{vm_id}/${verb}`,
    summary: verb === 'suspend' ? 'Suspend a VM' : 'Resume a VM',
    description,
    request: { params, query: waitQuery, body: noFields },
    responses: {
      ...answer(Vm, 'Successful Response', {
        ...example,
        status: verb === 'suspend' ? 'suspended' : 'running',
      }),
      ...microvmErrors(400, 402, 403, 404, 409, 502),
    },
  })

export const suspendVm = stateRoute(
  'suspend',
  'Its memory goes to disk: it takes no processor and no memory, and costs nothing. Its end stays when it was.',
)
export const resumeVm = stateRoute('resume', 'It goes on where it was.')

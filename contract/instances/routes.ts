import { createRoute, z } from '@hono/zod-openapi'
import {
  Envelope,
  errors,
  exampleHead,
  idempotencyHeaders,
  ok,
  Pagination,
  page,
  pageSize,
  paginationExample,
  query,
  regionFilter,
  search,
  security,
  Tier,
  TieredEnvelope,
} from '../common.ts'
import { Instance, InstanceDetails, InstanceId, InstanceStatusEnum, UserVM } from './schemas.ts'
import type { InstanceStatus } from './states.ts'

export * from './deployment.ts'
export * from './hibernation.ts'
export * from './public-address-routes.ts'
export * from './rollback.ts'
export * from './schemas.ts'
export * from './security-rule-routes.ts'
export * from './security-rules.ts'

const example = {
  instance_id: 'BRK-100200D',
  vm_name: 'web-1',
  status: 'ACTIVE',
  tier: 'legacy',
  region: 'LOCAL-1',
  gpu_type: 'CPU',
  gpu_count: 0,
  vcpus: 1,
  ram_gb: 1,
  storage_gb: 10,
  ip_address: '10.77.1.5',
  private_ip: '10.77.1.5',
  ip_status: 'assigned',
  ssh_command: 'ssh root@10.77.1.5',
  boot_source: 'os_image',
  os_image: 'garrison-small',
  hourly_rate: 0.01,
  hibernation_rate: null,
  currency: 'USD',
  ready_at: '2026-01-10T09:00:03Z',
  created_at: '2026-01-10T09:00:00Z',
  updated_at: '2026-01-10T09:00:03Z',
  server_uuid: '019ba6f4-3c00-7000-8000-0242ac120002',
} as const satisfies z.input<typeof Instance>

const tags = ['Instances']
const params = z.object({ instance_id: InstanceId })

export const ListInstancesResponse = Envelope.extend({
  instances: z.array(Instance),
  pagination: Pagination,
}).openapi('ListVMsResponse')

export const listInstances = createRoute({
  operationId: 'listInstances',
  method: 'get',
  path: '/api/instances/',
  summary: 'List instances',
  description: 'Deleted ones are left out unless `status=DELETED` asks for them.',
  tags,
  security,
  request: {
    query: z.object({
      page,
      page_size: pageSize,
      search,
      status: query(InstanceStatusEnum),
      region: regionFilter,
      tier: query(Tier),
    }),
  },
  responses: {
    ...ok(ListInstancesResponse, 'Your instances, newest first', {
      ...exampleHead,
      message: 'Instances retrieved successfully',
      instances: [example],
      pagination: paginationExample,
    }),
    ...errors(400),
  },
})

export const GetInstanceResponse = TieredEnvelope.extend({ instance: InstanceDetails }).openapi(
  'VMDetailsResponse',
)

export const getInstance = createRoute({
  operationId: 'getInstance',
  method: 'get',
  path: '/api/instances/{instance_id}/',
  summary: 'Get instance details',
  description: 'Those of a deleted instance can be read for 30 days.',
  tags,
  security,
  request: { params },
  responses: {
    ...ok(GetInstanceResponse, 'The instance', {
      ...exampleHead,
      message: 'Instance retrieved successfully',
      instance: {
        ...example,
        flavor: {
          name: 'cpu-small',
          vcpus: 1,
          ram_gb: 1,
          storage_gb: 10,
          ephemeral_gb: 0,
          gpu_type: 'CPU',
          gpu_count: 0,
        },
        image: { name: 'garrison-small' },
        ssh_keys: [{ id: 'BRK-100001K', name: 'laptop' }],
        security_rules: [],
        volume_attachments: [],
        firewalls: [],
        source: null,
        billing: { hourly_rate: 0.01, currency: 'USD', per_minute_rate: 0.0002, total_cost: 0 },
        jupyter_url: null,
        hibernation: null,
        error: null,
      },
      tier: 'legacy',
    }),
    ...errors(400, 404),
  },
})

const actionFields = {
  instance_id: InstanceId,
  vm_name: z.string(),
  /** The one it goes through. */
  status: InstanceStatusEnum,
  previous_status: InstanceStatusEnum,
}

/** The answer to an action of the state table: it has begun. */
function begun(
  schemaName: string,
  message: string,
  statuses: { status: InstanceStatus; previous_status: InstanceStatus },
) {
  return ok(TieredEnvelope.extend(actionFields).openapi(schemaName), 'It has begun', {
    ...exampleHead,
    message,
    instance_id: example.instance_id,
    vm_name: example.vm_name,
    ...statuses,
    tier: 'legacy',
  })
}

const actionErrors = errors(400, 403, 404, 409, 422)

export const startInstance = createRoute({
  operationId: 'startInstance',
  method: 'post',
  path: '/api/instances/{instance_id}/start/',
  summary: 'Start instance',
  tags,
  security,
  request: { params, headers: idempotencyHeaders },
  responses: {
    ...begun('StartVMResponse', 'Instance start requested', {
      status: 'STARTING',
      previous_status: 'SHUTOFF',
    }),
    ...actionErrors,
  },
})

export const stopInstance = createRoute({
  operationId: 'stopInstance',
  method: 'post',
  path: '/api/instances/{instance_id}/stop/',
  summary: 'Stop instance',
  description: 'Asks the guest to shut down; one that ignores it is cut off, and that is noted.',
  tags,
  security,
  request: { params, headers: idempotencyHeaders },
  responses: {
    ...begun('StopVMResponse', 'Instance stop requested', {
      status: 'STOPPING',
      previous_status: 'ACTIVE',
    }),
    ...actionErrors,
  },
})

export const rebootInstance = createRoute({
  operationId: 'rebootInstance',
  method: 'post',
  path: '/api/instances/{instance_id}/reboot/',
  summary: 'Reboot instance',
  description: 'Also the way out of the status ERROR.',
  tags,
  security,
  request: { params, headers: idempotencyHeaders },
  responses: {
    ...begun('RebootVMResponse', 'Instance reboot requested', {
      status: 'REBOOTING',
      previous_status: 'ACTIVE',
    }),
    ...actionErrors,
  },
})

export const deleteInstance = createRoute({
  operationId: 'deleteInstance',
  method: 'delete',
  path: '/api/instances/{instance_id}/',
  summary: 'Delete instance',
  description: 'Accepted in every state; cancels what is under way. Snapshots and images stay.',
  tags,
  security,
  request: { params, headers: idempotencyHeaders },
  responses: {
    ...begun('DeleteVMResponse', 'Instance deletion requested', {
      status: 'DELETING',
      previous_status: 'ACTIVE',
    }),
    ...actionErrors,
  },
})

export const ListEligibleInstancesResponse = Envelope.extend({
  vms: z.array(UserVM),
  count: z.int(),
}).openapi('ListUserVMsResponse')

/** To be registered before `getSnapshot`, whose path would match too. */
export const listEligibleInstances = createRoute({
  operationId: 'listEligibleInstances',
  method: 'get',
  path: '/api/snapshots/eligible-instances/',
  summary: 'List instances that a snapshot can be taken of',
  tags: ['Snapshots'],
  security,
  request: { query: z.object({ region: regionFilter }) },
  responses: {
    ...ok(ListEligibleInstancesResponse, 'Your ACTIVE instances', {
      ...exampleHead,
      message: 'Eligible instances retrieved successfully',
      vms: [
        {
          instance_id: example.instance_id,
          vm_name: example.vm_name,
          status: example.status,
          region: example.region,
          tier: example.tier,
          gpu_type: example.gpu_type,
          gpu_count: example.gpu_count,
          server_uuid: example.server_uuid,
          why_no_memory: null,
        },
      ],
      count: 1,
    }),
    ...errors(400),
  },
})

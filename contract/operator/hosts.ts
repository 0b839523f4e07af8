/** Hosts: what they have, what holds it, and whether more may come. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  Envelope,
  errors,
  exampleHead,
  idempotencyHeaders,
  jsonBody,
  ok,
  Pagination,
  page,
  pageSize,
  paginationExample,
  regionFilter,
  security,
  Timestamp,
  text,
} from '../common.ts'
import { instanceStatuses } from '../instances/states.ts'
import { microvmStatuses } from '../microvms/states.ts'

/**
 * `total`: what may be promised, with the operator's ratio in it. `promised`: to machines, volumes and
 * deployments that room is kept for. `free` is below 0 where a host has shrunk.
 */
const amounts = { total: z.number(), promised: z.number(), free: z.number() }

const Capacity = z
  .object({
    vcpus: z.object({ ...amounts, cores: z.int() }),
    memory_gb: z.object(amounts),
    /** Disks are thin: `really_free` is what the file system has, and below `floor` nothing new begins. */
    disk_gb: z.object({ ...amounts, really_free: z.number(), floor: z.number() }),
    gpus: z.array(z.object({ model: z.string(), ...amounts })),
  })
  .openapi('HostCapacity')

const Drained = z.object({ since: Timestamp, reason: z.string() }).openapi('Drained')

export const Host = z
  .object({
    region: z.string(),
    name: z.string(),
    /** False: what runs its machines does not answer, or knows it no more; then `total` is 0. */
    present: z.boolean(),
    /** Null: it takes machines. */
    drained: Drained.nullable(),
    capacity: Capacity,
    /** How many machines in which state. */
    machines: z.partialRecord(z.enum(instanceStatuses), z.int()),
    /** How many microVMs in which state. */
    microvms: z.partialRecord(z.enum(microvmStatuses), z.int()),
    volumes: z.int(),
    snapshots: z.int(),
    /** What whoever runs its machines should know, such as something that is missing. */
    notices: z.array(z.string()),
    simulated: z.literal(true).optional(),
  })
  .openapi('OperatorHost')
export type Host = z.infer<typeof Host>

const Holder = z
  .object({
    account_id: z.string(),
    account_name: z.string(),
    instances: z.int(),
    microvms: z.int(),
    /** What is promised: microVMs count with a part of their memory, and no virtual CPUs. */
    vcpus: z.int(),
    memory_gb: z.number(),
    gpus: z.int(),
    /** Of instances and volumes. */
    disk_gb: z.number(),
    volumes: z.int(),
    snapshots: z.int(),
    /** What snapshots hold beyond the OS images. */
    snapshots_gb: z.number(),
  })
  .openapi('HostHolder')
export type Holder = z.infer<typeof Holder>

const Kept = z
  .object({
    deploy_request_id: z.string(),
    account_id: z.string(),
    vm_name: z.string(),
    vcpus: z.int(),
    memory_gb: z.number(),
    disk_gb: z.number(),
    gpus: z.int(),
    until: Timestamp,
  })
  .openapi('KeptRoom')

const Machine = z
  .object({
    id: z.string(),
    name: z.string(),
    account_id: z.string(),
    status: z.enum(instanceStatuses),
    flavor: z.string(),
    vcpus: z.int(),
    memory_gb: z.number(),
    disk_gb: z.int(),
    gpu_model: z.string().nullable(),
    gpu_count: z.int(),
    error: z.string().nullable(),
    created_at: Timestamp,
  })
  .openapi('HostMachine')
export type Machine = z.infer<typeof Machine>

const example = {
  region: 'LOCAL-1',
  name: 'host-1',
  present: true,
  drained: null,
  capacity: {
    vcpus: { total: 64, promised: 6, free: 58, cores: 16 },
    memory_gb: { total: 62.8, promised: 9, free: 53.8 },
    disk_gb: { total: 3600, promised: 70, free: 3530, really_free: 812.4, floor: 2 },
    gpus: [{ model: 'A40', total: 2, promised: 1, free: 1 }],
  },
  machines: { ACTIVE: 3, SHUTOFF: 1 },
  microvms: { running: 12 },
  volumes: 2,
  snapshots: 5,
  notices: [],
} satisfies Host

const tags = ['Operator']
const params = z.object({
  region: text(64).openapi({ example: 'LOCAL-1' }),
  host: text(253).openapi({ example: 'host-1' }),
})

export const ListHostsResponse = Envelope.extend({
  hosts: z.array(Host),
  count: z.int(),
}).openapi('ListHostsResponse')

export const listHosts = createRoute({
  operationId: 'listHosts',
  method: 'get',
  path: '/api/operator/hosts/',
  summary: 'List hosts',
  description: 'All that there are, and those that something of somebody is on.',
  tags,
  security,
  request: { query: z.object({ region: regionFilter }) },
  responses: {
    ...ok(ListHostsResponse, 'Hosts by region and name', {
      ...exampleHead,
      message: 'Hosts retrieved successfully',
      hosts: [example],
      count: 1,
    }),
    ...errors(400, 403),
  },
})

export const GetHostResponse = Envelope.extend({
  host: Host.extend({
    /** Who has what of it, the largest share of its memory first. */
    holders: z.array(Holder),
    kept: z.array(Kept),
    /** The machines of this page, newest first. */
    instances: z.array(Machine),
  }).openapi('HostDetails'),
  pagination: Pagination,
}).openapi('GetHostResponse')

export const getHost = createRoute({
  operationId: 'getHost',
  method: 'get',
  path: '/api/operator/hosts/{region}/{host}/',
  summary: 'Look at a host',
  tags,
  security,
  request: { params, query: z.object({ page, page_size: pageSize }) },
  responses: {
    ...ok(GetHostResponse, 'The host, what holds it, and its machines', {
      ...exampleHead,
      message: 'Host retrieved successfully',
      host: {
        ...example,
        holders: [
          {
            account_id: 'BRK-100200U',
            account_name: 'Acme',
            ...{ instances: 4, microvms: 0, vcpus: 6, memory_gb: 9, gpus: 1, disk_gb: 70 },
            ...{ volumes: 2, snapshots: 5, snapshots_gb: 3.4 },
          },
        ],
        kept: [],
        instances: [
          {
            id: 'BRK-123456D',
            name: 'web-1',
            account_id: 'BRK-100200U',
            status: 'ACTIVE',
            ...{ flavor: 'cpu-small', vcpus: 1, memory_gb: 1, disk_gb: 10 },
            ...{ gpu_model: null, gpu_count: 0, error: null },
            created_at: '2026-01-10T09:00:00Z',
          },
        ],
      },
      pagination: paginationExample,
    }),
    ...errors(400, 403, 404),
  },
})

export const DrainRequest = z
  .object({
    /** For the audit log and whoever looks at the host. */
    reason: text(500).optional(),
  })
  .openapi('DrainRequest')

const HostResponse = Envelope.extend({ host: Host }).openapi('HostResponse')

export const drainHost = createRoute({
  operationId: 'drainHost',
  method: 'post',
  path: '/api/operator/hosts/{region}/{host}/drain/',
  summary: 'Let nothing new onto a host',
  description:
    'Nothing is deployed, started or restored there from now on, and stock does not count it. What runs stays. Doing it again changes the reason.',
  tags,
  security,
  request: {
    params,
    headers: idempotencyHeaders,
    body: jsonBody(DrainRequest, { reason: 'A fan is loud' }),
  },
  responses: {
    ...ok(HostResponse, 'The host as it is now', {
      ...exampleHead,
      message: 'host-1 takes nothing new',
      host: { ...example, drained: { since: '2026-01-10T09:00:00Z', reason: 'A fan is loud' } },
    }),
    ...errors(400, 403, 404, 409, 413, 422),
  },
})

export const undrainHost = createRoute({
  operationId: 'undrainHost',
  method: 'post',
  path: '/api/operator/hosts/{region}/{host}/undrain/',
  summary: 'Let a host take machines again',
  tags,
  security,
  request: { params, headers: idempotencyHeaders },
  responses: {
    ...ok(HostResponse, 'The host as it is now', {
      ...exampleHead,
      message: 'host-1 takes machines again',
      host: example,
    }),
    ...errors(400, 403, 404, 409, 422),
  },
})

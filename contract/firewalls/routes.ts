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
  query,
  ResourceName,
  regionFilter,
  search,
  security,
  TieredEnvelope,
  text,
} from '../common.ts'
import { ListEligibleInstancesResponse } from '../instances/routes.ts'
import { InstanceId } from '../instances/schemas.ts'
import {
  exampleRule,
  exampleRuleRequest,
  SecurityRule,
  SecurityRuleRequest,
} from '../instances/security-rules.ts'
import {
  exampleAttachment,
  exampleSummary,
  Firewall,
  FirewallAttachment,
  FirewallFailure,
  FirewallId,
  FirewallRuleId,
  FirewallSummary,
  firewallsPerAccount,
  Protocol,
  supportedProtocols,
} from './schemas.ts'

export * from './schemas.ts'

const tags = ['Firewalls']
const params = z.object({ firewall_id: FirewallId })
const inEffect = 'Reaches every attached instance; their attachments are SUCCESS again once it has.'

export const ListFirewallsResponse = Envelope.extend({
  firewalls: z.array(FirewallSummary),
  /** Of all your firewalls, or of all in the region that was asked for; `active`: in SUCCESS. */
  statistics: z.object({
    total_firewalls: z.int(),
    total_rules: z.int(),
    attachments: z.int(),
    active: z.int(),
  }),
  limit: z.literal(firewallsPerAccount),
  pagination: Pagination,
}).openapi('ListFirewallsResponse')

export const listFirewalls = createRoute({
  operationId: 'listFirewalls',
  method: 'get',
  path: '/api/firewalls/',
  summary: 'List firewalls',
  tags,
  security,
  request: { query: z.object({ page, page_size: pageSize, search, region: regionFilter }) },
  responses: {
    ...ok(ListFirewallsResponse, 'Your firewalls, newest first', {
      ...exampleHead,
      message: 'Firewalls retrieved successfully',
      firewalls: [exampleSummary],
      statistics: { total_firewalls: 1, total_rules: 1, attachments: 1, active: 1 },
      limit: firewallsPerAccount,
      pagination: paginationExample,
    }),
    ...errors(400),
  },
})

export const CreateFirewallRequest = z
  .object({
    name: ResourceName,
    region: text(50).openapi({ example: 'LOCAL-1' }),
    description: text(255).optional(),
  })
  .openapi('CreateFirewallRequest')
export type CreateFirewallRequest = z.infer<typeof CreateFirewallRequest>

export const CreateFirewallResponse = TieredEnvelope.extend({ firewall: Firewall }).openapi(
  'CreateFirewallResponse',
)

export const createFirewall = createRoute({
  operationId: 'createFirewall',
  method: 'post',
  path: '/api/firewalls/',
  summary: 'Create firewall',
  description: `For the instances of one region. An account has at most ${firewallsPerAccount}.`,
  tags,
  security,
  request: {
    headers: idempotencyHeaders,
    body: jsonBody(CreateFirewallRequest, {
      name: exampleSummary.name,
      region: exampleSummary.region,
      description: exampleSummary.description,
    }),
  },
  responses: {
    ...ok(CreateFirewallResponse, 'The firewall, without rules', {
      ...exampleHead,
      message: 'Firewall created successfully',
      firewall: {
        ...exampleSummary,
        rule_count: 0,
        attachment_count: 0,
        rules: [],
        attachments: [],
      },
      tier: 'legacy',
    }),
    ...errors(400, 403, 409, 413, 422),
  },
})

export const GetProtocolsResponse = Envelope.extend({
  protocols: z.array(Protocol),
  count: z.int(),
}).openapi('GetSupportedProtocolsResponse')

export const getProtocols = createRoute({
  operationId: 'getProtocols',
  method: 'get',
  path: '/api/firewalls/protocols/',
  summary: 'Get supported protocols',
  tags,
  security,
  responses: {
    ...ok(GetProtocolsResponse, 'What a rule can name', {
      ...exampleHead,
      message: 'Supported protocols retrieved successfully',
      protocols: supportedProtocols.filter(({ name }) => name === 'tcp'),
      count: 1,
    }),
    ...errors(),
  },
})

export const listAvailableInstances = createRoute({
  operationId: 'listAvailableInstances',
  method: 'get',
  path: '/api/firewalls/available-instances/',
  summary: 'List instances available for firewall attachment',
  description: 'With `firewall_id`, those of its region, each with whether it is attached.',
  tags,
  security,
  request: {
    query: z.object({
      firewall_id: query(FirewallId).openapi({ example: exampleSummary.id }),
      region: regionFilter,
    }),
  },
  responses: {
    ...ok(ListEligibleInstancesResponse, 'Your ACTIVE instances where firewalls are possible', {
      ...exampleHead,
      message: 'Available instances retrieved successfully',
      vms: [
        {
          ...exampleAttachment.vm,
          tier: 'legacy',
          gpu_type: 'CPU',
          gpu_count: 0,
          server_uuid: '019ba6f4-3c00-7000-8000-0242ac120002',
          is_attached: true,
        },
      ],
      count: 1,
    }),
    ...errors(400, 404),
  },
})

export const GetFirewallResponse = TieredEnvelope.extend({ firewall: Firewall }).openapi(
  'GetFirewallDetailsResponse',
)

export const getFirewall = createRoute({
  operationId: 'getFirewall',
  method: 'get',
  path: '/api/firewalls/{firewall_id}/',
  summary: 'Get firewall details',
  tags,
  security,
  request: { params },
  responses: {
    ...ok(GetFirewallResponse, 'The firewall, its rules and its attachments', {
      ...exampleHead,
      message: 'Firewall retrieved successfully',
      firewall: { ...exampleSummary, rules: [exampleRule], attachments: [exampleAttachment] },
      tier: 'legacy',
    }),
    ...errors(400, 404),
  },
})

export const DeleteFirewallResponse = TieredEnvelope.extend({ firewall_id: FirewallId }).openapi(
  'DeleteFirewallResponse',
)

export const deleteFirewall = createRoute({
  operationId: 'deleteFirewall',
  method: 'delete',
  path: '/api/firewalls/{firewall_id}/',
  summary: 'Delete firewall',
  description:
    'Refused while it is attached. With `force=true` it is detached first, and gone as soon as that is done.',
  tags,
  security,
  request: {
    params,
    headers: idempotencyHeaders,
    query: z.object({ force: query(z.enum(['true', 'false'])).openapi({ example: 'true' }) }),
  },
  responses: {
    ...ok(DeleteFirewallResponse, 'It is gone, or going', {
      ...exampleHead,
      message: 'Firewall deleted successfully',
      firewall_id: exampleSummary.id,
      tier: 'legacy',
    }),
    ...errors(400, 404, 409, 422),
  },
})

export const AddFirewallRuleResponse = TieredEnvelope.extend({
  firewall_id: FirewallId,
  rule: SecurityRule,
}).openapi('AddFirewallRuleResponse')

export const addFirewallRule = createRoute({
  operationId: 'addFirewallRule',
  method: 'post',
  path: '/api/firewalls/{firewall_id}/rules/',
  summary: 'Add firewall rule',
  description: inEffect,
  tags,
  security,
  request: {
    params,
    headers: idempotencyHeaders,
    body: jsonBody(SecurityRuleRequest, exampleRuleRequest),
  },
  responses: {
    ...ok(AddFirewallRuleResponse, 'The rule', {
      ...exampleHead,
      message: 'Firewall rule added',
      firewall_id: exampleSummary.id,
      rule: exampleRule,
      tier: 'legacy',
    }),
    ...errors(400, 403, 404, 409, 413, 422),
  },
})

export const RemoveFirewallRuleResponse = TieredEnvelope.extend({
  firewall_id: FirewallId,
  rule_id: z.string(),
}).openapi('RemoveFirewallRuleResponse')

export const removeFirewallRule = createRoute({
  operationId: 'removeFirewallRule',
  method: 'delete',
  path: '/api/firewalls/{firewall_id}/rules/{rule_id}/',
  summary: 'Remove firewall rule',
  description: `${inEffect} Connections that only this rule allowed are cut.`,
  tags,
  security,
  request: { params: params.extend({ rule_id: FirewallRuleId }), headers: idempotencyHeaders },
  responses: {
    ...ok(RemoveFirewallRuleResponse, 'It is going', {
      ...exampleHead,
      message: 'Firewall rule removed',
      firewall_id: exampleSummary.id,
      rule_id: exampleRule.id,
      tier: 'legacy',
    }),
    ...errors(400, 404, 409, 422),
  },
})

export const AttachFirewallRequest = z
  .object({
    instance_ids: z
      .array(InstanceId)
      .min(1)
      .max(50)
      .refine((ids) => new Set(ids).size === ids.length, 'Name each instance only once.'),
  })
  .openapi('AttachFirewallRequest')
export type AttachFirewallRequest = z.infer<typeof AttachFirewallRequest>

export const AttachFirewallResponse = TieredEnvelope.extend({
  firewall_id: FirewallId,
  attached: z.array(FirewallAttachment),
  failed: z.array(FirewallFailure),
}).openapi('AttachFirewallResponse')

const partly =
  'Instances for which it is not possible are listed with the reason; when it is possible for none, that is an error.'

export const attachFirewall = createRoute({
  operationId: 'attachFirewall',
  method: 'post',
  path: '/api/firewalls/{firewall_id}/attach/',
  summary: 'Attach firewall to instances',
  description: `To ACTIVE instances of its region, beside those that it is attached to already. The rules of all firewalls of an instance add up. ${partly}`,
  tags,
  security,
  request: {
    params,
    headers: idempotencyHeaders,
    body: jsonBody(AttachFirewallRequest, { instance_ids: [exampleAttachment.vm.instance_id] }),
  },
  responses: {
    ...ok(AttachFirewallResponse, 'It has begun', {
      ...exampleHead,
      message: 'Firewall attachment started for 1 of 1 instances',
      firewall_id: exampleSummary.id,
      attached: [{ ...exampleAttachment, status: 'ATTACHING' }],
      failed: [],
      tier: 'legacy',
    }),
    ...errors(400, 404, 409, 413, 422),
  },
})

export const DetachFirewallResponse = TieredEnvelope.extend({
  firewall_id: FirewallId,
  detached: z.array(FirewallAttachment),
  failed: z.array(FirewallFailure),
}).openapi('DetachFirewallResponse')

export const detachFirewall = createRoute({
  operationId: 'detachFirewall',
  method: 'post',
  path: '/api/firewalls/{firewall_id}/detach/',
  summary: 'Detach firewall from instances',
  description: `An instance that has no other firewall and no rule of its own is open afterwards. ${partly}`,
  tags,
  security,
  request: {
    params,
    headers: idempotencyHeaders,
    body: jsonBody(AttachFirewallRequest, { instance_ids: [exampleAttachment.vm.instance_id] }),
  },
  responses: {
    ...ok(DetachFirewallResponse, 'It has begun', {
      ...exampleHead,
      message: 'Firewall detachment started for 1 of 1 instances',
      firewall_id: exampleSummary.id,
      detached: [{ ...exampleAttachment, status: 'DETACHING' }],
      failed: [],
      tier: 'legacy',
    }),
    ...errors(400, 404, 409, 413, 422),
  },
})

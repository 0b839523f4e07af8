/** The rules of one instance, and the firewalls that are attached to it. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  errors,
  exampleHead,
  idempotencyHeaders,
  jsonBody,
  ok,
  security,
  TieredEnvelope,
  text,
} from '../common.ts'
import { AttachedFirewall, InstanceId } from './schemas.ts'
import {
  exampleRule,
  exampleRuleRequest,
  SecurityRule,
  SecurityRuleRequest,
} from './security-rules.ts'

const instance_id = 'BRK-100200D'
const tags = ['Instances']
const params = z.object({ instance_id: InstanceId })

export const AddSecurityRuleResponse = TieredEnvelope.extend({
  instance_id: InstanceId,
  security_rule: SecurityRule,
}).openapi('AddVMSecurityRuleResponse')

export const addSecurityRule = createRoute({
  operationId: 'addSecurityRule',
  method: 'post',
  path: '/api/instances/{instance_id}/security-rules/',
  summary: 'Add instance security rule',
  description:
    'Of an ACTIVE instance. An instance without any rule or firewall lets everything in; its first rule closes it to all that no rule names. What goes out is free until a rule says egress; from then on only what egress rules name goes out. Answers always pass. In force as soon as the status is SUCCESS.',
  tags,
  security,
  request: {
    params,
    headers: idempotencyHeaders,
    body: jsonBody(SecurityRuleRequest, exampleRuleRequest),
  },
  responses: {
    ...ok(AddSecurityRuleResponse, 'The rule, on its way to the machine', {
      ...exampleHead,
      message: 'Security rule added',
      instance_id,
      security_rule: { ...exampleRule, status: 'CREATING' },
      tier: 'legacy',
    }),
    ...errors(400, 403, 404, 409, 413, 422),
  },
})

/** Exactly the published keys. */
export const RemoveSecurityRuleResponse = TieredEnvelope.extend({
  instance_id: InstanceId,
  rule_id: z.string(),
}).openapi('RemoveVMSecurityRuleResponse')

export const removeSecurityRule = createRoute({
  operationId: 'removeSecurityRule',
  method: 'delete',
  path: '/api/instances/{instance_id}/security-rules/{rule_id}/',
  summary: 'Remove instance security rule',
  description:
    'Connections that only this rule allowed are cut. The last rule of an instance without a firewall leaves it open.',
  tags,
  security,
  request: {
    params: params.extend({ rule_id: text(64).openapi({ example: exampleRule.id }) }),
    headers: idempotencyHeaders,
  },
  responses: {
    ...ok(RemoveSecurityRuleResponse, 'It is going', {
      ...exampleHead,
      message: 'Security rule removed',
      instance_id,
      rule_id: exampleRule.id,
      tier: 'legacy',
    }),
    ...errors(400, 404, 409, 422),
  },
})

export const ListInstanceFirewallsResponse = TieredEnvelope.extend({
  instance_id: InstanceId,
  firewalls: z.array(AttachedFirewall),
  count: z.int(),
}).openapi('GetVMAttachedFirewallsResponse')

export const listInstanceFirewalls = createRoute({
  operationId: 'listInstanceFirewalls',
  method: 'get',
  path: '/api/instances/{instance_id}/firewalls/',
  summary: 'Get firewalls attached to instance',
  tags: ['Firewalls'],
  security,
  request: { params },
  responses: {
    ...ok(ListInstanceFirewallsResponse, 'Its firewalls, in the order of their attachment', {
      ...exampleHead,
      message: 'Attached firewalls retrieved successfully',
      instance_id,
      firewalls: [
        {
          firewall_id: 'BRK-123456F',
          name: 'web',
          status: 'SUCCESS',
          attachment_status: 'SUCCESS',
          rule_count: 1,
          attached_at: '2026-01-10T09:11:00Z',
        },
      ],
      count: 1,
      tier: 'legacy',
    }),
    ...errors(400, 404),
  },
})

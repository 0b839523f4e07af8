/**
 * Webhooks as this dialect shows them: the same as the other API's, with kinds of events by shorter names.
 * What is sent says the kind by its full name (`microvm.running`), and is signed the same way.
 */
import { createRoute, z } from '@hono/zod-openapi'
import { Description } from '../common.ts'
import { problemOf } from '../events/patterns.ts'
import { mostPatterns } from '../events/routes.ts'
import { WebhookDelivery, WebhookUrl } from '../webhooks/routes.ts'
import { deliveryStatuses } from '../webhooks/states.ts'
import {
  answer,
  exampleTime,
  json,
  microvmErrors,
  microvmHead,
  queryCount,
  Time,
  words,
} from './common.ts'

const head = microvmHead('Webhooks of microVMs')

/** Subjects that this dialect calls otherwise. `snapshot` alone would be those of instances. */
const subjects = [
  ['vm', 'microvm'],
  ['snapshot', 'microvm-snapshot'],
  ['instance-snapshot', 'snapshot'],
] as const

function renamed(pattern: string, names: readonly (readonly [string, string])[]): string {
  const [subject = '', ...rest] = pattern.split('.')
  const to = names.find(([from]) => from === subject)?.[1] ?? subject
  return [to, ...rest].join('.')
}

/** `vm.*` → `microvm.*` */
export const patternHere = (pattern: string) => renamed(pattern, subjects)
/** And back. */
export const patternThere = (pattern: string) =>
  renamed(
    pattern,
    subjects.map(([there, here]) => [here, there] as const),
  )

const EventPattern = words(80)
  .superRefine((pattern, context) => {
    // Its full name would mean something else when it is shown again.
    const isFull = subjects.some(
      ([, here]) => here !== 'snapshot' && pattern.startsWith(`${here}.`),
    )
    if (!isFull && problemOf(patternHere(pattern)) === null) return
    const message =
      'No kind of event matches; use vm.*, snapshot.*, *, or one kind such as vm.running'
    context.addIssue({ code: 'custom', message })
  })
  .openapi({ example: 'vm.*' })

const EventPatterns = z
  .array(EventPattern)
  .min(1)
  .max(mostPatterns)
  .refine((all) => new Set(all).size === all.length, 'name each pattern only once')

export const WebhookEndpoint = z
  .object({
    id: z.string(),
    url: z.string(),
    event_patterns: z.array(z.string()),
    description: z.string().nullable(),
    enabled: z.boolean(),
    /** Why it was switched off, when nobody asked for it. */
    disabled_reason: z.string().nullable(),
    /** Since when nothing has arrived. */
    failing_since: Time.nullable(),
    created_at: Time,
    updated_at: Time,
  })
  .openapi('WebhookEndpoint')
export type WebhookEndpoint = z.infer<typeof WebhookEndpoint>

const WithSecret = WebhookEndpoint.extend({
  /** Null where the answer is given again for its `Idempotency-Key`. */
  secret: z.string().nullable(),
}).openapi('WebhookEndpointWithSecret')

const Delivery = WebhookDelivery.omit({ webhook_id: true })
  .extend({ endpoint_id: z.string() })
  .openapi('WebhookEndpointDelivery')
export type Delivery = z.infer<typeof Delivery>

const endpoint: WebhookEndpoint = {
  id: 'BRK-123456W',
  url: 'https://example.com/hooks/garrison',
  event_patterns: ['vm.*', 'snapshot.ready'],
  ...{ description: null, enabled: true, disabled_reason: null, failing_since: null },
  ...{ created_at: exampleTime, updated_at: exampleTime },
}
const secret = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
const delivery: Delivery = {
  id: '019ba6f4-3c00-7000-8000-0242ac120002',
  endpoint_id: endpoint.id,
  message_id: 'msg_4711_123456',
  event_kind: 'microvm.running',
  event_id: 4711,
  ...{ status: 'pending', attempts: [], next_attempt_at: exampleTime },
  ...{ created_at: exampleTime, finished_at: null },
}

const params = z.object({ endpoint_id: words(64).openapi({ example: endpoint.id }) })
const one = '/v1/webhooks/endpoints/{endpoint_id}'

export const listWebhookEndpoints = createRoute({
  ...head,
  operationId: 'listWebhookEndpoints',
  method: 'get',
  path: '/v1/webhooks/endpoints',
  summary: 'List webhook endpoints',
  description: 'A bare array, newest first.',
  responses: {
    ...answer(z.array(WebhookEndpoint), 'Successful Response', [endpoint]),
    ...microvmErrors(),
  },
})

export const createWebhookEndpoint = createRoute({
  ...head,
  operationId: 'createWebhookEndpoint',
  method: 'post',
  path: '/v1/webhooks/endpoints',
  summary: 'Make a webhook endpoint',
  description:
    'For owners. `secret` signs what is sent, by the Standard Webhooks convention; it is shown once.',
  request: {
    body: json(
      z
        .strictObject({
          url: WebhookUrl,
          event_patterns: EventPatterns,
          description: Description.nullish(),
          enabled: z.boolean().nullish(),
        })
        .openapi('CreateWebhookEndpointRequest'),
      { url: endpoint.url, event_patterns: endpoint.event_patterns },
    ),
  },
  responses: {
    ...answer(WithSecret, 'Successful Response', { ...endpoint, secret }),
    ...microvmErrors(403),
  },
})

export const getWebhookEndpoint = createRoute({
  ...head,
  operationId: 'getWebhookEndpoint',
  method: 'get',
  path: one,
  summary: 'Get a webhook endpoint',
  request: { params },
  responses: { ...answer(WebhookEndpoint, 'Successful Response', endpoint), ...microvmErrors(404) },
})

export const updateWebhookEndpoint = createRoute({
  ...head,
  operationId: 'updateWebhookEndpoint',
  method: 'patch',
  path: one,
  summary: 'Change a webhook endpoint',
  description: 'What is left out or null stays as it is.',
  request: {
    params,
    body: json(
      z
        .strictObject({
          url: WebhookUrl.nullish(),
          event_patterns: EventPatterns.nullish(),
          description: Description.nullish(),
          enabled: z.boolean().nullish(),
        })
        .openapi('UpdateWebhookEndpointRequest'),
      { enabled: false },
    ),
  },
  responses: {
    ...answer(WebhookEndpoint, 'Successful Response', { ...endpoint, enabled: false }),
    ...microvmErrors(403, 404),
  },
})

export const deleteWebhookEndpoint = createRoute({
  ...head,
  operationId: 'deleteWebhookEndpoint',
  method: 'delete',
  path: one,
  summary: 'Delete a webhook endpoint',
  request: { params },
  responses: {
    ...answer(WebhookEndpoint, 'Successful Response', endpoint),
    ...microvmErrors(403, 404),
  },
})

export const verifyWebhookEndpoint = createRoute({
  ...head,
  operationId: 'verifyWebhookEndpoint',
  method: 'post',
  path: `${one}/verify`,
  summary: 'Verify a webhook endpoint',
  description:
    'Looks its address up anew, and sends a test. `verified`: something has arrived there, and nothing has failed since.',
  request: { params },
  responses: {
    ...answer(
      z
        .object({ endpoint_id: z.string(), verified: z.boolean(), delivery: Delivery })
        .openapi('WebhookVerification'),
      'Successful Response',
      { endpoint_id: endpoint.id, verified: true, delivery },
    ),
    ...microvmErrors(403, 404),
  },
})

export const testWebhookEndpoint = createRoute({
  ...head,
  operationId: 'testWebhookEndpoint',
  method: 'post',
  path: `${one}/test`,
  summary: 'Send a test',
  request: { params },
  responses: { ...answer(Delivery, 'Successful Response', delivery), ...microvmErrors(403, 404) },
})

export const rotateWebhookEndpointSecret = createRoute({
  ...head,
  operationId: 'rotateWebhookEndpointSecret',
  method: 'post',
  path: `${one}/rotate-secret`,
  summary: 'Make another secret',
  description: 'For 24 hours the former one signs as well.',
  request: { params },
  responses: {
    ...answer(WithSecret, 'Successful Response', { ...endpoint, secret }),
    ...microvmErrors(403, 404),
  },
})

export const listEndpointDeliveries = createRoute({
  ...head,
  operationId: 'listEndpointDeliveries',
  method: 'get',
  path: '/v1/webhooks/deliveries',
  summary: 'List deliveries',
  description: 'A bare array, newest first.',
  request: {
    query: z.object({
      endpoint_id: words(64).optional(),
      status: z.enum(deliveryStatuses).optional(),
      limit: queryCount(100, 1, 1_000),
    }),
  },
  responses: {
    ...answer(z.array(Delivery), 'Successful Response', [delivery]),
    ...microvmErrors(404),
  },
})

export const replayEndpointDelivery = createRoute({
  ...head,
  operationId: 'replayEndpointDelivery',
  method: 'post',
  path: '/v1/webhooks/deliveries/{delivery_id}/replay',
  summary: 'Send a message again',
  request: { params: z.object({ delivery_id: words(64).openapi({ example: delivery.id }) }) },
  responses: { ...answer(Delivery, 'Successful Response', delivery), ...microvmErrors(403, 404) },
})

/** Messages of one request. */
export const mostResent = 100

export const resendDeliveries = createRoute({
  ...head,
  operationId: 'resendDeliveries',
  method: 'post',
  path: '/v1/webhooks/resend',
  summary: 'Send messages again',
  description: `Those that are named, or the last ${mostResent} that have failed at an endpoint. All, or none of them.`,
  request: {
    body: json(
      z
        .strictObject({
          delivery_ids: z.array(words(64)).min(1).max(mostResent).nullish(),
          endpoint_id: words(64).nullish(),
        })
        .refine(
          ({ delivery_ids, endpoint_id }) => (delivery_ids == null) !== (endpoint_id == null),
          {
            error: 'give either delivery_ids or endpoint_id',
          },
        )
        .openapi('ResendDeliveriesRequest'),
      { delivery_ids: [delivery.id] },
    ),
  },
  responses: {
    ...answer(
      z.object({ resent: z.int(), deliveries: z.array(Delivery) }).openapi('ResentDeliveries'),
      'Successful Response',
      { resent: 1, deliveries: [delivery] },
    ),
    ...microvmErrors(403, 404),
  },
})

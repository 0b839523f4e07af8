/**
 * Webhooks: addresses of an account's own that are told what happens, by the Standard Webhooks convention
 * (standardwebhooks.com): its libraries verify what is sent.
 */
import { createRoute, z } from '@hono/zod-openapi'
import {
  Description,
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
  publicId,
  query,
  security,
  Timestamp,
  text,
} from '../common.ts'
import { EventPattern, mostPatterns } from '../events/routes.ts'
import { deliveryStatuses } from './states.ts'

/** An account has no more than this. */
export const webhooksPerAccount = 20
/** After a rotation both secrets sign for so long. */
export const oldSecretHours = 24
/** Of an endpoint: nothing has arrived for so long, so it is switched off. */
export const disabledAfterDays = 5
/** A receiver that has not answered by then has failed. */
export const answerWithinSeconds = 15
/** Of a receiver's answer, kept with the delivery. */
export const answerBytesKept = 1_024

const WebhookId = publicId('W')
const DeliveryId = text(64).openapi({ example: '019ba6f4-3c00-7000-8000-0242ac120002' })

export const WebhookUrl = text(2_000)
  .refine((url) => URL.canParse(url) && /^https?:\/\//i.test(url), {
    error: 'Use an address that begins with https://.',
    abort: true,
  })
  .refine((url) => new URL(url).username === '' && new URL(url).password === '', {
    error: 'Leave out user and password: receivers check the signature.',
  })
  .openapi({ example: 'https://example.com/hooks/garrison' })

const EventPatterns = z
  .array(EventPattern)
  .min(1)
  .max(mostPatterns)
  .refine((patterns) => new Set(patterns).size === patterns.length, 'Name each pattern only once.')

export const Webhook = z
  .object({
    id: WebhookId,
    url: z.string(),
    description: z.string().nullable(),
    /** `*`, all of a subject (`snapshot.*`), or one kind. */
    event_patterns: z.array(z.string()),
    enabled: z.boolean(),
    /** Why it was switched off, when nobody asked for it. */
    disabled_reason: z.string().nullable(),
    /** Since when nothing has arrived; null when the last attempt went well. */
    failing_since: Timestamp.nullable(),
    /** Until when the former secret signs as well; null when there is none. */
    old_secret_until: Timestamp.nullable(),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .openapi('Webhook')
export type Webhook = z.infer<typeof Webhook>

const example = {
  id: 'BRK-123456W',
  url: 'https://example.com/hooks/garrison',
  description: 'Tells the on-call channel',
  event_patterns: ['snapshot.*', 'instance.error'],
  enabled: true,
  disabled_reason: null,
  failing_since: null,
  old_secret_until: null,
  created_at: '2026-01-10T09:00:00Z',
  updated_at: '2026-01-10T09:00:00Z',
} satisfies Webhook

const Attempt = z.object({
  at: Timestamp,
  duration_ms: z.int(),
  /** Null when there was no answer. */
  status_code: z.int().nullable(),
  /** The first bytes of the answer. */
  answer: z.string().nullable(),
  /** Why it failed. */
  error: z.string().nullable(),
})

export const WebhookDelivery = z
  .object({
    id: DeliveryId,
    webhook_id: WebhookId,
    /** Sent as \`webhook-id\`; the same in every attempt and replay. */
    message_id: z.string(),
    event_kind: z.string(),
    /** Of the event; null for a test. */
    event_id: z.int().nullable(),
    status: z.enum(deliveryStatuses),
    attempts: z.array(Attempt),
    /** Null once it has ended. */
    next_attempt_at: Timestamp.nullable(),
    created_at: Timestamp,
    finished_at: Timestamp.nullable(),
  })
  .openapi('WebhookDelivery')
export type WebhookDelivery = z.infer<typeof WebhookDelivery>

const deliveryExample = {
  id: '019ba6f4-3c00-7000-8000-0242ac120002',
  webhook_id: example.id,
  message_id: 'msg_4711_123456',
  event_kind: 'snapshot.success',
  event_id: 4711,
  status: 'success',
  attempts: [
    {
      at: '2026-01-10T09:00:01Z',
      duration_ms: 84,
      status_code: 204,
      answer: '',
      error: null,
    },
  ],
  next_attempt_at: null,
  created_at: '2026-01-10T09:00:00Z',
  finished_at: '2026-01-10T09:00:01Z',
} satisfies WebhookDelivery

const pendingExample = {
  ...deliveryExample,
  status: 'pending' as const,
  attempts: [],
  next_attempt_at: '2026-01-10T09:00:00Z',
  finished_at: null,
}

const secretExample = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const tags = ['Webhooks']
const params = z.object({ webhook_id: WebhookId })

const conventions = `Each event that matches is sent by POST as \`{"type", "timestamp", "data"}\`, with the
headers \`webhook-id\`, \`webhook-timestamp\` and \`webhook-signature\` of the Standard Webhooks convention. An
answer of 2xx within ${answerWithinSeconds} s is a success; anything else, a redirect too, is tried again for
about a day, at growing distances. One message may arrive more than once, with the same \`webhook-id\`, and
messages may arrive in another order. An answer of 410, or ${disabledAfterDays} days without a success, switches
the webhook off.`

const WebhookResponse = Envelope.extend({ webhook: Webhook }).openapi('WebhookResponse')
const SecretResponse = Envelope.extend({
  webhook: Webhook,
  /** Shown this once; null when the answer is given again to the same Idempotency-Key. */
  secret: z.string().nullable(),
}).openapi('WebhookSecretResponse')
const DeliveryResponse = Envelope.extend({ delivery: WebhookDelivery }).openapi(
  'WebhookDeliveryResponse',
)

export const listWebhooks = createRoute({
  operationId: 'listWebhooks',
  method: 'get',
  path: '/api/webhooks/',
  summary: 'List webhooks',
  tags,
  security,
  request: { query: z.object({ page, page_size: pageSize }) },
  responses: {
    ...ok(
      Envelope.extend({
        webhooks: z.array(Webhook),
        /** How many an account may have. */
        limit: z.int(),
        pagination: Pagination,
      }).openapi('WebhookListResponse'),
      'Your webhooks, newest first',
      {
        ...exampleHead,
        message: 'Webhooks retrieved successfully',
        webhooks: [example],
        limit: webhooksPerAccount,
        pagination: paginationExample,
      },
    ),
    ...errors(400),
  },
})

export const CreateWebhookRequest = z
  .object({
    url: WebhookUrl,
    event_patterns: EventPatterns,
    description: Description.optional(),
    enabled: z.boolean().optional(),
  })
  .openapi('CreateWebhookRequest')
export type CreateWebhookRequest = z.infer<typeof CreateWebhookRequest>

export const createWebhook = createRoute({
  operationId: 'createWebhook',
  method: 'post',
  path: '/api/webhooks/',
  summary: 'Create a webhook',
  description: `For owners. ${conventions}\n\nThe secret is shown once. An account has at most ${webhooksPerAccount} webhooks.`,
  tags,
  security,
  request: {
    headers: idempotencyHeaders,
    body: jsonBody(CreateWebhookRequest, {
      url: example.url,
      event_patterns: example.event_patterns,
      description: example.description,
    }),
  },
  responses: {
    ...ok(SecretResponse, 'The webhook and its secret', {
      ...exampleHead,
      message: 'Webhook created successfully',
      webhook: example,
      secret: secretExample,
    }),
    ...errors(400, 403, 409, 413, 422),
  },
})

export const getWebhook = createRoute({
  operationId: 'getWebhook',
  method: 'get',
  path: '/api/webhooks/{webhook_id}/',
  summary: 'Get webhook details',
  tags,
  security,
  request: { params },
  responses: {
    ...ok(WebhookResponse, 'The webhook', {
      ...exampleHead,
      message: 'Webhook retrieved successfully',
      webhook: example,
    }),
    ...errors(400, 404),
  },
})

export const UpdateWebhookRequest = z
  .object({
    url: WebhookUrl.optional(),
    event_patterns: EventPatterns.optional(),
    description: Description.nullable().optional(),
    enabled: z.boolean().optional(),
  })
  .refine((body) => Object.values(body).some((value) => value !== undefined), {
    error: 'Give something to change.',
  })
  .openapi('UpdateWebhookRequest')
export type UpdateWebhookRequest = z.infer<typeof UpdateWebhookRequest>

export const updateWebhook = createRoute({
  operationId: 'updateWebhook',
  method: 'patch',
  path: '/api/webhooks/{webhook_id}/',
  summary: 'Change a webhook',
  description:
    'For owners. What is left out stays as it is. Switched off, it is told nothing, and what was still to be sent has failed; it may be replayed.',
  tags,
  security,
  request: {
    params,
    headers: idempotencyHeaders,
    body: jsonBody(UpdateWebhookRequest, { event_patterns: ['*'] }),
  },
  responses: {
    ...ok(WebhookResponse, 'The webhook as it is now', {
      ...exampleHead,
      message: 'Webhook updated successfully',
      webhook: { ...example, event_patterns: ['*'] },
    }),
    ...errors(400, 403, 404, 409, 413, 422),
  },
})

export const deleteWebhook = createRoute({
  operationId: 'deleteWebhook',
  method: 'delete',
  path: '/api/webhooks/{webhook_id}/',
  summary: 'Delete a webhook',
  description: 'For owners. With its deliveries.',
  tags,
  security,
  request: { params, headers: idempotencyHeaders },
  responses: {
    ...ok(
      Envelope.extend({ webhook_id: WebhookId }).openapi('DeleteWebhookResponse'),
      'It is gone',
      { ...exampleHead, message: 'Webhook deleted successfully', webhook_id: example.id },
    ),
    ...errors(400, 403, 404, 409, 422),
  },
})

export const testWebhook = createRoute({
  operationId: 'testWebhook',
  method: 'post',
  path: '/api/webhooks/{webhook_id}/test/',
  summary: 'Send a test to a webhook',
  description: `For owners. Sends a message of type \`webhook.test\`; its delivery says what became of it.`,
  tags,
  security,
  request: { params, headers: idempotencyHeaders },
  responses: {
    ...ok(DeliveryResponse, 'What is to be sent', {
      ...exampleHead,
      message: 'Test requested',
      delivery: { ...pendingExample, event_kind: 'webhook.test', event_id: null },
    }),
    ...errors(400, 403, 404, 409, 422),
  },
})

export const rotateWebhookSecret = createRoute({
  operationId: 'rotateWebhookSecret',
  method: 'post',
  path: '/api/webhooks/{webhook_id}/rotate-secret/',
  summary: 'Give a webhook a new secret',
  description: `For owners. For ${oldSecretHours} hours everything is signed with both, so that a receiver can change over.`,
  tags,
  security,
  request: { params, headers: idempotencyHeaders },
  responses: {
    ...ok(SecretResponse, 'The webhook and its new secret', {
      ...exampleHead,
      message: 'Secret rotated successfully',
      webhook: { ...example, old_secret_until: '2026-01-11T09:00:00Z' },
      secret: secretExample,
    }),
    ...errors(400, 403, 404, 409, 422),
  },
})

export const listWebhookDeliveries = createRoute({
  operationId: 'listWebhookDeliveries',
  method: 'get',
  path: '/api/webhooks/{webhook_id}/deliveries/',
  summary: 'List what was sent to a webhook',
  tags,
  security,
  request: {
    params,
    query: z.object({ page, page_size: pageSize, status: query(z.enum(deliveryStatuses)) }),
  },
  responses: {
    ...ok(
      Envelope.extend({
        deliveries: z.array(WebhookDelivery),
        pagination: Pagination,
      }).openapi('WebhookDeliveryListResponse'),
      'Deliveries, newest first',
      {
        ...exampleHead,
        message: 'Deliveries retrieved successfully',
        deliveries: [deliveryExample],
        pagination: paginationExample,
      },
    ),
    ...errors(400, 404),
  },
})

export const replayWebhookDelivery = createRoute({
  operationId: 'replayWebhookDelivery',
  method: 'post',
  path: '/api/webhook-deliveries/{delivery_id}/replay/',
  summary: 'Send a message again',
  description: 'For owners. As a new delivery of the same message, with the same `webhook-id`.',
  tags,
  security,
  request: { params: z.object({ delivery_id: DeliveryId }), headers: idempotencyHeaders },
  responses: {
    ...ok(DeliveryResponse, 'The new delivery', {
      ...exampleHead,
      message: 'Replay requested',
      delivery: pendingExample,
    }),
    ...errors(400, 403, 404, 409, 422),
  },
})

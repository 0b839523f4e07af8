/**
 * The account as this dialect shows it: the same SSH keys, API keys and audit log as those of the other
 * API, under the paths and in the shapes that its clients know.
 */
import { createRoute, z } from '@hono/zod-openapi'
import { accesses, roles } from '../accounts/roles.ts'
import { Currency, ResourceName, Timestamp } from '../common.ts'
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

const head = microvmHead('Account of microVMs')

const Deleted = z
  .object({ id: z.string(), deleted: z.literal(true), message: z.string() })
  .openapi('MicrovmDeleted')

export const SshKeyRecord = z
  .object({
    id: z.string(),
    name: z.string(),
    public_key: z.string(),
    /** `SHA256:…` */
    fingerprint: z.string(),
    key_type: z.string(),
    created_at: Time,
  })
  .openapi('MicrovmSshKey')
export type SshKeyRecord = z.infer<typeof SshKeyRecord>

const sshKey: SshKeyRecord = {
  id: 'BRK-100001K',
  name: 'laptop',
  public_key: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1xW0yXJ0q1Yk5m7Qk3mB0mXyq0l1q2s3t4u5v6w7x8 me',
  fingerprint: 'SHA256:Wd3rYVQbPpZ2B1mVxvXyC8m1wKpMzq0a1nHhYl2uJ9E',
  key_type: 'ssh-ed25519',
  created_at: exampleTime,
}

export const listMicrovmSshKeys = createRoute({
  ...head,
  operationId: 'listMicrovmSshKeys',
  method: 'get',
  path: '/v1/ssh-keys',
  summary: 'List SSH keys',
  description: 'A bare array, newest first: all keys of the account, at most 25.',
  responses: {
    ...answer(z.array(SshKeyRecord), 'Successful Response', [sshKey]),
    ...microvmErrors(),
  },
})

export const addMicrovmSshKey = createRoute({
  ...head,
  operationId: 'addMicrovmSshKey',
  method: 'post',
  path: '/v1/ssh-keys',
  summary: 'Add an SSH key',
  request: {
    body: json(
      z
        .strictObject({
          /** One line in OpenSSH format. */
          public_key: words(16_384).min(1),
          /** Left out: made of the key's fingerprint. */
          name: words(50)
            .min(1)
            .regex(/^[A-Za-z0-9_.-]*$/)
            .nullish(),
        })
        .openapi('AddMicrovmSshKeyRequest'),
      { name: 'laptop', public_key: sshKey.public_key },
    ),
  },
  responses: {
    ...answer(SshKeyRecord, 'Successful Response', sshKey),
    ...microvmErrors(403, 409),
  },
})

export const deleteMicrovmSshKey = createRoute({
  ...head,
  operationId: 'deleteMicrovmSshKey',
  method: 'delete',
  path: '/v1/ssh-keys/{key_id}',
  summary: 'Delete an SSH key',
  description: 'Not while an instance of the other API was made with it.',
  request: { params: z.object({ key_id: words(64).openapi({ example: sshKey.id }) }) },
  responses: {
    ...answer(Deleted, 'Successful Response', {
      ...{ id: sshKey.id, deleted: true, message: 'The SSH key is deleted' },
    }),
    ...microvmErrors(403, 404, 409),
  },
})

export const ApiKeyRecord = z
  .object({
    id: z.string(),
    /** Its name in the other API. */
    description: z.string(),
    /** How its text begins. */
    prefix: z.string(),
    role: z.enum(roles),
    access: z.enum(accesses),
    is_active: z.boolean(),
    /** The one that asks. */
    current: z.boolean(),
    created_at: Time,
    last_used_at: Time.nullable(),
    expires_at: Time.nullable(),
  })
  .openapi('MicrovmApiKey')
export type ApiKeyRecord = z.infer<typeof ApiKeyRecord>

const apiKey: ApiKeyRecord = {
  id: '0198c0de-0000-7000-8000-000000000001',
  description: 'ci',
  ...{ prefix: 'brk_4fT9', role: 'owner', access: 'full', is_active: true, current: false },
  ...{ created_at: exampleTime, last_used_at: null, expires_at: null },
}

const itemParams = z.object({ item_id: words(64).openapi({ example: apiKey.id }) })

export const listMicrovmApiKeys = createRoute({
  ...head,
  operationId: 'listMicrovmApiKeys',
  method: 'get',
  path: '/v1/api-keys',
  summary: 'List API keys',
  description: 'A bare array, oldest first. Members see the ones that they made; owners see all.',
  responses: {
    ...answer(z.array(ApiKeyRecord), 'Successful Response', [apiKey]),
    ...microvmErrors(),
  },
})

export const createMicrovmApiKey = createRoute({
  ...head,
  operationId: 'createMicrovmApiKey',
  method: 'post',
  path: '/v1/api-keys',
  summary: 'Make an API key',
  description: '`key` is its text, which is in this answer and nowhere else.',
  request: {
    body: json(
      z
        .strictObject({
          /** Left out: a name is made up. */
          description: ResourceName.nullish(),
          /** Left out or null: never, or with the key that asks. */
          expires_at: Timestamp.nullish(),
        })
        .openapi('CreateMicrovmApiKeyRequest'),
      { description: 'ci' },
    ),
  },
  responses: {
    ...answer(
      ApiKeyRecord.extend({
        /** Null where the answer is given again for its `Idempotency-Key`. */
        key: z.string().nullable(),
      }).openapi('MicrovmApiKeyMade'),
      'Successful Response',
      { ...apiKey, key: 'brk_4fT9wQ2xLr7sVn1cYb5mKz8dHp3jGt6aRe0uXi4o' },
    ),
    ...microvmErrors(403, 409),
  },
})

export const getMicrovmApiKey = createRoute({
  ...head,
  operationId: 'getMicrovmApiKey',
  method: 'get',
  path: '/v1/api-keys/{item_id}',
  summary: 'Get an API key',
  request: { params: itemParams },
  responses: { ...answer(ApiKeyRecord, 'Successful Response', apiKey), ...microvmErrors(404) },
})

export const changeMicrovmApiKey = createRoute({
  ...head,
  operationId: 'changeMicrovmApiKey',
  method: 'patch',
  path: '/v1/api-keys/{item_id}',
  summary: 'Rename an API key',
  request: {
    params: itemParams,
    body: json(
      z.strictObject({ description: ResourceName }).openapi('ChangeMicrovmApiKeyRequest'),
      { description: 'ci-2' },
    ),
  },
  responses: {
    ...answer(ApiKeyRecord, 'Successful Response', { ...apiKey, description: 'ci-2' }),
    ...microvmErrors(403, 404, 409),
  },
})

export const revokeMicrovmApiKey = createRoute({
  ...head,
  operationId: 'revokeMicrovmApiKey',
  method: 'delete',
  path: '/v1/api-keys/{item_id}',
  summary: 'Revoke an API key',
  description: 'At once, and whatever it opened is closed.',
  request: { params: itemParams },
  responses: {
    ...answer(Deleted, 'Successful Response', {
      ...{ id: apiKey.id, deleted: true, message: 'The API key is revoked' },
    }),
    ...microvmErrors(403, 404),
  },
})

const Fields = z.record(z.string(), z.unknown())

export const AuditEvent = z
  .object({
    id: z.string(),
    action: z.string(),
    /** What was refused is not in the log. */
    status: z.literal('success'),
    actor: z.object({
      person_id: z.string().nullable(),
      email: z.string().nullable(),
      api_key_id: z.string().nullable(),
      api_key: z.string().nullable(),
    }),
    resource_type: z.string(),
    resource_id: z.string(),
    before: Fields.nullable(),
    after: Fields.nullable(),
    detail: Fields,
    ip_address: z.string().nullable(),
    request_id: z.string().nullable(),
    created_at: Time,
  })
  .openapi('AuditEvent')
export type AuditEvent = z.infer<typeof AuditEvent>

const auditEvent: AuditEvent = {
  ...{ id: '4711', action: 'microvm.create', status: 'success' },
  actor: { person_id: null, email: null, api_key_id: apiKey.id, api_key: 'ci' },
  ...{ resource_type: 'microvm', resource_id: 'vm_2k7m4q9x1c5t8w3z' },
  ...{ before: null, after: null, detail: {} },
  ...{ ip_address: '192.0.2.7', request_id: 'a1b2c3d4', created_at: exampleTime },
}

export const getAuditCatalog = createRoute({
  ...head,
  operationId: 'getAuditCatalog',
  method: 'get',
  path: '/v1/audit/catalog',
  summary: 'What is in the audit log',
  description:
    'Actions that have been done in this account, by name, with how often and when last.',
  responses: {
    ...answer(
      z.array(
        z
          .object({
            action: z.string(),
            resource_type: z.string(),
            count: z.int(),
            last_at: Time,
          })
          .openapi('AuditAction'),
      ),
      'Successful Response',
      [{ action: 'microvm.create', resource_type: 'microvm', count: 3, last_at: exampleTime }],
    ),
    ...microvmErrors(),
  },
})

export const listAuditEvents = createRoute({
  ...head,
  operationId: 'listAuditEvents',
  method: 'get',
  path: '/v1/audit/events',
  summary: 'List who did what',
  description: 'A bare array, newest first: every write of the account, of both APIs.',
  request: {
    query: z.object({
      limit: queryCount(100, 1, 1_000),
      offset: queryCount(0, 0, 1_000_000),
      /** All in the log were; what was refused is not there. */
      status: z.enum(['success', 'failure']).optional(),
      /** An action or its beginning: `microvm.` */
      action: words(100).optional(),
      resource_id: words(64).optional(),
      /** Id of a person or of a key, an e-mail address, or the name of a key. */
      actor: words(254).optional(),
    }),
  },
  responses: {
    ...answer(z.array(AuditEvent), 'Successful Response', [auditEvent]),
    ...microvmErrors(),
  },
})

export const getAuditEvent = createRoute({
  ...head,
  operationId: 'getAuditEvent',
  method: 'get',
  path: '/v1/audit/events/{event_id}',
  summary: 'Get one entry of the audit log',
  request: { params: z.object({ event_id: words(32).openapi({ example: '4711' }) }) },
  responses: { ...answer(AuditEvent, 'Successful Response', auditEvent), ...microvmErrors(404) },
})

export const whoAmI = createRoute({
  ...head,
  operationId: 'whoAmI',
  method: 'get',
  path: '/v1/whoami',
  summary: 'Who is asking',
  responses: {
    ...answer(
      z
        .object({
          id: z.string(),
          name: z.string(),
          email: z.string().nullable(),
          role: z.enum(roles),
          access: z.enum(accesses),
          api_key_id: z.string().nullable(),
        })
        .openapi('WhoAmI'),
      'Successful Response',
      {
        ...{ id: 'BRK-123456U', name: 'Ada Lovelace', email: 'ada@example.org' },
        ...{ role: 'owner', access: 'full', api_key_id: apiKey.id },
      },
    ),
    ...microvmErrors(),
  },
})

export const getCreditSummary = createRoute({
  ...head,
  operationId: 'getCreditSummary',
  method: 'get',
  path: '/v1/credits/summary',
  summary: 'What is left of the credits',
  description: 'Null where nothing is charged.',
  responses: {
    ...answer(
      z
        .object({
          billing_mode: z.enum(['off', 'prepaid']),
          currency: Currency,
          remaining: z.number().nullable(),
          /** The same, for accounts in dollars. */
          dollars: z.object({ remaining: z.number() }).nullable(),
        })
        .openapi('CreditSummary'),
      'Successful Response',
      {
        ...{ billing_mode: 'prepaid', currency: 'USD', remaining: 41.5 },
        dollars: { remaining: 41.5 },
      },
    ),
    ...microvmErrors(),
  },
})

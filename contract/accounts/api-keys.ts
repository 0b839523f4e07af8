/** API keys of an account. Their text is shown once; only its hash is kept. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  choice,
  Envelope,
  errors,
  exampleHead,
  idempotencyHeaders,
  jsonBody,
  ok,
  ResourceName,
  security,
  Timestamp,
  text,
} from '../common.ts'
import { accesses, roles } from './roles.ts'

/** An account has no more than this; revoked ones do not count. */
export const apiKeysPerAccount = 10

export const RoleEnum = z.enum(roles).openapi('Role')
export const AccessEnum = z.enum(accesses).openapi('KeyAccess')

export const ApiKeyId = text(64).openapi({ example: '0198c0de-0000-7000-8000-000000000001' })

/** Who made it, did it or has it; `name` is empty until they have given one. */
export const PersonReference = z
  .object({ id: z.string(), name: z.string(), email: z.string().nullable() })
  .openapi('PersonReference')

export const ApiKey = z
  .object({
    id: ApiKeyId,
    name: z.string(),
    /** How its text begins. */
    prefix: z.string(),
    /** May never do more than whoever made it may by now. */
    role: RoleEnum,
    /** `read-only`: changes nothing. */
    access: AccessEnum,
    /** Null when it was made on the host itself. */
    created_by: PersonReference.nullable(),
    created_at: Timestamp,
    /** To about half a minute. */
    last_used_at: Timestamp.nullable(),
    /** Null: never. */
    expires_at: Timestamp.nullable(),
    /** False once it has expired. */
    is_active: z.boolean(),
    /** At most that what it makes may cost in a calendar month; null: no limit. See its budget. */
    monthly_cap: z.number().nullable(),
    /** The one that asks. */
    current: z.boolean(),
  })
  .openapi('ApiKey')
export type ApiKey = z.infer<typeof ApiKey>

const example = {
  id: '0198c0de-0000-7000-8000-000000000001',
  name: 'ci',
  prefix: 'brk_4fT9',
  role: 'owner',
  access: 'read-only',
  created_by: {
    id: '0198c0de-0000-7000-8000-000000000002',
    name: 'Ada Lovelace',
    email: 'ada@example.org',
  },
  created_at: '2026-01-10T09:00:00Z',
  last_used_at: null,
  expires_at: '2027-01-10T09:00:00Z',
  is_active: true,
  monthly_cap: null,
  current: false,
} as const satisfies ApiKey

const tags = ['Account']
const params = z.object({ api_key_id: ApiKeyId })
const path = '/api/account/api-keys/{api_key_id}/'

export const listApiKeys = createRoute({
  operationId: 'listApiKeys',
  method: 'get',
  path: '/api/account/api-keys/',
  summary: 'List API keys',
  description:
    'Those that were not revoked, oldest first. Members see the ones that they made; owners see all.',
  tags,
  security,
  responses: {
    ...ok(
      Envelope.extend({
        api_keys: z.array(ApiKey),
        count: z.int(),
        limit: z.int(),
      }).openapi('ApiKeyListResponse'),
      'The keys',
      {
        ...exampleHead,
        message: 'API keys retrieved successfully',
        api_keys: [example],
        count: 1,
        limit: apiKeysPerAccount,
      },
    ),
    ...errors(),
  },
})

export const CreateApiKeyRequest = z
  .object({
    name: ResourceName,
    /** When it stops working; left out or null: never, or with the key that asks. */
    expires_at: Timestamp.nullish(),
    /** At most your own role; left out: your own, but no more than `owner`. */
    role: RoleEnum.optional(),
    access: choice(accesses).default('full').openapi('KeyAccessChoice'),
  })
  .openapi('CreateApiKeyRequest')
export type CreateApiKeyRequest = z.infer<typeof CreateApiKeyRequest>

export const createApiKey = createRoute({
  operationId: 'createApiKey',
  method: 'post',
  path: '/api/account/api-keys/',
  summary: 'Create an API key',
  description: `The text of the key is in this answer and nowhere else, not even in the answer that the same Idempotency-Key gets again. An account has at most ${apiKeysPerAccount} keys. A key that a key makes expires no later than that one; a member's key with a budget makes none.`,
  tags,
  security,
  request: {
    headers: idempotencyHeaders,
    body: jsonBody(CreateApiKeyRequest, {
      name: 'ci',
      access: 'read-only',
      expires_at: '2099-01-10T09:00:00Z',
    }),
  },
  responses: {
    ...ok(
      Envelope.extend({
        api_key: ApiKey,
        /** The text; null when this answer is given again. */
        key: z.string().nullable(),
      }).openapi('CreateApiKeyResponse'),
      'The key',
      {
        ...exampleHead,
        message: 'API key created successfully. Keep it: it is not shown again',
        api_key: example,
        key: 'brk_4fT9wQ2xLr7sVn1cYb5mKz8dHp3jGt6aRe0uXi4o',
      },
    ),
    ...errors(400, 403, 409, 413, 422),
  },
})

export const ChangeApiKeyRequest = z.object({ name: ResourceName }).openapi('ChangeApiKeyRequest')

export const changeApiKey = createRoute({
  operationId: 'changeApiKey',
  method: 'patch',
  path,
  summary: 'Rename an API key',
  tags,
  security,
  request: {
    params,
    headers: idempotencyHeaders,
    body: jsonBody(ChangeApiKeyRequest, { name: 'ci-2' }),
  },
  responses: {
    ...ok(Envelope.extend({ api_key: ApiKey }).openapi('ApiKeyResponse'), 'The key', {
      ...exampleHead,
      message: 'API key updated successfully',
      api_key: { ...example, name: 'ci-2' },
    }),
    ...errors(400, 403, 404, 409, 413, 422),
  },
})

export const revokeApiKey = createRoute({
  operationId: 'revokeApiKey',
  method: 'delete',
  path,
  summary: 'Revoke an API key',
  description:
    'At once and for ever, also the one that asks. Lines into machines that it opened close.',
  tags,
  security,
  request: { params, headers: idempotencyHeaders },
  responses: {
    ...ok(Envelope.extend({ api_key_id: ApiKeyId }).openapi('RevokeApiKeyResponse'), 'It is gone', {
      ...exampleHead,
      message: 'API key revoked successfully',
      api_key_id: example.id,
    }),
    ...errors(400, 403, 404, 409, 422),
  },
})

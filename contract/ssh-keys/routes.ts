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
  publicId,
  regionFilter,
  search,
  security,
  Timestamp,
  text,
} from '../common.ts'

/** An account has no more than this. */
export const sshKeysPerAccount = 25

export const SshKeyId = publicId('K')

export const SshKey = z
  .object({
    id: SshKeyId,
    name: z.string(),
    public_key: z.string(),
    /** `SHA256:…`, as `ssh-keygen -lf` prints it. */
    fingerprint: z.string(),
    key_type: z.string(),
    /** A key is there in every region. */
    regions: z.array(z.string()),
    created_at: Timestamp,
  })
  .openapi('SSHKeyResponse')

const example = {
  id: 'BRK-100001K',
  name: 'laptop',
  public_key:
    'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1xW0yXJ0q1Yk5m7Qk3mB0mXyq0l1q2s3t4u5v6w7x8 me@laptop',
  fingerprint: 'SHA256:Wd3rYVQbPpZ2B1mVxvXyC8m1wKpMzq0a1nHhYl2uJ9E',
  key_type: 'ssh-ed25519',
  regions: ['LOCAL-1'],
  created_at: '2026-01-10T09:00:00Z',
}

const tags = ['SSH keys']
const params = z.object({ key_id: SshKeyId })

export const ListSshKeysResponse = Envelope.extend({
  ssh_keys: z.array(SshKey),
  pagination: Pagination,
}).openapi('GetSSHKeysResponse')

export const listSshKeys = createRoute({
  operationId: 'listSshKeys',
  method: 'get',
  path: '/api/ssh-keys/',
  summary: 'List SSH keys',
  tags,
  security,
  request: {
    query: z.object({ page, page_size: pageSize, search, region: regionFilter }),
  },
  responses: {
    ...ok(ListSshKeysResponse, 'Your SSH keys, newest first', {
      ...exampleHead,
      message: 'SSH keys retrieved successfully',
      ssh_keys: [example],
      pagination: paginationExample,
    }),
    ...errors(400),
  },
})

export const CreateSshKeyRequest = z
  .object({
    name: z
      .string()
      .min(1)
      .max(50)
      .regex(/^[A-Za-z0-9_.-]*$/, 'Use letters, digits, hyphens, underscores and periods only.'),
    /** One line in OpenSSH format. Left out, the server makes a 2048-bit RSA pair. */
    public_key: text(16_384).optional(),
  })
  .openapi('CreateSSHKeyRequest')

export const CreateSshKeyResponse = Envelope.extend({
  ssh_key: SshKey,
  /** PEM; only when the server made the pair, and only in this answer. */
  private_key: z.string().nullable(),
}).openapi('CreateSSHKeyResponse')

export const createSshKey = createRoute({
  operationId: 'createSshKey',
  method: 'post',
  path: '/api/ssh-keys/',
  summary: 'Import an SSH key, or have one made',
  tags,
  security,
  request: {
    headers: idempotencyHeaders,
    body: jsonBody(CreateSshKeyRequest, { name: 'laptop', public_key: example.public_key }),
  },
  responses: {
    ...ok(CreateSshKeyResponse, 'The key', {
      ...exampleHead,
      message: 'SSH key created successfully',
      ssh_key: example,
      private_key: null,
    }),
    ...errors(400, 403, 409, 413, 422),
  },
})

export const GetSshKeyResponse = Envelope.extend({ ssh_key: SshKey })

export const getSshKey = createRoute({
  operationId: 'getSshKey',
  method: 'get',
  path: '/api/ssh-keys/{key_id}/',
  summary: 'Get SSH key',
  tags,
  security,
  request: { params },
  responses: {
    ...ok(GetSshKeyResponse, 'The key', {
      ...exampleHead,
      message: 'SSH key retrieved successfully',
      ssh_key: example,
    }),
    ...errors(400, 404),
  },
})

export const DeleteSshKeyResponse = Envelope.extend({ key_id: SshKeyId }).openapi(
  'DeleteSSHKeyResponse',
)

export const deleteSshKey = createRoute({
  operationId: 'deleteSshKey',
  method: 'delete',
  path: '/api/ssh-keys/{key_id}/',
  summary: 'Delete SSH key',
  tags,
  security,
  request: { params, headers: idempotencyHeaders },
  responses: {
    ...ok(DeleteSshKeyResponse, 'It is gone', {
      ...exampleHead,
      message: 'SSH key deleted successfully',
      key_id: example.id,
    }),
    ...errors(400, 404, 409, 422),
  },
})

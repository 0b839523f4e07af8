/** Shares: addresses at which a port of a VM is reached, as long as the VM is there. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  answer,
  count,
  exampleIds,
  exampleTime,
  json,
  microvmErrors,
  microvmHead,
  microvmId,
  queryCount,
  sessionId,
  Time,
  words,
} from './common.ts'

const head = microvmHead('Shares')

export const shareId = words(64).openapi({ example: 'share_5v8x2c9b4n7m1k3j' })
const Port = count(1, 65_535)

export const Share = z
  .object({
    id: shareId,
    share_id: shareId,
    vm_id: microvmId,
    session_id: sessionId,
    port: z.int(),
    /** Otherwise it takes a key of the account. */
    is_public: z.boolean(),
    /** Never given to another share. */
    name: z.string(),
    host: z.string(),
    url: z.string(),
    share_url: z.string(),
    status: z.enum(['active', 'revoked']),
    created_at: Time,
  })
  .openapi('Share')
export type Share = z.infer<typeof Share>

const example: Share = {
  id: 'share_5v8x2c9b4n7m1k3j',
  share_id: 'share_5v8x2c9b4n7m1k3j',
  vm_id: exampleIds.vm_id,
  session_id: exampleIds.session_id,
  port: 8080,
  is_public: true,
  name: 'quiet-amber-otter',
  host: 'quiet-amber-otter.share.localhost',
  url: 'http://quiet-amber-otter.share.localhost:8600',
  share_url: 'http://quiet-amber-otter.share.localhost:8600',
  status: 'active',
  created_at: exampleTime,
}

/** As it is asked for when a VM is made. */
export const NewShare = z
  .strictObject({ port: Port, is_public: z.boolean().nullish() })
  .openapi('NewShare')

export const CreateShareRequest = z
  .strictObject({
    port: Port,
    /** One of the two. */
    vm_id: microvmId.nullish(),
    session_id: sessionId.nullish(),
    is_public: z.boolean().nullish(),
  })
  .refine(({ vm_id, session_id }) => (vm_id == null) !== (session_id == null), {
    error: 'give vm_id or session_id, and not both',
  })
  .openapi('CreateShareRequest')
export type CreateShareRequest = z.infer<typeof CreateShareRequest>

export const UpdateShareRequest = z
  .strictObject({ is_public: z.boolean().nullish() })
  .openapi('UpdateShareRequest')

const ofOne = z.object({ share_id: shareId })
const found = answer(Share, 'Successful Response', example)

export const createShare = createRoute({
  ...head,
  operationId: 'createShare',
  method: 'post',
  path: '/v1/shares',
  summary: 'Share a port of a VM',
  description:
    'At an address of its own, over HTTP/1.1 and websockets. Streams are not cut while nothing is said on them. It ends with its VM.',
  request: {
    body: json(CreateShareRequest, { port: 8080, vm_id: exampleIds.vm_id, is_public: true }),
  },
  responses: { ...found, ...microvmErrors(403, 404, 409) },
})

export const listShares = createRoute({
  ...head,
  operationId: 'listShares',
  method: 'get',
  path: '/v1/shares',
  summary: 'List shares',
  description:
    'A bare array, newest first, of those that are neither revoked nor without their VM.',
  responses: { ...answer(z.array(Share), 'Successful Response', [example]), ...microvmErrors() },
})

export const getShare = createRoute({
  ...head,
  operationId: 'getShare',
  method: 'get',
  path: '/v1/shares/{share_id}',
  summary: 'Get a share',
  request: { params: ofOne },
  responses: { ...found, ...microvmErrors(404) },
})

export const updateShare = createRoute({
  ...head,
  operationId: 'updateShare',
  method: 'patch',
  path: '/v1/shares/{share_id}',
  summary: 'Make a share public or private',
  description: 'Whoever is connected to one that becomes private, and may not be, is cut off.',
  request: { params: ofOne, body: json(UpdateShareRequest, { is_public: false }) },
  responses: { ...found, ...microvmErrors(403, 404) },
})

export const revokeShare = createRoute({
  ...head,
  operationId: 'revokeShare',
  method: 'delete',
  path: '/v1/shares/{share_id}',
  summary: 'Revoke a share',
  description: 'Its address leads nowhere from then on, and whoever is connected is cut off.',
  request: { params: ofOne },
  responses: {
    ...answer(Share, 'Successful Response', { ...example, status: 'revoked' }),
    ...microvmErrors(403, 404),
  },
})

export const AppUrl = z
  .object({
    /** Below the API itself: takes a key in a header. Pages run without an origin of their own. */
    url: z.string(),
    /** A host of its own, which a browser can sign in to with a key. */
    direct_url: z.string(),
    /** Within the host only; empty where there is none. */
    vm_ip: z.string(),
    port: z.int(),
    vm_id: microvmId,
    session_id: sessionId,
    status: z.string(),
    expires_in_seconds: z.int().nullable(),
  })
  .openapi('AppURLResponse')

export const getAppUrl = createRoute({
  ...head,
  operationId: 'getAppUrl',
  method: 'get',
  path: '/v1/sessions/app-url/{session_id}',
  summary: "Addresses of a port of a session's VM",
  description: 'For the account alone; shares are for others.',
  request: {
    params: z.object({ session_id: sessionId }),
    query: z.object({ port: queryCount(80, 1, 65_535) }),
  },
  responses: {
    ...answer(AppUrl, 'Successful Response', {
      url: `http://127.0.0.1:8600/v1/app/${exampleIds.session_id}/8080/`,
      direct_url: 'http://vm-2k7m4q9x1c5t8w3z-8080.share.localhost:8600',
      vm_ip: '10.180.4.2',
      port: 8080,
      vm_id: exampleIds.vm_id,
      session_id: exampleIds.session_id,
      status: 'running',
      expires_in_seconds: 287,
    }),
    ...microvmErrors(404, 409),
  },
})

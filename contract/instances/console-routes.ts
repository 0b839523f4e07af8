/** Looking into a machine: its serial console and its screen over websockets, and what it has printed. */
import { createRoute, z } from '@hono/zod-openapi'
import { writes } from '../access.ts'
import {
  errors,
  exampleHead,
  idempotencyHeaders,
  jsonBody,
  ok,
  query,
  queryIntegerOr,
  security,
  TieredEnvelope,
  Timestamp,
  text,
} from '../common.ts'
import { InstanceId } from './schemas.ts'

const tags = ['Console']
const params = z.object({ instance_id: InstanceId })

/** What a websocket may lead to. */
export const lineKinds = ['console', 'display'] as const
export type LineKind = (typeof lineKinds)[number]

/** How long a token can be used after it was issued, in seconds. */
export const tokenSeconds = 60

/**
 * Why the server closes a websocket, beside what every websocket has: 1001 when the server stops and
 * 1009 for a message of more than 64 KiB.
 */
export const closeCodes = {
  /** The machine stopped or is gone. */
  ended: 4000,
  /** The viewer did not read as fast as the machine wrote. */
  tooSlow: 4001,
  /** The API key that opened it, or asked for its token, was revoked or has expired. */
  keyGone: 4002,
} as const

const endings = `
The server closes with ${closeCodes.ended} when the machine stops or is deleted, ${closeCodes.tooSlow} when the viewer
does not keep up, ${closeCodes.keyGone} when the API key was revoked or has expired, 1001 when the server stops, and 1009 after a
message of more than 64 KiB. Whoever does not answer a ping within 30 seconds is cut off.
A browser is let in from pages of this server only.
`.trim()

export const createConsoleToken = createRoute({
  operationId: 'createConsoleToken',
  method: 'post',
  path: '/api/instances/{instance_id}/console-token/',
  summary: 'Get a token that opens a console or display',
  description: `For whoever cannot send headers with a websocket, such as a browser. Opens one websocket, once, within ${tokenSeconds} seconds.`,
  tags,
  security,
  request: {
    params,
    headers: idempotencyHeaders,
    body: jsonBody(
      z.object({ kind: z.enum(lineKinds).default('console') }).openapi('ConsoleTokenRequest'),
      { kind: 'console' },
    ),
  },
  responses: {
    ...ok(
      TieredEnvelope.extend({
        instance_id: InstanceId,
        kind: z.enum(lineKinds),
        /** Shown once: null where an answer is given again for its `Idempotency-Key`. */
        token: z.string().nullable(),
        /** Where to connect: a path of this server, with the token. */
        url: z.string().nullable(),
        expires_at: Timestamp,
        simulated: z.literal(true).optional(),
      }).openapi('ConsoleTokenResponse'),
      'The token',
      {
        ...exampleHead,
        message: 'Console token issued',
        instance_id: 'BRK-100200D',
        kind: 'console',
        token: 'tC2jHq0mJY1Uo2vZ5m9m3dT8w1rXfYb6e4kQnS7aLhE',
        url: '/api/instances/BRK-100200D/console/?token=tC2jHq0mJY1Uo2vZ5m9m3dT8w1rXfYb6e4kQnS7aLhE',
        expires_at: '2026-01-10T09:01:00Z',
        tier: 'legacy',
      },
    ),
    ...errors(400, 403, 404, 409, 413, 422),
  },
})

/** A key in a header, or a token in the query. */
const lineSecurity = [...security, { consoleToken: [] }]
const lineRequest = { params, query: z.object({ token: query(text(100)) }) }
const lineResponses = {
  101: { description: 'The websocket is open' },
  ...errors(400, 403, 404),
}

export const openConsole = createRoute({
  operationId: 'openConsole',
  ...writes,
  method: 'get',
  path: '/api/instances/{instance_id}/console/',
  summary: 'Open the serial console (websocket)',
  description: `First what was printed last, at most 64 KiB, then what is printed, as binary frames. Whatever is sent, text or binary, is typed. Up to 8 viewers share the one line, and a reboot does not end it.\n\n${endings}`,
  tags,
  security: lineSecurity,
  request: lineRequest,
  responses: lineResponses,
})

export const openDisplay = createRoute({
  operationId: 'openDisplay',
  ...writes,
  method: 'get',
  path: '/api/instances/{instance_id}/display/',
  summary: 'Open the display (websocket)',
  description: `The RFB protocol of VNC in binary frames, as noVNC speaks it, without a password: screen, keyboard and mouse, for up to 4 viewers.\n\n${endings}`,
  tags,
  security: lineSecurity,
  request: lineRequest,
  responses: lineResponses,
})

export const getConsoleLog = createRoute({
  operationId: 'getConsoleLog',
  method: 'get',
  path: '/api/instances/{instance_id}/console-log/',
  summary: 'Get what the machine has printed on its serial console',
  description:
    'The end of it, over its starts; also of a machine that is stopped. At least the last megabyte is kept.',
  tags,
  security,
  request: {
    params,
    query: z.object({
      /** How much is read, in bytes. */
      bytes: queryIntegerOr(65_536, 1, 1_048_576),
    }),
  },
  responses: {
    ...ok(
      TieredEnvelope.extend({
        instance_id: InstanceId,
        /** With terminal control characters; what is not valid UTF-8 is replaced by U+FFFD. */
        log: z.string(),
        simulated: z.literal(true).optional(),
      }).openapi('ConsoleLogResponse'),
      'The log',
      {
        ...exampleHead,
        message: 'Console log retrieved successfully',
        instance_id: 'BRK-100200D',
        log: 'Linux version 6.1.0\r\nWelcome\r\n',
        tier: 'legacy',
      },
    ),
    ...errors(400, 404),
  },
})

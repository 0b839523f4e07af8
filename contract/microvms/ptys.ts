/**
 * Terminals in microVMs. One is begun by a request and looked at through a websocket, by one viewer or
 * several; whoever comes back is shown the end of what was printed meanwhile.
 */
import { createRoute, z } from '@hono/zod-openapi'
import { writes } from '../access.ts'
import {
  answer,
  count,
  exampleIds,
  exampleTime,
  json,
  microvmErrors,
  microvmHead,
  microvmId,
  microvmSecurity,
  sessionId,
  Time,
  words,
} from './common.ts'

const head = microvmHead('Terminals')

/** Seconds in which a token can be used, once. */
export const ptyTokenSeconds = 300
/** Of what was printed, for those who come later. */
export const keptBytes = 64 * 1024

/** Why the server closes a websocket of a terminal, beside 1001 (it stops) and 1009 (more than 64 KiB at once). */
export const ptyCloseCodes = {
  /** The program ended, or its VM did. */
  ended: 4000,
  /** The viewer did not read. */
  tooSlow: 4001,
  /** Who opened it may not any more. */
  keyGone: 4002,
} as const

const ptyId = words(64).openapi({ example: 'pty_4m8q1x5c9t2w6z3k' })
const Columns = count(1, 1_000)

export const CreatePtyRequest = z
  .strictObject({
    cols: Columns.nullish(),
    rows: Columns.nullish(),
    /** A command, run by the image's shell. Left out: a login shell. */
    shell: words(4_096).min(1).nullish(),
  })
  .openapi('CreatePtyRequest')
export type CreatePtyRequest = z.infer<typeof CreatePtyRequest>

export const PtySession = z
  .object({
    pty_id: ptyId,
    vm_id: microvmId,
    session_id: sessionId,
    cols: z.int(),
    rows: z.int(),
    shell: z.string().nullable(),
    /** `lost`: its VM ended, was suspended, or the line to it broke. */
    status: z.enum(['running', 'exited', 'lost']),
    exit_code: z.int().nullable(),
    /** Websockets that are open now. */
    viewers: z.int(),
    created_at: Time,
    exited_at: Time.nullable(),
  })
  .openapi('PtySession')
export type PtySession = z.infer<typeof PtySession>

export const PtyConnection = PtySession.extend({
  /** Null where the answer is given again for its `Idempotency-Key`: ask for another. */
  connect_token: z.string().nullable(),
  /** Where the websocket is, with the token where there is one: a path of this server, and the whole address. */
  connect_path: z.string(),
  ws_url: z.string(),
  token_expires_at: Time,
}).openapi('PtyConnection')

const example: PtySession = {
  pty_id: 'pty_4m8q1x5c9t2w6z3k',
  vm_id: exampleIds.vm_id,
  session_id: exampleIds.session_id,
  ...{ cols: 120, rows: 32, shell: null, status: 'running', exit_code: null, viewers: 0 },
  ...{ created_at: exampleTime, exited_at: null },
}

const connectPath = `/v1/vms/${exampleIds.vm_id}/pty/sessions/pty_4m8q1x5c9t2w6z3k/connect?token=q3v9`
const exampleConnection = {
  ...example,
  ...{ connect_token: 'q3v9', connect_path: connectPath },
  ws_url: `wss://cloud.example.com${connectPath}`,
  token_expires_at: '2026-01-18T10:35:00Z',
}

const protocol = `
Binary frames are bytes, in both directions. Text frames are JSON: the client sends
\`{"type":"resize","cols":120,"rows":32}\`, the server \`{"type":"exit","exit_code":0}\` (null when its VM ended or was
suspended) and \`{"type":"error","message":"…"}\`. First comes the end of what was printed before, at most ${keptBytes / 1024} KiB.
The server closes with ${ptyCloseCodes.ended} when it is over, ${ptyCloseCodes.tooSlow} when the viewer does not read,
${ptyCloseCodes.keyGone} when the key was revoked. Closing a websocket ends nothing: the program goes on.
`.trim()

/** The same beneath a VM and beneath a session. */
function routesOf<Owner extends 'vms' | 'sessions', Id extends 'vm_id' | 'session_id'>(
  owner: Owner,
  id: Id,
  what: 'Vm' | 'Session',
) {
  const ofOwner = z.object({ [id]: id === 'vm_id' ? microvmId : sessionId } as Record<
    Id,
    typeof microvmId
  >)
  const ofPty = ofOwner.extend({ pty_id: ptyId })
  const base = `/v1/${owner}/{${id}}/pty/sessions` as const
  const one = `${base}/{pty_id}` as const
  const noun = what === 'Vm' ? 'a VM' : 'a session'
  return {
    create: createRoute({
      ...head,
      operationId: `create${what}Pty`,
      method: 'post',
      path: base,
      summary: `Begin a terminal in ${noun}`,
      description: `A program with a terminal of its own, 80 × 24 unless said. It ends with its VM, with a restart of the server, or when it is deleted.${what === 'Session' ? ' A session without a VM gets one.' : ''} \`connect_token\` opens its websocket once, within ${ptyTokenSeconds / 60} minutes.`,
      request: { params: ofOwner, body: json(CreatePtyRequest, { cols: 120, rows: 32 }) },
      responses: {
        201: {
          description: 'It runs',
          content: { 'application/json': { schema: PtyConnection, example: exampleConnection } },
        },
        ...microvmErrors(400, 402, 403, 404, 409, 501, 502),
      },
    }),
    list: createRoute({
      ...head,
      operationId: `list${what}Ptys`,
      method: 'get',
      path: base,
      summary: `List terminals of ${noun}`,
      description: 'A bare array, oldest first, with those that have ended within ten minutes.',
      request: { params: ofOwner },
      responses: {
        ...answer(z.array(PtySession), 'Successful Response', [example]),
        ...microvmErrors(404),
      },
    }),
    get: createRoute({
      ...head,
      operationId: `get${what}Pty`,
      method: 'get',
      path: one,
      summary: 'Get a terminal',
      request: { params: ofPty },
      responses: { ...answer(PtySession, 'Successful Response', example), ...microvmErrors(404) },
    }),
    resize: createRoute({
      ...head,
      operationId: `resize${what}Pty`,
      method: 'post',
      path: `${one}/resize`,
      summary: 'Resize a terminal',
      request: {
        params: ofPty,
        body: json(z.strictObject({ cols: Columns, rows: Columns }).openapi('PtySize'), {
          cols: 100,
          rows: 40,
        }),
      },
      responses: {
        ...answer(PtySession, 'Successful Response', { ...example, cols: 100, rows: 40 }),
        ...microvmErrors(403, 404, 409),
      },
    }),
    delete: createRoute({
      ...head,
      operationId: `delete${what}Pty`,
      method: 'delete',
      path: one,
      summary: 'End a terminal',
      description: 'Its program is hung up, as when a terminal is closed.',
      request: { params: ofPty },
      responses: { ...answer(PtySession, 'Successful Response', example), ...microvmErrors(404) },
    }),
    token: createRoute({
      ...head,
      operationId: `create${what}PtyToken`,
      method: 'post',
      path: `${one}/connect`,
      summary: 'Get another token for a terminal',
      description: 'To come back, or for whoever cannot send headers with a websocket.',
      request: { params: ofPty },
      responses: {
        ...answer(PtyConnection, 'Successful Response', exampleConnection),
        ...microvmErrors(403, 404, 429),
      },
    }),
    connect: createRoute({
      ...head,
      operationId: `connect${what}Pty`,
      ...writes,
      method: 'get',
      path: `${one}/connect`,
      summary: 'Look into a terminal (websocket)',
      description: protocol,
      security: [...microvmSecurity, { consoleToken: [] }],
      request: {
        params: ofPty,
        query: z.object({ token: words(100).optional() }),
      },
      responses: {
        101: { description: 'The websocket is open' },
        ...microvmErrors(403, 404),
      },
    }),
  }
}

export const vmPtys = routesOf('vms', 'vm_id', 'Vm')
export const sessionPtys = routesOf('sessions', 'session_id', 'Session')

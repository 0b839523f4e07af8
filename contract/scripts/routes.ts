/** Startup scripts: kept under a name, and run by a new machine on its first boot. */
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
  query,
  ResourceName,
  search,
  security,
  Timestamp,
} from '../common.ts'
import { UserData } from '../instances/user-data.ts'

/** An account has no more than this. The published contract names no limit. */
export const scriptsPerAccount = 100
/** UTF-8 bytes. */
export const maximumScriptBytes = 65_536

export const ScriptId = publicId('C')

/** A row of the list; `script` is left out when it was asked for with `fields=summary`. */
export const ScriptSummary = z
  .object({
    id: ScriptId,
    name: z.string(),
    script: z.string().optional(),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .openapi('ScriptSummary')

export const Script = ScriptSummary.extend({ script: z.string() }).openapi('Script')
export type Script = z.infer<typeof Script>

const example = {
  id: 'BRK-123456C',
  name: 'web server',
  script: '#!/bin/sh\nhttpd -h /srv/www\n',
  created_at: '2026-01-10T09:00:00Z',
  updated_at: '2026-01-10T09:00:00Z',
} as const satisfies Script

const tags = ['Startup scripts']
const params = z.object({ script_id: ScriptId })

export const ScriptListResponse = Envelope.extend({
  scripts: z.array(ScriptSummary),
  /** Of this page. */
  count: z.int(),
  pagination: Pagination,
}).openapi('ScriptListResponse')

export const listScripts = createRoute({
  operationId: 'listScripts',
  method: 'get',
  path: '/api/scripts/',
  summary: 'List all startup scripts',
  tags,
  security,
  request: {
    query: z.object({
      page,
      page_size: pageSize,
      search,
      /** `summary`: without the text of the scripts. */
      fields: query(z.enum(['summary'])).openapi({ example: 'summary' }),
    }),
  },
  responses: {
    ...ok(ScriptListResponse, 'Your startup scripts, newest first', {
      ...exampleHead,
      message: 'Startup scripts retrieved successfully',
      scripts: [example],
      count: 1,
      pagination: paginationExample,
    }),
    ...errors(400),
  },
})

const ScriptText = UserData(maximumScriptBytes)

export const CreateScriptRequest = z
  .object({ name: ResourceName, script: ScriptText })
  .openapi('CreateScriptRequest')
export type CreateScriptRequest = z.infer<typeof CreateScriptRequest>

export const ScriptResponse = Envelope.extend({ script: Script }).openapi('ScriptResponse')

export const createScript = createRoute({
  operationId: 'createScript',
  method: 'post',
  path: '/api/scripts/',
  summary: 'Create a startup script',
  description: `Begins with \`#!\` or \`#cloud-config\`; at most ${maximumScriptBytes} bytes. An account has at most ${scriptsPerAccount} of them.`,
  tags,
  security,
  request: {
    headers: idempotencyHeaders,
    body: jsonBody(CreateScriptRequest, { name: example.name, script: example.script }),
  },
  responses: {
    ...ok(ScriptResponse, 'The script', {
      ...exampleHead,
      message: 'Startup script created successfully',
      script: example,
    }),
    ...errors(400, 403, 409, 413, 422),
  },
})

export const getScript = createRoute({
  operationId: 'getScript',
  method: 'get',
  path: '/api/scripts/{script_id}/',
  summary: 'Get startup script details',
  tags,
  security,
  request: { params },
  responses: {
    ...ok(ScriptResponse, 'The script', {
      ...exampleHead,
      message: 'Startup script retrieved successfully',
      script: example,
    }),
    ...errors(400, 404),
  },
})

export const UpdateScriptRequest = z
  .object({ name: ResourceName.optional(), script: ScriptText.optional() })
  .refine(({ name, script }) => name !== undefined || script !== undefined, {
    error: 'Give a name, a script, or both.',
  })
  .openapi('UpdateScriptRequest')
export type UpdateScriptRequest = z.infer<typeof UpdateScriptRequest>

/** PUT and PATCH are the same: what is left out stays as it is. */
function updateRoute<const Method extends 'put' | 'patch'>(method: Method, operationId: string) {
  return createRoute({
    operationId,
    method,
    path: '/api/scripts/{script_id}/',
    summary: 'Update a startup script',
    description:
      'What is left out stays as it is. Machines that were deployed with the script keep the text that they were given.',
    tags,
    security,
    request: {
      params,
      headers: idempotencyHeaders,
      body: jsonBody(UpdateScriptRequest, { name: 'web server 2' }),
    },
    responses: {
      ...ok(ScriptResponse, 'The script as it is now', {
        ...exampleHead,
        message: 'Startup script updated successfully',
        script: { ...example, name: 'web server 2' },
      }),
      ...errors(400, 404, 409, 413, 422),
    },
  })
}

export const updateScript = updateRoute('put', 'updateScript')
export const patchScript = updateRoute('patch', 'patchScript')

export const DeleteScriptResponse = Envelope.extend({ script_id: ScriptId }).openapi(
  'DeleteScriptResponse',
)

export const deleteScript = createRoute({
  operationId: 'deleteScript',
  method: 'delete',
  path: '/api/scripts/{script_id}/',
  summary: 'Delete a startup script',
  description: 'Also one that machines were deployed with: they were given a copy.',
  tags,
  security,
  request: { params, headers: idempotencyHeaders },
  responses: {
    ...ok(DeleteScriptResponse, 'It is gone', {
      ...exampleHead,
      message: 'Startup script deleted successfully',
      script_id: example.id,
    }),
    ...errors(400, 404, 409, 422),
  },
})

export const DeleteScriptsRequest = z
  .object({
    scripts: z
      .array(ScriptId)
      .min(1)
      .max(50)
      .refine((ids) => new Set(ids).size === ids.length, 'Name each script only once.'),
  })
  .openapi('DeleteScriptsRequest')

export const DeleteScriptsResponse = Envelope.extend({
  deleted: z.array(ScriptId),
  /** Those of the request that there are not, or that are another account's. */
  not_found: z.array(ScriptId),
}).openapi('DeleteScriptsResponse')

export const deleteScripts = createRoute({
  operationId: 'deleteScripts',
  method: 'delete',
  path: '/api/scripts/',
  summary: 'Delete multiple startup scripts',
  tags,
  security,
  request: {
    headers: idempotencyHeaders,
    body: jsonBody(DeleteScriptsRequest, { scripts: [example.id] }),
  },
  responses: {
    ...ok(DeleteScriptsResponse, 'Those that there were are gone', {
      ...exampleHead,
      message: 'Deleted 1 of 1 startup scripts',
      deleted: [example.id],
      not_found: [],
    }),
    ...errors(400, 409, 413, 422),
  },
})

/** Running code in a session, and files to and from it. These are at the root, as published. */
import { createRoute, z } from '@hono/zod-openapi'
import { onlyReads } from '../access.ts'
import {
  answer,
  count,
  exampleIds,
  exampleTime,
  json,
  microvmErrors,
  microvmHead,
  microvmId,
  notServed,
  sessionId,
  Time,
  words,
} from './common.ts'
import { maximumUploadBytes } from './facts.ts'
import { executionStatuses } from './states.ts'

const head = microvmHead('Execution')

/** UTF-8 bytes of code in one call. */
export const maximumCodeBytes = 1024 * 1024

const source = z
  .string()
  .max(maximumCodeBytes)
  .refine(
    (value) => new TextEncoder().encode(value).length <= maximumCodeBytes,
    'code has at most 1 MiB',
  )
  .refine((value) => value.isWellFormed(), 'the text is not valid Unicode')
  .refine((value) => !value.includes('\0'), 'null characters are not allowed')
  .nullish()

export const CommandRequest = z
  .strictObject({
    command: source,
    code: source,
    /** In place of a header. */
    api_key: words(512).nullish(),
    /** Left out: a session is made, and named in the answer. */
    session_id: sessionId.nullish(),
    language: z.enum(['python', 'bash']).nullish(),
    /**
     * Seconds from when its VM has it: waiting for other code of the language counts, and is a 409 when it takes all
     * of them. Then the code is killed, with what it started, and the language begins anew: its variables are lost.
     */
    timeout: count(1, 600).default(60),
    vault_ids: notServed('vaults'),
  })
  .refine(({ command, code }) => command != null || code != null, {
    error: 'give command or code',
  })
  .refine(({ command, code }) => command == null || code == null, {
    error: 'give command or code, not both',
  })
  .openapi('CommandRequest')
export type CommandRequest = z.infer<typeof CommandRequest>

const exampleRequest = {
  command: 'print(6 * 7)',
  session_id: exampleIds.session_id,
  language: 'python',
  timeout: 60,
} as const

export const ExecutionResult = z
  .object({
    session_id: sessionId,
    vm_id: microvmId,
    stdout: z.string(),
    stderr: z.string(),
    /** 124 when the time was up; 128 and the signal when it was killed. */
    exit_code: z.int(),
    success: z.boolean(),
    /** Seconds, in the machine. */
    execution_time: z.number(),
    cpu_time: z.number(),
    timed_out: z.boolean(),
    /** More was printed than is here: at most 1 MiB of each. */
    truncated: z.boolean(),
    /** Left out where machines are real. */
    simulated: z.literal(true).optional(),
  })
  .openapi('ExecutionResult')
export type ExecutionResult = z.infer<typeof ExecutionResult>

export const execute = createRoute({
  ...head,
  operationId: 'execute',
  method: 'post',
  path: '/execute',
  summary: 'Run code',
  description:
    'In the VM of a session, which is made when there is none. Python and bash each keep their state between calls. What they draw by chance is another in each VM, but for the order of sets in Python (`PYTHONHASHSEED`), which is that of its snapshot. The answer comes when the code has ended, with its exit code, whatever that is. For an `Idempotency-Key`, the first 32 KiB of each of `stdout` and `stderr` are kept; where there was more, the answer that is given again says `truncated`.',
  request: { body: json(CommandRequest, exampleRequest) },
  responses: {
    ...answer(ExecutionResult, 'Successful Response', {
      session_id: exampleIds.session_id,
      vm_id: exampleIds.vm_id,
      stdout: '42\n',
      stderr: '',
      exit_code: 0,
      success: true,
      execution_time: 0.004,
      cpu_time: 0.002,
      timed_out: false,
      truncated: false,
    }),
    ...microvmErrors(400, 402, 403, 404, 409, 413, 501, 502),
  },
})

export const Execution = z
  .object({
    task_id: z.string(),
    session_id: sessionId,
    vm_id: microvmId.nullable(),
    status: z.enum(executionStatuses),
    is_complete: z.boolean(),
    language: z.enum(['python', 'bash']),
    /** Plain text, in spite of the name. */
    serialized_stdout: z.string().nullable(),
    serialized_stderr: z.string().nullable(),
    exit_code: z.int().nullable(),
    execution_time: z.number().nullable(),
    cpu_time: z.number().nullable(),
    timed_out: z.boolean(),
    truncated: z.boolean(),
    /** Why it could not be run. */
    error: z.string().nullable(),
    created_at: Time,
    completed_at: Time.nullable(),
  })
  .openapi('Execution')
export type Execution = z.infer<typeof Execution>

const taskId = words(64).openapi({ example: 'task_5n8k2v7d3h6r1p9v' })

const example: Execution = {
  task_id: 'task_5n8k2v7d3h6r1p9v',
  session_id: exampleIds.session_id,
  vm_id: exampleIds.vm_id,
  status: 'completed',
  is_complete: true,
  language: 'python',
  serialized_stdout: '42\n',
  serialized_stderr: '',
  exit_code: 0,
  execution_time: 0.004,
  cpu_time: 0.002,
  timed_out: false,
  truncated: false,
  error: null,
  created_at: exampleTime,
  completed_at: exampleTime,
}

const begun: Execution = {
  ...example,
  status: 'running',
  is_complete: false,
  ...{ serialized_stdout: null, serialized_stderr: null, exit_code: null },
  ...{ execution_time: null, cpu_time: null, completed_at: null },
}

export const executeAsync = createRoute({
  ...head,
  operationId: 'executeAsync',
  method: 'post',
  path: '/execute_async',
  summary: 'Run code without waiting for it',
  description: 'Answers a `task_id` at once; ask `/v1/executions/{id}` until `is_complete`.',
  request: { body: json(CommandRequest, exampleRequest) },
  responses: {
    ...answer(Execution, 'Successful Response', begun),
    ...microvmErrors(400, 402, 403, 404, 409, 413, 501),
  },
})

export const listExecutions = createRoute({
  ...head,
  operationId: 'listExecutions',
  method: 'get',
  path: '/v1/executions',
  summary: 'List asynchronous executions',
  description:
    'The last 100, newest first. They are kept for a day; of what they printed, the newest 256 MiB of an account, and older ones say `truncated`.',
  responses: {
    ...answer(z.array(Execution), 'Successful Response', [example]),
    ...microvmErrors(),
  },
})

export const getExecution = createRoute({
  ...head,
  operationId: 'getExecution',
  method: 'get',
  path: '/v1/executions/{execution_id}',
  summary: 'How an asynchronous execution stands',
  request: { params: z.object({ execution_id: taskId }) },
  responses: { ...answer(Execution, 'Successful Response', example), ...microvmErrors(404) },
})

export const KillRequest = z.strictObject({ session_id: sessionId }).openapi('KillRequest')

export const KillResponse = z
  .object({
    message: z.string(),
    session_id: sessionId,
    vm_id: microvmId,
    killed_vm_id: microvmId,
  })
  .openapi('KillResponse')

/**
 * A session of another account is 404, as every id of a stranger's is: the 403 that published clients have a
 * sentence for would tell that the session exists. Here 403 is for keys that may not change anything; clients
 * understand both.
 */
export const kill = createRoute({
  ...head,
  operationId: 'kill',
  method: 'post',
  path: '/kill',
  summary: 'End the VM of a session',
  description:
    'The session stays: its next execution makes a new VM. 404: it has no VM, or it is not yours.',
  request: { body: json(KillRequest, { session_id: exampleIds.session_id }) },
  responses: {
    ...answer(KillResponse, 'Successful Response', {
      message: 'The VM is being ended',
      session_id: exampleIds.session_id,
      vm_id: exampleIds.vm_id,
      killed_vm_id: exampleIds.vm_id,
    }),
    ...microvmErrors(403, 404),
  },
})

const path = words(4_096)
  .min(1)
  .refine((value) => !value.split('/').includes('..'), 'the path must not lead upwards (..)')

export const UploadRequest = z
  .strictObject({
    file: z
      .instanceof(File, { error: 'send a file' })
      .openapi({ type: 'string', format: 'binary' }),
    /** Relative ones are below `/app`. Left out: the name of the file. */
    remote_path: path.optional(),
    session_id: sessionId,
    /** `true`: the file is a tar archive, whose content goes below `remote_path`. */
    recursive: z.enum(['true', 'false', 'True', 'False']).optional(),
  })
  .openapi('UploadRequest')

export const UploadResponse = z
  .object({
    message: z.string(),
    session_id: sessionId,
    vm_id: microvmId,
    remote_path: z.string(),
    size_bytes: z.int(),
    /** How many, of an archive. */
    files: z.int(),
  })
  .openapi('UploadResponse')
export type UploadResponse = z.infer<typeof UploadResponse>

export const upload = createRoute({
  ...head,
  operationId: 'upload',
  method: 'post',
  path: '/upload',
  summary: 'Put a file into a session',
  description: `At most ${maximumUploadBytes / 1024 / 1024} MiB. A file that is there is replaced; links are followed. What is no ordinary file, such as \`/dev/null\`, is refused.`,
  request: {
    body: { required: true, content: { 'multipart/form-data': { schema: UploadRequest } } },
  },
  responses: {
    ...answer(UploadResponse, 'Successful Response', {
      message: 'Uploaded',
      session_id: exampleIds.session_id,
      vm_id: exampleIds.vm_id,
      remote_path: '/app/data.csv',
      size_bytes: 1234,
      files: 1,
    }),
    ...microvmErrors(400, 402, 403, 404, 409, 413, 501, 502),
  },
})

export const DownloadRequest = z
  .strictObject({
    filename: path,
    session_id: sessionId,
    /** `true`: of a folder, as a tar archive. */
    recursive: z.enum(['true', 'false', 'True', 'False']).optional(),
  })
  .openapi('DownloadRequest')

export const DownloadResponse = z
  .object({
    filename: z.string(),
    session_id: sessionId,
    vm_id: microvmId,
    /** Base64. */
    content: z.string(),
    size_bytes: z.int(),
    format: z.enum(['file', 'tar']),
  })
  .openapi('DownloadResponse')

export const download = createRoute({
  ...head,
  ...onlyReads,
  operationId: 'download',
  method: 'post',
  path: '/download',
  summary: 'Get a file of a session',
  description: `At most ${maximumUploadBytes / 1024 / 1024} MiB as JSON; with the header \`Accept: application/octet-stream\` the bytes themselves, however many. Links are followed.`,
  request: {
    body: {
      required: true,
      content: {
        'application/x-www-form-urlencoded': { schema: DownloadRequest },
      },
    },
  },
  responses: {
    ...answer(DownloadResponse, 'Successful Response', {
      filename: '/app/data.csv',
      session_id: exampleIds.session_id,
      vm_id: exampleIds.vm_id,
      content: 'YSxiCjEsMgo=',
      size_bytes: 8,
      format: 'file',
    }),
    ...microvmErrors(400, 403, 404, 409, 413, 501),
  },
})

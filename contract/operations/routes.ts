/** Every change that takes time is an operation that can be watched. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  Envelope,
  errors,
  exampleHead,
  ok,
  Pagination,
  page,
  pageSize,
  paginationExample,
  query,
  security,
  Timestamp,
  text,
} from '../common.ts'
import { operationStates } from './states.ts'

const OperationId = text(64).openapi({ example: '019ba6f4-3c00-7000-8000-0242ac120002' })
const OperationStateEnum = z.enum(operationStates).openapi('OperationState')

export const Operation = z
  .object({
    id: OperationId,
    /** A verb and what it is done to, such as `restore-snapshot`. */
    kind: z.string(),
    /** What it changes, by its public id. */
    subject: z.object({ kind: z.string(), id: z.string() }),
    state: OperationStateEnum,
    /** The step it is at, or ended at; null before the first. */
    step: z.string().nullable(),
    created_at: Timestamp,
    started_at: Timestamp.nullable(),
    finished_at: Timestamp.nullable(),
    /** Why it failed. */
    error: z.string().nullable(),
    /** What you should know though it went well, such as a guest that had to be cut off. */
    note: z.string().nullable(),
    /** It is on its way to being undone. */
    cancel_requested: z.boolean(),
    simulated: z.literal(true).optional(),
  })
  .openapi('Operation')
export type Operation = z.infer<typeof Operation>

export const OperationStep = z
  .object({
    name: z.string(),
    state: z.enum(['running', 'done', 'failed', 'undone']),
    started_at: Timestamp,
    finished_at: Timestamp.nullable(),
    error: z.string().nullable(),
  })
  .openapi('OperationStep')
export type OperationStep = z.infer<typeof OperationStep>

export const OperationDetails = Operation.extend({
  /** Those that have begun, in order. */
  steps: z.array(OperationStep),
}).openapi('OperationDetails')
export type OperationDetails = z.infer<typeof OperationDetails>

const example = {
  id: '019ba6f4-3c00-7000-8000-0242ac120002',
  kind: 'deploy-instance',
  subject: { kind: 'instance', id: 'BRK-100200D' },
  state: 'done',
  step: 'start',
  created_at: '2026-01-10T09:00:00Z',
  started_at: '2026-01-10T09:00:00Z',
  finished_at: '2026-01-10T09:00:01Z',
  error: null,
  note: null,
  cancel_requested: false,
} as const satisfies Operation

const tags = ['Operations']

export const ListOperationsResponse = Envelope.extend({
  operations: z.array(Operation),
  pagination: Pagination,
}).openapi('ListOperationsResponse')

export const listOperations = createRoute({
  operationId: 'listOperations',
  method: 'get',
  path: '/api/operations/',
  summary: 'List operations',
  tags,
  security,
  request: {
    query: z.object({
      page,
      page_size: pageSize,
      state: query(OperationStateEnum),
      kind: query(text(64)).openapi({ example: 'deploy-instance' }),
      /** A public id. */
      subject: query(text(64)).openapi({ example: 'BRK-100200D' }),
    }),
  },
  responses: {
    ...ok(ListOperationsResponse, 'Your operations, newest first', {
      ...exampleHead,
      message: 'Operations retrieved successfully',
      operations: [example],
      pagination: paginationExample,
    }),
    ...errors(400),
  },
})

export const GetOperationResponse = Envelope.extend({ operation: OperationDetails }).openapi(
  'GetOperationResponse',
)

export const getOperation = createRoute({
  operationId: 'getOperation',
  method: 'get',
  path: '/api/operations/{operation_id}/',
  summary: 'Get operation details',
  tags,
  security,
  request: { params: z.object({ operation_id: OperationId }) },
  responses: {
    ...ok(GetOperationResponse, 'The operation and its steps', {
      ...exampleHead,
      message: 'Operation retrieved successfully',
      operation: {
        ...example,
        steps: [
          {
            name: 'start',
            state: 'done',
            started_at: '2026-01-10T09:00:00Z',
            finished_at: '2026-01-10T09:00:01Z',
            error: null,
          },
        ],
      },
    }),
    ...errors(400, 404),
  },
})

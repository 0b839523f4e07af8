/** Operations of all accounts: what is under way, what failed, and what waits for what. */
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
  query,
  regionFilter,
  security,
  Timestamp,
  text,
} from '../common.ts'
import { Operation, OperationStep } from '../operations/routes.ts'
import { operationStates } from '../operations/states.ts'

/** Of an operation that somebody waits for, or that waits. */
const Related = z
  .object({
    id: z.string(),
    kind: z.string(),
    subject: z.string(),
    account_id: z.string(),
    state: z.enum(operationStates),
  })
  .openapi('RelatedOperation')

export const OperatorOperation = Operation.extend({
  account_id: z.string(),
  region: z.string(),
  /** Who is at work on it; null: nobody. One that has run out is taken over by the next runner. */
  lease: z.object({ owner: z.string(), until: Timestamp, expired: z.boolean() }).nullable(),
  /** Grows with each lease; what an older one writes is refused. */
  fence: z.int(),
  /** Since it was asked for, to its end or to now. */
  age_seconds: z.number(),
  /** Older ones that hold what it needs: it begins when they have ended. */
  waits_for: z.array(Related),
  /** Null: it may be begun again. */
  why_not_retry: z.string().nullable(),
  /** Null: it may be cancelled. */
  why_not_cancel: z.string().nullable(),
}).openapi('OperatorOperation')
export type OperatorOperation = z.infer<typeof OperatorOperation>

const Step = OperationStep.extend({
  /** Times that it was begun: once more for each time that its runner went away. */
  attempts: z.int(),
  fence: z.int(),
}).openapi('OperatorOperationStep')

const Held = z
  .object({
    /** Internal, as engines know it. */
    resource: z.string(),
    exclusive: z.boolean(),
  })
  .openapi('OperationHold')

const OperatorOperationDetails = OperatorOperation.extend({
  steps: z.array(Step),
  holds: z.array(Held),
  /** Younger ones that wait for it. */
  blocks: z.array(Related),
}).openapi('OperatorOperationDetails')
export type OperatorOperationDetails = z.infer<typeof OperatorOperationDetails>

const OperationId = text(64).openapi({ example: '019ba6f4-3c00-7000-8000-0242ac120002' })
const params = z.object({ operation_id: OperationId })
const tags = ['Operator']

const example = {
  id: '019ba6f4-3c00-7000-8000-0242ac120002',
  kind: 'deploy-instance',
  subject: { kind: 'instance', id: 'BRK-100200D' },
  state: 'failed' as const,
  step: 'start',
  created_at: '2026-01-10T09:00:00Z',
  started_at: '2026-01-10T09:00:00Z',
  finished_at: '2026-01-10T09:00:04Z',
  error: 'The disk is full',
  note: null,
  cancel_requested: false,
  account_id: 'BRK-100200U',
  region: 'LOCAL-1',
  lease: null,
  fence: 7,
  age_seconds: 4,
  waits_for: [],
  why_not_retry: null,
  why_not_cancel: 'It is failed; only what is under way is cancelled',
}
const details = {
  ...example,
  steps: [
    {
      name: 'start',
      state: 'failed' as const,
      started_at: '2026-01-10T09:00:01Z',
      finished_at: null,
      error: 'The disk is full',
      attempts: 1,
      fence: 7,
    },
  ],
  holds: [],
  blocks: [],
}

export const ListAllOperationsResponse = Envelope.extend({
  operations: z.array(OperatorOperation),
  pagination: Pagination,
}).openapi('ListAllOperationsResponse')

export const listAllOperations = createRoute({
  operationId: 'listAllOperations',
  method: 'get',
  path: '/api/operator/operations/',
  summary: 'List operations of all accounts',
  description: 'What is under way and what failed, unless `state` says otherwise; newest first.',
  tags,
  security,
  request: {
    query: z.object({
      page,
      page_size: pageSize,
      /** `open`: pending, running and undoing. */
      state: query(z.enum(['open', ...operationStates])),
      kind: query(text(64)),
      region: regionFilter,
      /** Public ids. */
      account: query(text(64)).openapi({ example: 'BRK-100200U' }),
      subject: query(text(64)).openapi({ example: 'BRK-100200D' }),
    }),
  },
  responses: {
    ...ok(ListAllOperationsResponse, 'Operations, newest first', {
      ...exampleHead,
      message: 'Operations retrieved successfully',
      operations: [example],
      pagination: paginationExample,
    }),
    ...errors(400, 403),
  },
})

const response = z.object({ operation: OperatorOperationDetails })

export const GetAnyOperationResponse = Envelope.extend(response.shape).openapi(
  'GetAnyOperationResponse',
)

export const getAnyOperation = createRoute({
  operationId: 'getAnyOperation',
  method: 'get',
  path: '/api/operator/operations/{operation_id}/',
  summary: 'Look at an operation: its journal, its lease, what it holds',
  tags,
  security,
  request: { params },
  responses: {
    ...ok(GetAnyOperationResponse, 'The operation', {
      ...exampleHead,
      message: 'Operation retrieved successfully',
      operation: details,
    }),
    ...errors(400, 403, 404),
  },
})

export const RetryOperationResponse = Envelope.extend({
  /** The one that failed. */
  operation: OperatorOperationDetails,
  /** What was begun in its place; null where nothing was left to do. */
  begun: z.object({ id: z.string(), kind: z.string() }).nullable(),
}).openapi('RetryOperationResponse')

export const retryOperation = createRoute({
  operationId: 'retryOperation',
  method: 'post',
  path: '/api/operator/operations/{operation_id}/retry/',
  summary: 'Begin a failed operation again',
  description:
    'On behalf of its account, by the rules for its account: state, credits, room. What failed was undone, so another operation does it; for a machine that was not made or did not start, a reboot.',
  tags,
  security,
  request: { params, headers: idempotencyHeaders },
  responses: {
    ...ok(RetryOperationResponse, 'What was begun', {
      ...exampleHead,
      message: 'Begun again as reboot-instance',
      operation: details,
      begun: { id: '019ba6f4-3c00-7000-8000-0242ac120009', kind: 'reboot-instance' },
    }),
    ...errors(400, 403, 404, 409, 422),
  },
})

export const CancelOperationRequest = z
  .strictObject({
    /** Told to the account. */
    reason: text(500).optional(),
  })
  .openapi('CancelOperationRequest')

export const cancelOperation = createRoute({
  operationId: 'cancelOperation',
  method: 'post',
  path: '/api/operator/operations/{operation_id}/cancel/',
  summary: 'Cancel an operation',
  description:
    'It stops at once and is undone. What it was about may be left in ERROR, as when it had failed.',
  tags,
  security,
  request: {
    params,
    headers: idempotencyHeaders,
    body: jsonBody(CancelOperationRequest, { reason: 'The host is to be repaired' }),
  },
  responses: {
    ...ok(GetAnyOperationResponse, 'It is on its way to being undone', {
      ...exampleHead,
      message: 'The operation is being cancelled',
      operation: details,
    }),
    ...errors(400, 403, 404, 409, 413, 422),
  },
})

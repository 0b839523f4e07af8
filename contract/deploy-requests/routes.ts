/** Deployments that wait for room. They are made by `POST /api/deploy/` with `wait_until`. */
import { createRoute, z } from '@hono/zod-openapi'
import {
  Envelope,
  errors,
  exampleHead,
  idempotencyHeaders,
  ok,
  Pagination,
  page,
  pageSize,
  paginationExample,
  query,
  security,
} from '../common.ts'
import { DeployRequest, DeployRequestId, exampleDeployRequest } from './schemas.ts'
import { deployRequestStates } from './states.ts'

const tags = ['Deploy requests']
const params = z.object({ request_id: DeployRequestId })

const ListDeployRequestsResponse = Envelope.extend({
  deploy_requests: z.array(DeployRequest),
  pagination: Pagination,
}).openapi('ListDeployRequestsResponse')

export const listDeployRequests = createRoute({
  operationId: 'listDeployRequests',
  method: 'get',
  path: '/api/deploy-requests/',
  summary: 'List deploy requests',
  description: 'What no longer waits stays readable for 30 days.',
  tags,
  security,
  request: {
    query: z.object({ page, page_size: pageSize, state: query(z.enum(deployRequestStates)) }),
  },
  responses: {
    ...ok(ListDeployRequestsResponse, 'Your deploy requests, newest first', {
      ...exampleHead,
      message: 'Deploy requests retrieved successfully',
      deploy_requests: [exampleDeployRequest],
      pagination: paginationExample,
    }),
    ...errors(400),
  },
})

const DeployRequestResponse = Envelope.extend({ deploy_request: DeployRequest }).openapi(
  'DeployRequestResponse',
)

export const getDeployRequest = createRoute({
  operationId: 'getDeployRequest',
  method: 'get',
  path: '/api/deploy-requests/{request_id}/',
  summary: 'Get deploy request',
  tags,
  security,
  request: { params },
  responses: {
    ...ok(DeployRequestResponse, 'The deploy request', {
      ...exampleHead,
      message: 'Deploy request retrieved successfully',
      deploy_request: exampleDeployRequest,
    }),
    ...errors(400, 404),
  },
})

export const cancelDeployRequest = createRoute({
  operationId: 'cancelDeployRequest',
  method: 'delete',
  path: '/api/deploy-requests/{request_id}/',
  summary: 'Cancel deploy request',
  description: 'While it waits. Once it is being deployed there is an instance, to be deleted.',
  tags,
  security,
  request: { params, headers: idempotencyHeaders },
  responses: {
    ...ok(DeployRequestResponse, 'It waits no longer', {
      ...exampleHead,
      message: 'Deploy request cancelled',
      deploy_request: { ...exampleDeployRequest, state: 'cancelled', position: null },
    }),
    ...errors(400, 404, 409, 422),
  },
})

/** Turns what went wrong into Barrack's error envelope. The only place that knows their statuses. */
import type { ErrorCode, ErrorResponse } from '@garrison/contract/common'
import { EngineError } from '@garrison/engines/engine'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { isUnavailable } from '../database/database.ts'
import { DomainError, NotSetUp, TooMany, ValidationError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { AppContext } from './answers.ts'

export const statusOf = {
  VALIDATION_ERROR: 400,
  INVALID_INSTANCE_STATE: 400,
  INVALID_SNAPSHOT_STATE: 400,
  INVALID_IMAGE_STATE: 400,
  INVALID_VOLUME_STATE: 400,
  INVALID_DEPLOY_REQUEST_STATE: 400,
  TIER_NOT_SUPPORTED: 400,
  REGION_MISMATCH: 400,
  AUTHENTICATION_REQUIRED: 401,
  INVALID_API_KEY: 401,
  INVALID_CREDENTIALS: 401,
  INSUFFICIENT_CREDITS: 403,
  BUDGET_REACHED: 403,
  PROFILE_INCOMPLETE: 403,
  LIMIT_EXCEEDED: 403,
  PERMISSION_DENIED: 403,
  ACCOUNT_SUSPENDED: 403,
  EMAIL_NOT_VERIFIED: 403,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  NAME_ALREADY_EXISTS: 409,
  RULE_ALREADY_EXISTS: 409,
  FIREWALL_IN_USE: 409,
  KEY_IN_USE: 409,
  VOLUME_IN_USE: 409,
  SNAPSHOT_PINNED: 409,
  CURRENCY_IN_USE: 409,
  LAST_OWNER: 409,
  ACCOUNT_NOT_EMPTY: 409,
  OPERATION_IN_PROGRESS: 409,
  INSUFFICIENT_CAPACITY: 409,
  IDEMPOTENCY_KEY_IN_USE: 409,
  PAYLOAD_TOO_LARGE: 413,
  RANGE_NOT_SATISFIABLE: 416,
  IDEMPOTENCY_KEY_REUSED: 422,
  RATE_LIMIT_EXCEEDED: 429,
  INTERNAL_ERROR: 500,
  UPSTREAM_ERROR: 502,
  SERVICE_UNAVAILABLE: 503,
} as const satisfies Record<ErrorCode, ContentfulStatusCode>

export const retryAfterSeconds = 2

export function answerError(c: AppContext, error: unknown, log: Log): Response {
  const request = { request_id: c.get('requestId'), method: c.req.method, path: c.req.path }
  if (hasLeft(c)) {
    log('debug', 'a client left before its request was complete', request)
    return c.body(null, 400)
  }
  const known = asDomainError(error)
  if (known === null || (statusOf[known.code] >= 500 && !(known instanceof NotSetUp))) {
    log('error', 'a request failed', { ...request, error })
  }
  const { code, message } = known ?? {
    code: 'INTERNAL_ERROR' as const,
    message: 'Something went wrong on our side; the request id finds it in the server log',
  }
  if (code === 'SERVICE_UNAVAILABLE') c.header('Retry-After', String(retryAfterSeconds))
  if (known instanceof TooMany) c.header('Retry-After', String(known.retryAfterSeconds))
  return c.json(
    {
      success: false,
      message,
      error_code: code,
      ...(known instanceof ValidationError && { errors: fieldsOf(known) }),
      request_id: c.get('requestId'),
    } satisfies ErrorResponse,
    statusOf[code],
  )
}

/** In the middle of sending, so that nobody hears the answer. */
const hasLeft = ({ env }: AppContext) => env?.incoming?.destroyed === true && !env.incoming.complete

const fieldsOf = ({ fields }: ValidationError) =>
  Object.fromEntries(Object.entries(fields).map(([name, words]) => [name, [...words]]))

export function asDomainError(error: unknown): DomainError | null {
  if (error instanceof DomainError) return error
  if (isUnavailable(error)) {
    return new DomainError(
      'SERVICE_UNAVAILABLE',
      'The database is not available right now; try again shortly',
    )
  }
  if (error instanceof EngineError) {
    return new DomainError(
      'SERVICE_UNAVAILABLE',
      'What runs the machines of this region does not answer; try again shortly',
    )
  }
  // Hono's own: a body that is not what its content type says.
  if (error instanceof HTTPException && error.status < 500) {
    return new ValidationError({ non_field_errors: [error.message] })
  }
  return null
}

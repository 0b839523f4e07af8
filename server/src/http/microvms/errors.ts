/** Turns what went wrong into the errors of the microVM API: `{"detail": …}`, as FastAPI's clients expect. */
import type { ErrorCode } from '@garrison/contract/common'
import { errorCodeHeader } from '@garrison/contract/microvms/facts'
import { notServedRoutes } from '@garrison/contract/microvms/not-served'
import type { Fault } from '@garrison/contract/microvms/validation'
import { GuestError, NotRunningError } from '@garrison/engines/engine'
import { HTTPException } from 'hono/http-exception'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { DomainError, NotServed, TooMany, ValidationError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { App, AppContext } from '../answers.ts'
import { asDomainError, retryAfterSeconds, statusOf } from '../errors.ts'
import { allowHeader, methodsOf } from '../methods.ts'

/** The request is not what the schema says: answered as `HTTPValidationError`. */
export class InvalidRequest extends Error {
  override name = 'InvalidRequest'
  readonly faults: readonly Fault[]
  constructor(faults: readonly Fault[]) {
    super(faults.map(({ msg }) => msg).join('; '))
    this.faults = faults
  }
}

/** Where it is another status than in the other API. */
const otherStatusOf: Partial<Record<ErrorCode, ContentfulStatusCode>> = {
  INVALID_INSTANCE_STATE: 409,
  INVALID_SNAPSHOT_STATE: 409,
  INVALID_VOLUME_STATE: 409,
  INSUFFICIENT_CREDITS: 402,
  BUDGET_REACHED: 402,
  LIMIT_EXCEEDED: 429,
  INSUFFICIENT_CAPACITY: 429,
}

const statusOfGuest: Readonly<Record<string, ContentfulStatusCode>> = {
  'not-found': 404,
  denied: 403,
  exists: 409,
  busy: 409,
  silent: 503,
}

/** Room comes back when machines end, which they do all the time; so does that of an account. */
const retryForRoomSeconds = 5
const lackOfRoom: readonly (ErrorCode | undefined)[] = ['INSUFFICIENT_CAPACITY', 'LIMIT_EXCEEDED']

export function answerMicrovmError(c: AppContext, error: unknown, log: Log): Response {
  if (error instanceof InvalidRequest) return c.json({ detail: error.faults }, 422)
  if (error instanceof HTTPException && error.status < 500) {
    return c.json({ detail: [{ loc: ['body'], msg: error.message, type: 'value_error' }] }, 422)
  }
  if (error instanceof GuestError) {
    if (error.reason === 'silent') c.header('Retry-After', String(retryAfterSeconds))
    return c.json({ detail: error.message }, statusOfGuest[error.reason] ?? 400)
  }
  if (error instanceof NotRunningError) return c.json({ detail: error.message }, 409)
  const known = asDomainError(error)
  if (known !== null) c.header(errorCodeHeader, known.code)
  if (known instanceof NotServed) return c.json({ detail: known.message }, 501)
  if (known?.code === 'IDEMPOTENCY_KEY_REUSED') {
    const loc = ['header', 'idempotency-key']
    return c.json({ detail: [{ loc, msg: known.message, type: 'value_error' }] }, 422)
  }
  if (known instanceof ValidationError) return c.json({ detail: faultsIn(known) }, 422)
  if (known instanceof TooMany) c.header('Retry-After', String(known.retryAfterSeconds))
  else if (lackOfRoom.includes(known?.code)) {
    c.header('Retry-After', String(retryForRoomSeconds))
  }
  if (known?.code === 'SERVICE_UNAVAILABLE') c.header('Retry-After', String(retryAfterSeconds))
  const status = known === null ? 500 : (otherStatusOf[known.code] ?? statusOf[known.code])
  if (status === 401) c.header('WWW-Authenticate', 'Bearer')
  if (status >= 500) {
    const request_id = c.get('requestId')
    log('error', 'a request failed', {
      ...{ request_id, method: c.req.method, path: c.req.path, error },
    })
  }
  const unknown =
    'Something went wrong on our side; the header X-Request-ID finds it in the server log'
  return c.json({ detail: known?.message ?? unknown }, status)
}

/** A field within another is named with a dot between them. */
const faultsIn = ({ fields }: ValidationError): Fault[] =>
  Object.entries(fields).flatMap(([name, words]) =>
    words.map((msg) => ({
      ...{ loc: ['body', ...(name === 'non_field_errors' ? [] : name.split('.'))], msg },
      type: 'value_error',
    })),
  )

const notServed = notServedRoutes.map(([path, why]) => ({
  why,
  matches: new RegExp(
    `^${path
      .split('/')
      .map((part) => (part === '**' ? '.+' : part === '*' ? '[^/]+' : part))
      .join('/')}$`,
  ),
}))

/** Nothing is there at all, or something that takes other methods, or that others have. */
export function nothingThere(app: App, c: AppContext): DomainError {
  const { path } = c.req
  const methods = methodsOf(app, path)
  if (methods.length > 0) {
    c.header('Allow', allowHeader(methods))
    const words = `${c.req.method} is not possible here; use ${methods.join(' or ')}`
    return new DomainError('METHOD_NOT_ALLOWED', words)
  }
  const known = notServed.find(({ matches }) => matches.test(path))
  if (known !== undefined) return new NotServed(known.why)
  const words = `There is nothing at ${path.slice(0, 200)}; the API is described at /docs`
  return new DomainError('NOT_FOUND', words)
}

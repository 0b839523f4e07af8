/** What can go wrong, as classes: by what the server said, or because it said nothing. */
import type { ErrorCode, ErrorResponse } from '@garrison/contract/common'
import type { errorCodeHeader } from '@garrison/contract/microvms/facts'

export class GarrisonError extends Error {
  override name = 'GarrisonError'
}

/** Nobody answered: the address, the network or the server is at fault. */
export class ConnectionError extends GarrisonError {
  override name = 'ConnectionError'
}

/** No answer within the time of one attempt. */
export class TimeoutError extends ConnectionError {
  override name = 'TimeoutError'
}

/** The server refused. Its message says what happened and what to do about it. */
export class ApiError extends GarrisonError {
  override name = 'ApiError'
  /** HTTP status. */
  readonly status: number
  /** Null when the answer was not Garrison's, as from a proxy, and when a guest of a microVM said it. */
  readonly code: ErrorCode | null
  /** Garrison itself said it, not a proxy before it. */
  readonly fromServer: boolean
  /** By which the operator finds the request in the log. */
  readonly requestId: string | null
  /** Seconds to wait before another attempt, where the server says so. */
  readonly retryAfterSeconds: number | null
  constructor(refusal: Refusal) {
    const { status, message, code, fromServer, requestId, retryAfterSeconds = null } = refusal
    super(message)
    this.status = status
    this.code = code
    this.fromServer = fromServer
    this.requestId = requestId
    this.retryAfterSeconds = retryAfterSeconds
  }
}

export type Refusal = Pick<ApiError, 'status' | 'message' | 'code' | 'fromServer' | 'requestId'> & {
  readonly retryAfterSeconds?: number | null
  readonly fields?: ErrorResponse['errors']
}

/** `VALIDATION_ERROR`: bad input. */
export class ValidationError extends ApiError {
  override name = 'ValidationError'
  /** Field → what is wrong with it; all fields at once. Empty where the message says it all. */
  readonly fields: Readonly<Record<string, readonly string[]>>
  constructor(refusal: Refusal) {
    super(refusal)
    this.fields = refusal.fields ?? {}
  }
}

/** `AUTHENTICATION_REQUIRED`, `INVALID_API_KEY`: no key, or one that is not valid any more. */
export class AuthenticationError extends ApiError {
  override name = 'AuthenticationError'
}

/** `PERMISSION_DENIED`: the role or the key does not allow it. */
export class PermissionDenied extends ApiError {
  override name = 'PermissionDenied'
}

/** `INSUFFICIENT_CREDITS`: the message says how much is missing. */
export class InsufficientCredits extends ApiError {
  override name = 'InsufficientCredits'
}

/** `LIMIT_EXCEEDED`: as many as the account may have. */
export class LimitExceeded extends ApiError {
  override name = 'LimitExceeded'
}

/** `NOT_FOUND`: absent, or another account's. */
export class NotFound extends ApiError {
  override name = 'NotFound'
}

/** `INVALID_…_STATE`: not in the state that it is in; the message names those that would do. */
export class InvalidState extends ApiError {
  override name = 'InvalidState'
}

/** `NAME_ALREADY_EXISTS`. */
export class NameTaken extends ApiError {
  override name = 'NameTaken'
}

/** `OPERATION_IN_PROGRESS`: another change is under way; try again when it is over. */
export class OperationInProgress extends ApiError {
  override name = 'OperationInProgress'
}

/** `INSUFFICIENT_CAPACITY`: no room right now. */
export class InsufficientCapacity extends ApiError {
  override name = 'InsufficientCapacity'
}

/** Status 409 for another reason, such as `FIREWALL_IN_USE` or `SNAPSHOT_PINNED`. */
export class Conflict extends ApiError {
  override name = 'Conflict'
}

/** `RATE_LIMIT_EXCEEDED`, also after the retries. */
export class RateLimited extends ApiError {
  override name = 'RateLimited'
}

/** Status 500 and above: nothing is wrong with the request. */
export class ServerError extends ApiError {
  override name = 'ServerError'
}

/** What was waited for failed, or cannot come any more. */
export class WaitFailed extends GarrisonError {
  override name = 'WaitFailed'
}

type ErrorClass = new (refusal: Refusal) => ApiError

const byCode: Partial<Record<ErrorCode, ErrorClass>> = {
  VALIDATION_ERROR: ValidationError,
  AUTHENTICATION_REQUIRED: AuthenticationError,
  INVALID_API_KEY: AuthenticationError,
  PERMISSION_DENIED: PermissionDenied,
  INSUFFICIENT_CREDITS: InsufficientCredits,
  LIMIT_EXCEEDED: LimitExceeded,
  NOT_FOUND: NotFound,
  NAME_ALREADY_EXISTS: NameTaken,
  OPERATION_IN_PROGRESS: OperationInProgress,
  INSUFFICIENT_CAPACITY: InsufficientCapacity,
  RATE_LIMIT_EXCEEDED: RateLimited,
}

/** In the API of microVMs the code is beside the answer. */
const codeHeader: typeof errorCodeHeader = 'Garrison-Error-Code'

/** Where there is no code. */
const byStatus: Readonly<Record<number, ErrorClass>> = {
  401: AuthenticationError,
  402: InsufficientCredits,
  403: PermissionDenied,
  404: NotFound,
  409: Conflict,
  422: ValidationError,
  429: RateLimited,
}

/** Reads the whole answer. */
export async function errorOf(response: Response): Promise<ApiError> {
  const text = await response.text().catch(() => '')
  const answer = envelopeIn(text)
  const detail = detailIn(text)
  const { status } = response
  const refusal: Refusal = {
    status,
    message:
      answer?.message ?? detail ?? `The server answered ${status} ${response.statusText}`.trim(),
    code: answer?.error_code ?? (response.headers.get(codeHeader) as ErrorCode | null),
    fromServer: answer !== null || detail !== null,
    requestId: answer?.request_id ?? response.headers.get('x-request-id'),
    retryAfterSeconds: secondsUntil(response.headers.get('retry-after')),
    fields: answer?.errors,
  }
  return new (classOf(refusal))(refusal)
}

function classOf({ code, status }: Refusal): ErrorClass {
  const exact = code === null ? undefined : byCode[code]
  if (exact !== undefined) return exact
  if (code !== null && /^INVALID_\w+_STATE$/.test(code)) return InvalidState
  return byStatus[status] ?? (status >= 500 ? ServerError : ApiError)
}

function envelopeIn(text: string): ErrorResponse | null {
  try {
    const value: unknown = JSON.parse(text)
    const ours = typeof value === 'object' && value !== null && 'error_code' in value
    return ours ? (value as ErrorResponse) : null
  } catch {
    return null
  }
}

type Fault = { loc: readonly (string | number)[]; msg: string }

/** How the API of microVMs says it: a sentence, or what is wrong with which field. */
function detailIn(text: string): string | null {
  try {
    const { detail } = JSON.parse(text) as {
      detail?: string | Fault[]
    }
    if (typeof detail === 'string') return detail
    const words = ({ loc, msg }: Fault) =>
      `${loc.slice(1).join('.')}: ${msg.replace(/^Value error, /, '')}`
    return detail?.map(words).join('; ') ?? null
  } catch {
    return null
  }
}

/** Of a `Retry-After`, which is seconds or a date. */
function secondsUntil(header: string | null): number | null {
  if (header === null) return null
  const seconds = Number(header)
  if (Number.isFinite(seconds)) return Math.max(0, seconds)
  const date = Date.parse(header)
  return Number.isNaN(date) ? null : Math.max(0, (date - Date.now()) / 1000)
}

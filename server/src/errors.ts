/**
 * What can be wrong with a request, as values of the domain. Services throw these and know nothing of
 * HTTP; the two mappers in `http/` turn them into the words of each API. Messages are for the caller:
 * what happened, and what to do about it.
 */
import type { ErrorCode } from '@garrison/contract/common'

export class DomainError extends Error {
  override name = 'DomainError'
  readonly code: ErrorCode
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Bad input. `fields`: name of the field → what is wrong with it; all fields at once. */
export class ValidationError extends DomainError {
  override name = 'ValidationError'
  readonly fields: Readonly<Record<string, readonly string[]>>
  constructor(fields: Record<string, readonly string[]>, message = 'Invalid request body') {
    super('VALIDATION_ERROR', message)
    this.fields = fields
  }
}

/** Absent, or somebody else's: the caller cannot tell which. */
export class NotFound extends DomainError {
  override name = 'NotFound'
  constructor(what: string, id: string) {
    super('NOT_FOUND', `${what} ${id} not found`)
  }
}

export class NameTaken extends DomainError {
  override name = 'NameTaken'
  constructor(what: string, name: string) {
    super('NAME_ALREADY_EXISTS', `You already have ${what} named "${name}"; choose another name`)
  }
}

type StatefulResource = 'instance' | 'snapshot' | 'image' | 'volume' | 'deploy-request'

/** The state machine forbids it. The message names the state and those that would do. */
export class InvalidState extends DomainError {
  override name = 'InvalidState'
  constructor(resource: StatefulResource, message: string) {
    const codes = {
      instance: 'INVALID_INSTANCE_STATE',
      snapshot: 'INVALID_SNAPSHOT_STATE',
      image: 'INVALID_IMAGE_STATE',
      volume: 'INVALID_VOLUME_STATE',
      'deploy-request': 'INVALID_DEPLOY_REQUEST_STATE',
    } as const satisfies Record<StatefulResource, ErrorCode>
    super(codes[resource], message)
  }
}

/** The operator has not set it up, so nothing is broken. The message says what to set. */
export class NotSetUp extends DomainError {
  override name = 'NotSetUp'
  constructor(message: string) {
    super('SERVICE_UNAVAILABLE', message)
  }
}

/** This installation, or this kind of API, does not have it at all. */
export class NotServed extends DomainError {
  override name = 'NotServed'
  constructor(message: string) {
    super('TIER_NOT_SUPPORTED', message)
  }
}

/**
 * What a request began, and waited for, has failed and is undone: whoever asks again begins anew, also with
 * the same Idempotency-Key.
 */
export class OperationFailed extends DomainError {
  override name = 'OperationFailed'
  constructor(message: string, code: ErrorCode | null = null) {
    super(code ?? 'UPSTREAM_ERROR', message)
  }
}

/** Another operation holds the resource. */
export class OperationInProgress extends DomainError {
  override name = 'OperationInProgress'
  constructor(message: string) {
    super('OPERATION_IN_PROGRESS', message)
  }
}

export class InsufficientCapacity extends DomainError {
  override name = 'InsufficientCapacity'
  constructor(message: string) {
    super('INSUFFICIENT_CAPACITY', message)
  }
}

/** Not now: try again after so many seconds. */
export class TooMany extends DomainError {
  override name = 'TooMany'
  readonly retryAfterSeconds: number
  constructor(message: string, retryAfterSeconds: number) {
    super('RATE_LIMIT_EXCEEDED', message)
    this.retryAfterSeconds = retryAfterSeconds
  }
}

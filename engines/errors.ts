/** The errors an engine may answer. Anything else is a bug. */
export class EngineError extends Error {
  override name = 'EngineError'
  /** Trying the same again later may help. */
  readonly retryable: boolean
  constructor(message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.retryable = options.retryable ?? false
  }
}

/** A newer lease has already given orders about this thing. Stop; do not retry. */
export class FencedError extends EngineError {
  override name = 'FencedError'
}

/** Host or store has no room. The message says for what. */
export class CapacityError extends EngineError {
  override name = 'CapacityError'
}

/** The thing asked about does not exist in this engine. */
export class NotFoundError extends EngineError {
  override name = 'NotFoundError'
}

/** What is asked for needs a machine that runs, and this one does not right now. */
export class NotRunningError extends EngineError {
  override name = 'NotRunningError'
}

/** Somebody who looks at a console does not keep up, and is not waited for. */
export class TooSlowError extends EngineError {
  override name = 'TooSlowError'
}

/** A piece of an upload that does not begin where the last one ended. */
export class UploadOffsetError extends EngineError {
  override name = 'UploadOffsetError'
  readonly receivedBytes: number
  constructor(receivedBytes: number) {
    super(`${receivedBytes} bytes are there already; go on from there`)
    this.receivedBytes = receivedBytes
  }
}

/** The engine cannot do this at all; see {@link Capabilities}. */
export class UnsupportedError extends EngineError {
  override name = 'UnsupportedError'
}

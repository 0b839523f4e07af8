/** What ends a command: words for whoever typed it, and what to do next. */
export class Failure extends Error {
  override name = 'Failure'
  /** Lines below the message: what to run, where to look. */
  readonly advice: readonly string[]
  readonly exitCode: number
  constructor(
    message: string,
    { advice = [], exitCode = 1 }: { advice?: readonly string[]; exitCode?: number } = {},
  ) {
    super(message)
    this.advice = advice
    this.exitCode = exitCode
  }
}

const bugs: readonly string[] = ['TypeError', 'ReferenceError', 'RangeError', 'AssertionError']

/** Lines that tell a person of an error. Our own mistakes come with the place where they happened. */
export function describeFailure(error: unknown): string[] {
  if (error instanceof Failure) return [error.message, ...error.advice.map((line) => `  ${line}`)]
  if (!(error instanceof Error)) return [String(error)]
  if (bugs.includes(error.name)) return ['This is a bug of Garrison:', error.stack ?? error.message]
  return [error.message]
}

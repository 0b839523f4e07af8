/** What the SDK throws, in words for whoever typed the command. */
import {
  ApiError,
  AuthenticationError,
  ConnectionError,
  PermissionDenied,
  ValidationError,
  WaitFailed,
} from '@garrison/sdk'
import { Failure } from '../failure.ts'
import type { Where } from './where.ts'

export function inWords(error: unknown, { url, origin }: Where): unknown {
  if (error instanceof WaitFailed) return new Failure(error.message)
  if (error instanceof ConnectionError) {
    const advice = origin.startsWith('this host')
      ? ['See how it is: ./garrison status', 'Or start it:   ./garrison up']
      : [`It is the address of ${origin}. See whether it answers: curl ${url}/healthz`]
    return new Failure(error.message, { advice })
  }
  if (!(error instanceof ApiError)) return error
  const advice = [...adviceFor(error, { url, origin })]
  if (error.status >= 500 && error.requestId !== null) advice.push(`Request ${error.requestId}`)
  return new Failure(error.message, { advice, exitCode: error instanceof ValidationError ? 2 : 1 })
}

function adviceFor(error: ApiError, { url, origin }: Pick<Where, 'url' | 'origin'>): string[] {
  if (error instanceof ValidationError) {
    return Object.entries(error.fields).map(
      ([field, words]) => `${field.replaceAll('_', ' ')}: ${words.join(' ')}`,
    )
  }
  if (error instanceof AuthenticationError) {
    return [`The key is from ${origin}. Log in again: ./garrison login ${url}`]
  }
  if (error instanceof PermissionDenied) return ['See who you are: ./garrison whoami']
  return []
}

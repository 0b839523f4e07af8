import { type ErrorCode, ErrorResponse } from '@garrison/contract/common'
import { expect } from 'vitest'
import type { Api } from './api.ts'

type Reply = Awaited<ReturnType<Api['send']>>

/**
 * The reply is an error in the published envelope, and nothing but. `words`: in the message, or in what
 * it says about fields. Answers the fields.
 */
export function expectRefusal(
  reply: Reply,
  status: number,
  code: ErrorCode,
  ...words: readonly (string | RegExp)[]
): Record<string, string[]> {
  expect(reply.body).toMatchObject({ error_code: code })
  const error = ErrorResponse.strict().parse(reply.body)
  expect(reply.status).toBe(status)
  expect(reply.headers.get('x-request-id')).toBe(error.request_id)
  const said = [error.message, ...Object.values(error.errors ?? {}).flat()].join('\n')
  for (const word of words) expect(said).toMatch(word)
  // Nothing internal: no paths, no SQL, no stack.
  expect(said).not.toMatch(/node_modules|\.ts\b|select |relation|undefined|\[object/i)
  return error.errors ?? {}
}

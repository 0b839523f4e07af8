import { GuestError } from '@garrison/engines/engine'
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { DomainError } from '../../errors.ts'
import type { AppContext } from '../answers.ts'
import { answerMicrovmError } from './errors.ts'

const answerTo = (error: Error) =>
  new Hono()
    .get('/', (c) => answerMicrovmError(c as unknown as AppContext, error, () => {}))
    .request('/')

test('a machine that does not answer is our fault, and may be asked again', async () => {
  const response = await answerTo(new GuestError('silent', 'It does not answer'))
  expect(response.status).toBe(503)
  expect(Number(response.headers.get('Retry-After'))).toBeGreaterThan(0)
  expect(await response.json()).toEqual({ detail: 'It does not answer' })
})

test.each([
  ['busy', 409],
  ['not-found', 404],
  ['failed', 400],
])('what a guest calls %s is a %i', async (reason, status) => {
  expect((await answerTo(new GuestError(reason, 'words'))).status).toBe(status)
})

test.each(['RATE_LIMIT_EXCEEDED', 'INSUFFICIENT_CAPACITY', 'LIMIT_EXCEEDED'] as const)(
  'which of the reasons for 429 it is stands beside the sentence: %s',
  async (code) => {
    const response = await answerTo(new DomainError(code, 'words'))
    expect(response.status).toBe(429)
    expect(response.headers.get('Garrison-Error-Code')).toBe(code)
    expect(await response.json()).toEqual({ detail: 'words' })
  },
)

test('what a guest says has no code of ours', async () => {
  const response = await answerTo(new GuestError('failed', 'words'))
  expect(response.headers.get('Garrison-Error-Code')).toBeNull()
})

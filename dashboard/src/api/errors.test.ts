import { expect, it } from 'vitest'
import { errorOf } from './errors.ts'

const answered = (status: number) => new Response(null, { status })

it('knows the end of a session in both dialects', () => {
  const words = 'Your session has ended; sign in again'
  expect(errorOf(answered(401), { detail: words })).toMatchObject({
    code: 'AUTHENTICATION_REQUIRED',
    message: words,
  })
  expect(
    errorOf(answered(401), { message: words, error_code: 'AUTHENTICATION_REQUIRED' }),
  ).toMatchObject({ code: 'AUTHENTICATION_REQUIRED' })
})

it('takes neither a wrong password nor another refusal for it', () => {
  const wrong = { message: 'Invalid email or password', code: 'INVALID_EMAIL_OR_PASSWORD' }
  expect(errorOf(answered(401), wrong).code).toBe('INVALID_EMAIL_OR_PASSWORD')
  expect(errorOf(answered(403), { detail: 'This key only reads' }).code).toBe('INTERNAL_ERROR')
})

/** What the library refuses, in the words and the envelope of our API. */
import { z } from 'zod'
import { DomainError, ValidationError } from '../errors.ts'

type Refusal = { readonly status: number; readonly code: string; readonly message: string }

const bodySchema = z.object({ code: z.string().default(''), message: z.string().default('') })

/** Null when it is none. Throws when the library itself has failed. */
export async function refusalOf(response: Response): Promise<Refusal | null> {
  const { status } = response
  if (status < 400) return null
  const text = await response.text()
  if (status >= 500) throw new Error(`Signing in failed with ${status}: ${text.slice(0, 500)}`)
  const body = bodySchema.safeParse(text === '' ? {} : JSON.parse(text))
  return { status, ...(body.data ?? { code: '', message: 'This is not possible' }) }
}

/** Never more than whoever guesses may know: an unknown address and a wrong password read the same. */
const wrong = (message: string) => new DomainError('INVALID_CREDENTIALS', message)
const field = (name: string, message: string) => new ValidationError({ [name]: [message] })

const words: Record<string, () => DomainError> = {
  INVALID_EMAIL_OR_PASSWORD: () =>
    wrong('E-mail address or password is wrong; try again, or have a code sent to you'),
  INVALID_OTP: () => wrong('The code is wrong or was used; try again, or have another one sent'),
  OTP_EXPIRED: () => wrong('The code is too old; have another one sent'),
  TOO_MANY_ATTEMPTS: () => wrong('The code was entered wrong too often; have another one sent'),
  INVALID_TOKEN: () => wrong('The link is too old or was used; ask for another one'),
  INVALID_LINK: () =>
    wrong('The sign-in link is too old or was used; "garrison account link" makes another'),
  INVALID_PASSWORD: () => wrong('The password is wrong'),
  UNAUTHORIZED: () => new DomainError('AUTHENTICATION_REQUIRED', 'Sign in first'),
  EMAIL_NOT_VERIFIED: () =>
    new DomainError(
      'EMAIL_NOT_VERIFIED',
      'Confirm your e-mail address first, with the code that was just sent to it',
    ),
  NOT_INVITED: () =>
    new DomainError(
      'PERMISSION_DENIED',
      'Nobody has invited this address here; ask an owner of an account to do so',
    ),
  EMAIL_PASSWORD_SIGN_UP_DISABLED: () =>
    new DomainError('PERMISSION_DENIED', 'Nobody new can sign up here; ask who runs the server'),
  EMAIL_FIXED: () =>
    new DomainError('PERMISSION_DENIED', 'You have an e-mail address already, and it stays'),
  EMAIL_TAKEN: () => field('newEmail', 'Somebody else signs in with this address.'),
  EMAIL_ALREADY_IN_USE: () => field('newEmail', 'Somebody else signs in with this address.'),
  PASSWORD_ALREADY_SET: () =>
    new DomainError('PERMISSION_DENIED', 'You have a password already; change it with the old one'),
  SESSION_NOT_FRESH: () =>
    new DomainError(
      'PERMISSION_DENIED',
      'You signed in more than a day ago; sign in again for this',
    ),
  INVALID_EMAIL: () => field('email', 'Enter a valid e-mail address.'),
  PASSWORD_TOO_SHORT: () => field('password', 'Use at least 8 characters.'),
  PASSWORD_TOO_LONG: () => field('password', 'Use at most 128 characters.'),
  PROVIDER_NOT_FOUND: () =>
    field('provider', 'There is no such provider here; see GET /api/auth/providers.'),
}

export function asDomainError({ status, code, message }: Refusal): DomainError {
  const known = words[code]
  if (known !== undefined) return known()
  if (code === 'VALIDATION_ERROR') return new ValidationError(fieldsOf(message))
  if (status === 401) return new DomainError('AUTHENTICATION_REQUIRED', 'Sign in first')
  if (status === 403) return new DomainError('PERMISSION_DENIED', message)
  if (status === 404) return new DomainError('NOT_FOUND', message)
  return new ValidationError({ non_field_errors: [message] })
}

/** The library writes `[body.email] What is wrong; [body.name] …`. */
function fieldsOf(message: string): Record<string, string[]> {
  const fields: Record<string, string[]> = {}
  for (const part of message.split('; ')) {
    const [, name = 'non_field_errors', what = part] =
      /^\[(?:body|query|params)\.?([\w.]*)\] (.*)$/.exec(part) ?? []
    const key = name === '' ? 'non_field_errors' : name
    fields[key] = [...(fields[key] ?? []), what]
  }
  return fields
}

/**
 * What every route of the Barrack API (`/api/…`) shares: the envelope, errors, pages, names and ids.
 * Field meanings and their sources stand in the published contract; where it is silent, in garrison.md.
 */
import { z } from '@hono/zod-openapi'
import { fieldRequired, integerRequired } from './validation-words.ts'

export const currencies = ['USD', 'EUR', 'INR'] as const
export const Currency = z.enum(currencies).openapi('CurrencyEnum')
export type Currency = z.infer<typeof Currency>

export const Tier = z.enum(['legacy', 'advanced']).openapi('TierEnum')
export type Tier = z.infer<typeof Tier>

/** A rate or amount in each currency. Keys are absent when the answer was filtered by currency. */
export const Price = z
  .object({ USD: z.number().optional(), EUR: z.number().optional(), INR: z.number().optional() })
  .openapi('Price')

/** 8 lower-case alphanumerics, also sent as the header `X-Request-ID`. */
export const RequestId = z
  .string()
  .regex(/^[a-z0-9]{8}$/)
  .openapi({ example: 'a1b2c3d4' })

/** ISO 8601, UTC, with `Z`. */
export const Timestamp = z.iso.datetime().openapi({ example: '2026-01-10T09:00:00Z' })

/** Head of almost every answer; resources add their payload with `.extend`. */
export const Envelope = z.object({
  success: z.literal(true),
  message: z.string(),
  request_id: RequestId,
})

/** The same with the tier of the resource that was touched. */
export const TieredEnvelope = Envelope.extend({ tier: Tier })

export const errorCodes = [
  'VALIDATION_ERROR',
  'INVALID_INSTANCE_STATE',
  'INVALID_SNAPSHOT_STATE',
  'INVALID_IMAGE_STATE',
  'INVALID_VOLUME_STATE',
  'INVALID_DEPLOY_REQUEST_STATE',
  'TIER_NOT_SUPPORTED',
  'REGION_MISMATCH',
  'AUTHENTICATION_REQUIRED',
  'INVALID_API_KEY',
  'INVALID_CREDENTIALS',
  'INSUFFICIENT_CREDITS',
  'BUDGET_REACHED',
  'PROFILE_INCOMPLETE',
  'LIMIT_EXCEEDED',
  'PERMISSION_DENIED',
  'ACCOUNT_SUSPENDED',
  'EMAIL_NOT_VERIFIED',
  'NOT_FOUND',
  'METHOD_NOT_ALLOWED',
  'NAME_ALREADY_EXISTS',
  'RULE_ALREADY_EXISTS',
  'FIREWALL_IN_USE',
  'KEY_IN_USE',
  'VOLUME_IN_USE',
  'SNAPSHOT_PINNED',
  'CURRENCY_IN_USE',
  'LAST_OWNER',
  'ACCOUNT_NOT_EMPTY',
  'OPERATION_IN_PROGRESS',
  'INSUFFICIENT_CAPACITY',
  'IDEMPOTENCY_KEY_IN_USE',
  'IDEMPOTENCY_KEY_REUSED',
  'PAYLOAD_TOO_LARGE',
  'RANGE_NOT_SATISFIABLE',
  'RATE_LIMIT_EXCEEDED',
  'INTERNAL_ERROR',
  'UPSTREAM_ERROR',
  'SERVICE_UNAVAILABLE',
] as const
export type ErrorCode = (typeof errorCodes)[number]

export const ErrorResponse = z
  .object({
    success: z.literal(false),
    message: z.string(),
    error_code: z.enum(errorCodes),
    /** Field → what is wrong with it; all fields at once. Only for validation errors. */
    errors: z.record(z.string(), z.array(z.string())).optional(),
    request_id: RequestId,
  })
  .openapi('ErrorResponse')
export type ErrorResponse = z.infer<typeof ErrorResponse>

type ErrorExample = Pick<ErrorResponse, 'error_code' | 'message' | 'errors'> & {
  readonly description: string
}

const errorExamples = {
  400: {
    description: 'Bad input, or a state that forbids it',
    error_code: 'VALIDATION_ERROR',
    message: 'Invalid request body',
    errors: { name: ['This field is required.'] },
  },
  401: {
    description: 'No key, or an unknown, revoked or expired one',
    error_code: 'INVALID_API_KEY',
    message: 'This API key is not valid',
  },
  403: {
    description: 'Not allowed, a limit is reached, or not enough credits',
    error_code: 'INSUFFICIENT_CREDITS',
    message: 'Not enough credits',
  },
  404: {
    description: "Does not exist, or is another account's",
    error_code: 'NOT_FOUND',
    message: 'Snapshot BRK-123456S not found',
  },
  409: {
    description: 'In conflict with what is there',
    error_code: 'NAME_ALREADY_EXISTS',
    message: 'You already have an instance named "web-1"; choose another name',
  },
  413: {
    description: 'The body is larger than 1 MiB',
    error_code: 'PAYLOAD_TOO_LARGE',
    message: 'The request body is too large',
  },
  416: {
    description: 'The part begins where it cannot; the message says where it can',
    error_code: 'RANGE_NOT_SATISFIABLE',
    message: 'The file has 402653184 bytes; ask for a part of it',
  },
  422: {
    description: 'This Idempotency-Key was used with another body',
    error_code: 'IDEMPOTENCY_KEY_REUSED',
    message: 'This Idempotency-Key was used with another body; choose a new one',
  },
  429: {
    description: 'Too many requests; see Retry-After',
    error_code: 'RATE_LIMIT_EXCEEDED',
    message: 'Too many requests; try again in 12 seconds',
  },
  500: {
    description: 'A bug of ours; the request id finds it in the log',
    error_code: 'INTERNAL_ERROR',
    message: 'Internal error',
  },
  502: {
    description: 'The machine could not be made; the message says why, and names what is left',
    error_code: 'UPSTREAM_ERROR',
    message: 'The machine did not start: Permission denied',
  },
  503: {
    description: 'Not now: the database or an engine is away; see Retry-After',
    error_code: 'SERVICE_UNAVAILABLE',
    message: 'Try again shortly',
  },
} as const satisfies Record<number, ErrorExample>

type ErrorStatus = keyof typeof errorExamples

/**
 * Error answers for a route: `errors(400, 404)`. 401, 429, 500 and 503 can always happen and are added.
 * To a handler's type they do not exist: handlers throw errors, and answer nothing but success.
 */
export function errors(...statuses: ErrorStatus[]): Record<never, never> {
  const all = [...new Set<ErrorStatus>([...statuses, 401, 429, 500, 503])].sort((a, b) => a - b)
  const entries = all.map((status) => {
    const { description, ...answer } = errorExamples[status]
    const example = { success: false, ...answer, request_id: 'a1b2c3d4' }
    return [
      status,
      { description, content: { 'application/json': { schema: ErrorResponse, example } } },
    ] as const
  })
  return Object.fromEntries(entries)
}

/** A 200 answer with its example. */
export function ok<S extends z.ZodType>(schema: S, description: string, example: z.input<S>) {
  return { 200: { description, content: { 'application/json': { schema, example } } } }
}

/** A required JSON body with its example. */
export function jsonBody<S extends z.ZodType>(schema: S, example: z.input<S>) {
  return { required: true, content: { 'application/json': { schema, example } } }
}

/** What every example answer begins with. */
export const exampleHead = { success: true as const, request_id: 'a1b2c3d4' }

/** Every route of the API but the public ones needs a key, in one of three headers. */
export const security = [{ apiKey: [] }, { xApiKey: [] }, { bearer: [] }]
/** Answers without a key too; a key that is given must be a good one. */
export const publicSecurity = [{}, ...security]

/** Free text of at most so many characters. PostgreSQL cannot store NUL. */
export function text(maximum: number) {
  return z
    .string()
    .max(maximum)
    .refine((value) => !value.includes('\0'), 'Null characters are not allowed.')
}

/** An enum that says so when a required value is missing, where zod would only list the choices. */
export function choice<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values, {
    error: ({ input }) => (input === undefined ? fieldRequired : undefined),
  })
}

/** A whole number in a body. */
export function integer(minimum: number, maximum: number) {
  const error = ({ code, input }: { code: string; input?: unknown }) =>
    code === 'invalid_type' && input != null ? integerRequired : undefined
  return z.int({ error }).min(minimum).max(maximum)
}

/** In a query an empty value counts as absent: the published curl lines send names bare. */
const blankAsAbsent = (value: unknown) => (value === '' ? undefined : value)

/** A query parameter that may be left out or sent empty. */
export function query<S extends z.ZodType>(schema: S) {
  return z.preprocess(blankAsAbsent, schema.optional())
}

const integerText = z.custom<string>(
  (value) => typeof value === 'string' && /^-?[0-9]+$/.test(value),
  integerRequired,
)

function wholeNumber(minimum: number, maximum: number) {
  return integerText
    .transform(Number)
    .refine((value) => value >= minimum, {
      error: `Ensure this value is greater than or equal to ${minimum}.`,
      abort: true,
    })
    .refine((value) => value <= maximum, {
      error: `Ensure this value is less than or equal to ${maximum}.`,
    })
}

/** A whole number in a query, which may be left out or sent empty. */
export function queryInteger(minimum: number, maximum: number) {
  return query(wholeNumber(minimum, maximum)).openapi({ type: 'integer', minimum, maximum })
}

/** The same, with what it is when it is left out. */
export function queryIntegerOr(fallback: number, minimum: number, maximum: number) {
  return z
    .preprocess(blankAsAbsent, wholeNumber(minimum, maximum).default(fallback))
    .openapi({ type: 'integer', minimum, maximum, default: fallback })
}

/** 1 to 1,000,000. A page past the end is an empty list, not an error. */
export const page = queryIntegerOr(1, 1, 1_000_000)
/** 1 to 100. */
export const pageSize = queryIntegerOr(20, 1, 100)
/** Case-insensitive part of the name. */
export const search = query(text(100))
/** Narrows a list to one region of the catalog. */
export const regionFilter = query(text(50)).openapi({ example: 'LOCAL-1' })

/** 1 to 50 letters, digits, spaces, `-`, `_`, `.`; unique per account whatever the case. */
export const ResourceName = z
  .string()
  .min(1)
  .max(50)
  .regex(
    /^[A-Za-z0-9 ._-]*$/,
    'Use letters, digits, spaces, hyphens, underscores and periods only.',
  )
  .refine((name) => name.trim() === name, 'Must not begin or end with a space.')
  .openapi({ example: 'web-1' })

/** Up to 1,000 characters. */
export const Description = text(1000).openapi({ example: 'Before the upgrade' })

/** Ids that people see: `BRK-`, 6 to 9 digits, and a letter for the kind. What is no id is not found. */
export function publicId(letter: 'D' | 'S' | 'V' | 'F' | 'K' | 'C' | 'U' | 'P' | 'R' | 'W' | 'O') {
  return text(64).openapi({ example: `BRK-123456${letter}` })
}

export const Pagination = z
  .object({
    page: z.int(),
    page_size: z.int(),
    total_count: z.int(),
    total_pages: z.int(),
    has_next: z.boolean(),
    has_previous: z.boolean(),
  })
  .openapi('Pagination')

export const paginationExample = {
  page: 1,
  page_size: 20,
  total_count: 1,
  total_pages: 1,
  has_next: false,
  has_previous: false,
}

/** Of an `Idempotency-Key`. */
export const idempotencyKeyPattern = /^[\x21-\x7e]{1,255}$/

/** May be sent with every request that changes something; see garrison.md, "Requests". */
export const idempotencyHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(idempotencyKeyPattern, 'Use 1 to 255 visible ASCII characters.')
    .optional()
    .openapi({
      description:
        'The same key with the same body answers what the first request answered, for 24 hours.',
      example: 'deploy-web-1-2026-01-10',
    }),
})

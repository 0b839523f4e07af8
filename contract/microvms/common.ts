/**
 * What every route of the microVM API shares: how a key is shown, what errors look like, and fields that
 * occur more than once. What is published of it is exact; the rest is ours and stays as it is.
 */
import { z } from '@hono/zod-openapi'

/** Marks a route, so that whoever walks the document knows whose errors and habits it has. */
export const microvmDialect = { 'x-dialect': 'microvms' } as const

/** Either satisfies; the key also goes as `X-API-Key`. */
export const microvmSecurity = [{ OAuth2PasswordBearer: [] }, { xApiKey: [] }]

/** What routes begin with; `tag`: under which the document lists them. */
export const microvmHead = (tag: string) => ({
  tags: [tag],
  security: microvmSecurity,
  ...microvmDialect,
})

const Location = z.array(z.union([z.string(), z.int()]))

export const HTTPValidationError = z
  .object({
    detail: z.array(
      z.object({ loc: Location, msg: z.string(), type: z.string() }).openapi('ValidationError'),
    ),
  })
  .openapi('HTTPValidationError')
export type HTTPValidationError = z.infer<typeof HTTPValidationError>

export const ErrorDetail = z.object({ detail: z.string() }).openapi('ErrorDetail')

const examples = {
  400: ['The machine refuses it', 'This image has no python3'],
  401: ['No key, or one that is not valid', 'Not authenticated'],
  402: ['Not enough credits', 'Credits are used up; add some first'],
  403: ['Not allowed to whoever asks', 'This API key is read-only'],
  404: ["Does not exist, or is somebody else's", 'VM vm_x4k2 not found'],
  409: ['Not possible as it is now', 'The VM is suspended; resume it first'],
  413: ['The body is too large', 'The request body is too large'],
  429: [
    'Too many requests, or no room: the header Garrison-Error-Code says which; see Retry-After',
    'There is no room; try again in 5 s',
  ],
  500: ['A fault of ours', 'Something went wrong on our side'],
  501: ['Not there in this installation', 'Vaults are not there yet'],
  502: ['What runs it failed', 'VM vm_4f1e8a could not be started: it did not answer'],
  503: ['Not now; see Retry-After', 'Try again shortly'],
} as const satisfies Record<number, readonly [string, string]>

/** Error answers for a route. 401, 422, 429, 500 and 503 can always happen and are added. */
export function microvmErrors(...statuses: (keyof typeof examples)[]): Record<never, never> {
  const all = [...new Set([...statuses, 401, 429, 500, 503] as const)].sort((a, b) => a - b)
  const plain = all.map((status) => {
    const [description, detail] = examples[status]
    const content = { 'application/json': { schema: ErrorDetail, example: { detail } } }
    return [status, { description, content }] as const
  })
  const invalid = {
    description: 'Validation Error',
    content: {
      'application/json': {
        schema: HTTPValidationError,
        example: {
          detail: [
            {
              loc: ['query', 'type'],
              msg: "String should match pattern '^(user|system)$'",
              type: 'string_pattern_mismatch',
            },
          ],
        },
      },
    },
  }
  return { ...Object.fromEntries(plain), 422: invalid }
}

/** ISO 8601 in UTC. */
export const Time = z.string().openapi({ example: '2026-01-18T10:30:00Z' })

/** Free text of at most so many characters. PostgreSQL cannot store NUL. */
export const words = (most: number) =>
  z
    .string()
    .max(most)
    .refine((value) => !value.includes('\0'), 'null characters are not allowed')
    .refine((value) => value.isWellFormed(), 'the text is not valid Unicode')

/** A whole number in a body. */
export const count = (least: number, most: number) => z.int().min(least).max(most)

/** A field that others have and this server does not: null is what clients send that do not use it. */
export const notServed = (why: string) =>
  z
    .unknown()
    .refine((value) => value == null, {
      error: `Extra inputs are not permitted: ${why}`,
      params: { type: 'extra_forbidden' },
    })
    .optional()
    .openapi({ type: 'null', description: `Not there yet: ${why}` })

const trueWords = ['true', '1', 'yes', 'on', 't', 'y']
const falseWords = ['false', '0', 'no', 'off', 'f', 'n']

/** A switch in a query, with what it is when it is left out. */
export const queryBoolean = (fallback: boolean) =>
  z
    .string()
    .transform((value, context) => {
      const said = value.toLowerCase()
      if (trueWords.includes(said)) return true
      if (falseWords.includes(said)) return false
      context.addIssue({
        ...{ code: 'custom', params: { type: 'bool_parsing' } },
        message: 'Input should be a valid boolean, unable to interpret input',
      })
      return z.NEVER
    })
    .optional()
    .default(fallback)
    .openapi({ type: 'boolean', default: fallback })

/** A whole number in a query, with what it is when it is left out. */
export const queryCount = (fallback: number, least: number, most: number) =>
  z
    .string()
    .transform((value, context) => {
      if (/^[+-]?\d{1,15}$/.test(value)) return Number(value)
      context.addIssue({
        ...{ code: 'custom', params: { type: 'int_parsing' } },
        message: 'Input should be a valid integer, unable to parse string as an integer',
      })
      return z.NEVER
    })
    .pipe(z.int().min(least).max(most))
    .optional()
    .default(fallback)
    .openapi({ type: 'integer', minimum: least, maximum: most, default: fallback })

/** Any JSON object, at most 16 KiB of it. */
export const Metadata = z
  .record(z.string(), z.unknown())
  .refine((value) => JSON.stringify(value).length <= 16_384, 'metadata has at most 16 KiB')
  .refine((value) => !JSON.stringify(value).includes('\\u0000'), 'null characters are not allowed')
  .openapi({ example: { task: 'tests' } })

/** Set for every command; 64 KiB in all. Kept apart from what anybody can read. */
export const Environment = z
  .record(z.string(), words(32_768))
  .superRefine((value, context) => {
    for (const name of Object.keys(value)) {
      if (/^[A-Za-z_][A-Za-z0-9_]{0,255}$/.test(name)) continue
      const message = 'names are of letters, digits and underscores, and begin with no digit'
      context.addIssue({ code: 'custom', message, path: [name] })
    }
    if (JSON.stringify(value).length > 65_536)
      context.addIssue({ code: 'custom', message: 'an environment has at most 64 KiB' })
  })
  .openapi({ example: { STAGE: 'test' } })

/** What cannot be an id is nobody's: not found, rather than a fault of form. */
export const microvmId = words(64).openapi({ example: 'vm_2k7m4q9x1c5t8w3z' })
export const snapshotId = words(64).openapi({ example: 'snap_7d3h6r1p9v2b5n8k' })
export const sessionId = words(64).openapi({ example: '7d0f6d5e-0a55-4f0e-8f4b-0c6f1a2b3c4d' })

export const exampleIds = {
  vm_id: 'vm_2k7m4q9x1c5t8w3z',
  snapshot_id: 'snap_7d3h6r1p9v2b5n8k',
  session_id: '7d0f6d5e-0a55-4f0e-8f4b-0c6f1a2b3c4d',
} as const

export const exampleTime = '2026-01-18T10:30:00Z'

/** A required body of JSON. */
export const json = <S extends z.ZodType>(schema: S, example: z.input<S>) => ({
  required: true,
  content: { 'application/json': { schema, example } },
})

/** A 200 answer with its example. */
export const answer = <S extends z.ZodType>(
  schema: S,
  description: string,
  example: z.input<S>,
) => ({ 200: { description, content: { 'application/json': { schema, example } } } })

/** Of a machine. */
export const machineLimits = {
  vcpus: { least: 1, most: 8, usual: 2 },
  memoryMb: { least: 128, most: 8192, usual: 512 },
  /** Seconds; a session's longest is a day. */
  lifetime: { least: 20, mostOfSession: 86_400, mostOfVm: 604_800, usual: 300 },
} as const

export const VcpuCount = count(machineLimits.vcpus.least, machineLimits.vcpus.most)
/** MiB, a multiple of 2. */
export const MemoryMb = count(machineLimits.memoryMb.least, machineLimits.memoryMb.most).multipleOf(
  2,
)

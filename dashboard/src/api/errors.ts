/** What the server says went wrong, as a value that a page can show. */

export class ApiError extends Error {
  /** HTTP status; 0 when there was no answer at all. */
  readonly status: number
  readonly code: string
  /** Field → what is wrong with it. */
  readonly fields: Readonly<Record<string, readonly string[]>>
  readonly requestId: string | null
  /** Seconds to wait before it is worth trying again. */
  readonly retryAfter: number | null

  constructor(error: {
    status: number
    code: string
    message: string
    fields?: Record<string, string[]>
    requestId?: string | null
    retryAfter?: number | null
  }) {
    super(error.message)
    this.name = 'ApiError'
    this.status = error.status
    this.code = error.code
    this.fields = error.fields ?? {}
    this.requestId = error.requestId ?? null
    this.retryAfter = error.retryAfter ?? null
  }
}

type Envelope = {
  message?: unknown
  error_code?: unknown
  code?: unknown
  errors?: Record<string, string[]>
  request_id?: unknown
  /** In place of all others in the dialect of microVMs: a sentence, or what is wrong with which field. */
  detail?: unknown
}

type Fault = { loc: readonly (string | number)[]; msg: string }

/** Of the dialect of microVMs; a field is named by the last name on the way to it, a list as a whole. */
function inDetail(detail: unknown): Pick<Envelope, 'message' | 'errors'> {
  if (typeof detail === 'string') return { message: detail }
  if (!Array.isArray(detail)) return {}
  const errors: Record<string, string[]> = {}
  for (const { loc, msg } of detail as Fault[]) {
    const name = String(loc.findLast((part) => typeof part === 'string') ?? 'body')
    const words = msg.replace(/^Value error, /, '')
    errors[name] = [...new Set([...(errors[name] ?? []), words])]
  }
  return { message: 'Some of it is not as it should be.', errors }
}

export function errorOf(response: Response, answer: unknown): ApiError {
  const given: Envelope = typeof answer === 'object' && answer !== null ? answer : {}
  const said = given.detail === undefined ? given : { ...given, ...inDetail(given.detail) }
  // The dialect of microVMs has no codes; a page sends no key that could be wrong, so its session has ended.
  const ended = response.status === 401 && given.detail !== undefined
  const code = ended ? 'AUTHENTICATION_REQUIRED' : (said.error_code ?? said.code)
  return new ApiError({
    status: response.status,
    code: typeof code === 'string' ? code : 'INTERNAL_ERROR',
    message:
      typeof said.message === 'string' && said.message !== ''
        ? said.message
        : `The server answered ${response.status}. Try again; if it stays so, look into its log.`,
    ...(said.errors === undefined ? {} : { fields: said.errors }),
    requestId:
      typeof said.request_id === 'string' ? said.request_id : response.headers.get('x-request-id'),
    retryAfter: Number(response.headers.get('retry-after')) || null,
  })
}

/**
 * Field errors in one sentence, for where no field is near. `labels`: what the form calls fields that the API
 * calls otherwise.
 */
export function wordsOf(error: unknown, labels: Readonly<Record<string, string>> = {}): string {
  if (error instanceof ApiError) {
    const fields = Object.entries(error.fields)
    if (fields.length === 0) return error.message
    return fields
      .map(([name, words]) => `${labels[name] ?? inWords(name)}: ${words.join(' ')}`)
      .join(' ')
  }
  return error instanceof Error ? error.message : String(error)
}

/** `vcpu_count` → "Vcpu count" */
function inWords(name: string) {
  const words = name.replaceAll('_', ' ')
  return words.slice(0, 1).toUpperCase() + words.slice(1)
}

export const isNotFound = (error: unknown) => error instanceof ApiError && error.status === 404
export const isSignedOut = (error: unknown) => error instanceof ApiError && error.status === 401

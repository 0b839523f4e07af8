/**
 * What is wrong with a request, in the published words: those of Django's validators. Zod finds the
 * faults; this names them by field, all at once.
 */
import type { z } from '@hono/zod-openapi'

type Issue = z.core.$ZodIssue

export const fieldRequired = 'This field is required.'
export const integerRequired = 'A valid integer is required.'

/** The key for what concerns the body as a whole. */
const wholeBody = 'non_field_errors'

/** Field → what is wrong with it. Fields inside others by dotted path: `security_rules.0.protocol`. */
export function describeIssues(issues: readonly Issue[]): Record<string, string[]> {
  const fields = Map.groupBy(issues, (issue) => issue.path.join('.') || wholeBody)
  return Object.fromEntries(
    [...fields].map(([field, its]) => [field, [...new Set(worthTelling(its).map(describe))]]),
  )
}

/** Of a value of the wrong type, zod measures the length too: that a text has too many elements. */
function worthTelling(issues: readonly Issue[]) {
  const ofType = issues.filter((issue) => issue.code === 'invalid_type')
  return ofType.length > 0 ? ofType : issues
}

/** How zod's own messages begin; anything else was said by the schema itself, and wins. */
const byZod = /^(Invalid (input|option)|Too (small|big)):/

function describe(issue: Issue): string {
  if (!byZod.test(issue.message)) return issue.message
  switch (issue.code) {
    case 'invalid_type':
      return wrongType(issue)
    case 'too_small':
      return tooSmall(issue)
    case 'too_big':
      return tooBig(issue)
    case 'invalid_value':
      return `Not a valid choice. Choose one of: ${issue.values.join(', ')}.`
    default:
      return issue.message
  }
}

/** Zod tells a missing value and null from a wrong one in its message alone. */
function wrongType({ expected, message, path }: Extract<Issue, { code: 'invalid_type' }>) {
  if (path.length === 0) return 'Invalid data. Expected a JSON object.'
  if (message.endsWith('received undefined')) return fieldRequired
  if (message.endsWith('received null')) return 'This field may not be null.'
  switch (expected) {
    case 'string':
      return 'Not a valid string.'
    case 'int':
      return integerRequired
    case 'number':
      return 'A valid number is required.'
    case 'boolean':
      return 'Must be a valid boolean.'
    case 'array':
      return 'Expected a list of items.'
    case 'object':
    case 'record':
      return 'Expected an object.'
    default:
      return message
  }
}

function tooSmall({ origin, minimum }: Extract<Issue, { code: 'too_small' }>) {
  if (origin === 'string') {
    return minimum === 1
      ? 'This field may not be blank.'
      : `Ensure this field has at least ${minimum} characters.`
  }
  if (origin === 'array') return `Ensure this field has at least ${counted(minimum)}.`
  return `Ensure this value is greater than or equal to ${minimum}.`
}

function tooBig({ origin, maximum }: Extract<Issue, { code: 'too_big' }>) {
  if (origin === 'string') return `Ensure this field has no more than ${maximum} characters.`
  if (origin === 'array') return `Ensure this field has no more than ${counted(maximum)}.`
  return `Ensure this value is less than or equal to ${maximum}.`
}

const counted = (elements: number | bigint) =>
  `${elements} ${Number(elements) === 1 ? 'element' : 'elements'}`

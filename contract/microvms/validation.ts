/**
 * What is wrong with a request, as FastAPI's users know it: `HTTPValidationError` with pydantic's words. Zod
 * finds the faults; this names each by where it is, what it is, and its kind.
 */
import type { z } from '@hono/zod-openapi'

export type Fault = {
  readonly loc: readonly (string | number)[]
  readonly msg: string
  readonly type: string
}

type Issue = z.core.$ZodIssue
export type Place = 'query' | 'path' | 'header' | 'body'

/** `raw`: what the schema was given, since zod does not say what it found. */
export function faultsOf(place: Place, issues: readonly Issue[], raw: unknown): Fault[] {
  const faults = issues
    .toSorted((one, other) => Number(isOfNoInteger(one)) - Number(isOfNoInteger(other)))
    .flatMap((issue) => faultsOfIssue(place, issue, raw))
  const known = new Set<string>()
  // One for each place: what is wrong with a value besides follows from it.
  return faults.filter(({ loc }) => {
    const name = JSON.stringify(loc)
    return !known.has(name) && known.add(name)
  })
}

/** Zod's own bound of whole numbers: what a field has itself says more. */
const isOfNoInteger = (issue: Issue) =>
  (issue.code === 'too_big' || issue.code === 'too_small') && issue.origin === 'int'

function faultsOfIssue(place: Place, issue: Issue, raw: unknown): Fault[] {
  const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part))
  const loc = [place, ...path]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      ...{ loc: [...loc, key], msg: 'Extra inputs are not permitted', type: 'extra_forbidden' },
    }))
  }
  const found = valueAt(raw, path)
  // Null is something else than nothing: it was sent.
  if (found === undefined && issue.code !== 'custom')
    return [{ loc, msg: 'Field required', type: 'missing' }]
  return [{ loc, ...wordsOf(place, issue, found) }]
}

function valueAt(raw: unknown, path: readonly (string | number)[]): unknown {
  let value = raw
  for (const part of path) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Record<string | number, unknown>)[part]
  }
  return value
}

type Words = Pick<Fault, 'msg' | 'type'>

function wordsOf(place: Place, issue: Issue, found: unknown): Words {
  switch (issue.code) {
    case 'invalid_type':
      return ofType(place, issue.expected, found)
    case 'invalid_format':
      if (issue.format !== 'regex') return { msg: issue.message, type: 'value_error' }
      return {
        msg: `String should match pattern '${withoutSlashes(issue.pattern ?? '')}'`,
        type: 'string_pattern_mismatch',
      }
    case 'too_small':
      return ofSize(issue.origin, Number(issue.minimum), 'least', found)
    case 'too_big':
      return ofSize(issue.origin, Number(issue.maximum), 'most', found)
    case 'not_multiple_of':
      return { msg: `Input should be a multiple of ${issue.divisor}`, type: 'multiple_of' }
    case 'invalid_value': {
      const choices = issue.values.map((value) => `'${String(value)}'`)
      const last = choices.pop()
      const list = choices.length === 0 ? last : `${choices.join(', ')} or ${last}`
      return { msg: `Input should be ${list}`, type: 'enum' }
    }
    case 'custom':
      if (issue.params?.type !== undefined) {
        return { msg: issue.message, type: String(issue.params.type) }
      }
      return { msg: `Value error, ${issue.message}`, type: 'value_error' }
    default:
      return { msg: issue.message, type: 'value_error' }
  }
}

/** Zod hands over the expression as it is written down. */
const withoutSlashes = (pattern: string) => pattern.replace(/^\/(.*)\/[a-z]*$/s, '$1')

function ofType(place: Place, expected: string, found: unknown): Words {
  switch (expected) {
    case 'string':
      return { msg: 'Input should be a valid string', type: 'string_type' }
    case 'int':
      if (typeof found === 'number')
        return {
          msg: 'Input should be a valid integer, got a number with a fractional part',
          type: 'int_from_float',
        }
      return { msg: 'Input should be a valid integer', type: 'int_type' }
    case 'number':
      return { msg: 'Input should be a valid integer', type: 'int_type' }
    case 'boolean':
      return { msg: 'Input should be a valid boolean', type: 'bool_type' }
    case 'array':
      return { msg: 'Input should be a valid list', type: 'list_type' }
    case 'object':
    case 'record':
      if (place === 'body')
        return {
          msg: 'Input should be a valid dictionary or object to extract fields from',
          type: 'model_attributes_type',
        }
      return { msg: 'Input should be a valid dictionary', type: 'dict_type' }
    default:
      return { msg: `Input should be a valid ${expected}`, type: `${expected}_type` }
  }
}

function ofSize(origin: string, bound: number, which: 'least' | 'most', found: unknown): Words {
  if (origin === 'string') {
    const characters = bound === 1 ? 'character' : 'characters'
    return {
      msg: `String should have at ${which} ${bound} ${characters}`,
      type: which === 'least' ? 'string_too_short' : 'string_too_long',
    }
  }
  if (origin === 'array') {
    const length = Array.isArray(found) ? found.length : 0
    return {
      msg: `List should have at ${which} ${bound} items after validation, not ${length}`,
      type: which === 'least' ? 'too_short' : 'too_long',
    }
  }
  return which === 'least'
    ? { msg: `Input should be greater than or equal to ${bound}`, type: 'greater_than_equal' }
    : { msg: `Input should be less than or equal to ${bound}`, type: 'less_than_equal' }
}

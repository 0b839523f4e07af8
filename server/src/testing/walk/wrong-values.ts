/**
 * Values that a schema of the document forbids, each wrong in one place. What the schema leaves open is
 * left alone, but for what nothing may take: a text of 100,000 letters, a zero byte, a number of 300 digits.
 */
import type { Document, Parameter, Schema } from './document.ts'

/** `what`: where it is wrong, and how. */
export type Wrong = { readonly what: string; readonly value: unknown }

const samples: Readonly<Record<string, readonly unknown[]>> = {
  string: ['nonsense'],
  number: [1.5],
  boolean: [true],
  null: [null],
  array: [[], [null]],
  object: [{}, { nonsense: 1 }],
}

/** Of a body whose right form is `example`. */
export function* wrongBodies(
  document: Document,
  schema: Schema,
  example: unknown,
): Generator<Wrong> {
  yield* wrongValues(document, schema, example, 'body')
}

function* wrongValues(
  document: Document,
  given: Schema,
  example: unknown,
  where: string,
): Generator<Wrong> {
  const schema = single(document, given)
  const types = typesOf(document, given)
  if (types !== null) {
    for (const [type, values] of Object.entries(samples)) {
      // 1.5 is told of with the other numbers.
      if (types.has(type) || (type === 'number' && types.has('integer'))) continue
      for (const value of values) yield { what: `${where} is ${JSON.stringify(value)}`, value }
    }
  }
  if (types?.has('string')) yield* wrongTexts(schema, where)
  if (types?.has('number') || types?.has('integer')) yield* wrongNumbers(schema, types, where)
  if (schema.items !== undefined) yield* wrongArrays(document, schema, example, where)
  if (schema.properties !== undefined) yield* wrongObjects(document, schema, example, where)
}

function* wrongTexts(schema: Schema, where: string): Generator<Wrong> {
  const { maxLength, minLength = 0, pattern } = schema
  const length = maxLength === undefined ? 100_000 : maxLength + 1
  yield { what: `${where} has ${length} letters`, value: 'a'.repeat(length) }
  if (minLength > 0) yield { what: `${where} is empty`, value: '' }
  yield { what: `${where} holds a zero byte`, value: 'a\0b' }
  if (schema.enum !== undefined) yield { what: `${where} is unknown`, value: 'no-such-value' }
  const odd = '\u0001 odd \u00e9'
  if (pattern !== undefined && !new RegExp(pattern, 'u').test(odd))
    yield { what: `${where} breaks its pattern`, value: odd }
}

function* wrongNumbers(
  schema: Schema,
  types: ReadonlySet<string>,
  where: string,
): Generator<Wrong> {
  if (!types.has('number')) yield { what: `${where} is no whole number`, value: 1.5 }
  for (const value of [1e308, -1e308]) yield { what: `${where} is ${value}`, value }
  if (schema.maximum !== undefined)
    yield { what: `${where} is above ${schema.maximum}`, value: schema.maximum + 1 }
  if (schema.minimum !== undefined)
    yield { what: `${where} is below ${schema.minimum}`, value: schema.minimum - 1 }
  if (schema.enum !== undefined) yield { what: `${where} is unknown`, value: 987_654 }
}

function* wrongArrays(
  document: Document,
  schema: Schema,
  example: unknown,
  where: string,
): Generator<Wrong> {
  const { items = {}, minItems = 0, maxItems } = schema
  if (minItems > 0) yield { what: `${where} has no items`, value: [] }
  const [first] = Array.isArray(example) ? example : []
  if (maxItems !== undefined && first !== undefined)
    yield { what: `${where} has ${maxItems + 1} items`, value: Array(maxItems + 1).fill(first) }
  for (const { what, value } of wrongValues(document, items, first, `${where}[0]`))
    yield { what, value: [value] }
}

function* wrongObjects(
  document: Document,
  schema: Schema,
  example: unknown,
  where: string,
): Generator<Wrong> {
  const right = { ...(typeof example === 'object' ? example : {}) } as Record<string, unknown>
  for (const name of schema.required ?? []) {
    const { [name]: _, ...rest } = right
    yield { what: `${where} lacks ${name}`, value: rest }
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    for (const { what, value } of wrongValues(
      document,
      property,
      right[name],
      `${where}.${name}`,
    )) {
      yield { what, value: { ...right, [name]: value } }
    }
  }
}

/** As they stand in an address, unescaped. */
export function* wrongQueries(document: Document, { name, schema }: Parameter): Generator<Wrong> {
  const types = typesOf(document, schema)
  const { maxLength, minimum, maximum, enum: values } = single(document, schema)
  const wrong = (value: string): Wrong => ({ what: `${name} is ${value.slice(0, 40)}`, value })
  if (values !== undefined || types?.has('boolean')) yield wrong('no-such-value')
  if (maxLength !== undefined) yield wrong('a'.repeat(maxLength + 1))
  if (types?.has('integer') && !types.has('string')) {
    for (const value of ['many', '1.5', '0x10', '9'.repeat(400)]) yield wrong(value)
    if (maximum !== undefined) yield wrong(String(maximum + 1))
    if (minimum !== undefined) yield wrong(String(minimum - 1))
  }
}

/** Types of JSON that the schema takes; null: any. A whole number is a number as well. */
function typesOf(document: Document, given: Schema): ReadonlySet<string> | null {
  const schema = document.resolve(given)
  const variants = schema.anyOf ?? schema.oneOf
  if (variants !== undefined) return union(variants.map((each) => typesOf(document, each)))
  if (schema.allOf !== undefined)
    return schema.allOf.map((each) => typesOf(document, each)).find((each) => each !== null) ?? null
  if (schema.type !== undefined) return new Set([schema.type].flat())
  const listed = schema.enum ?? ('const' in schema ? [schema.const] : undefined)
  return listed === undefined ? null : new Set(listed.map(typeOf))
}

function union(all: readonly (ReadonlySet<string> | null)[]) {
  const types = new Set<string>()
  for (const each of all) {
    if (each === null) return null
    for (const type of each) types.add(type)
  }
  return types
}

function typeOf(value: unknown) {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

/** The one form that there is beside null. Of several, nothing is known but their types. */
function single(document: Document, given: Schema): Schema {
  const schema = document.resolve(given)
  const variants = (schema.anyOf ?? schema.oneOf ?? schema.allOf)?.filter(
    (each) => document.resolve(each).type !== 'null',
  )
  if (variants === undefined) return schema
  const [only] = variants
  return variants.length === 1 && only !== undefined ? single(document, only) : {}
}

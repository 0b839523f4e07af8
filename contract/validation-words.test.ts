import { z } from '@hono/zod-openapi'
import { describe, expect, it } from 'vitest'
import { choice, integer, text } from './common.ts'
import { describeIssues } from './validation-words.ts'

/** What is said of a value. */
function wordsFor(schema: z.ZodType, value: unknown) {
  const { error } = schema.safeParse(value)
  return describeIssues(error?.issues ?? [])
}

const Color = choice(['red', 'green'])

describe('the words of validation errors', () => {
  it.each([
    ['a missing field', z.string(), undefined, 'This field is required.'],
    ['a missing choice', Color, undefined, 'This field is required.'],
    ['null', z.string(), null, 'This field may not be null.'],
    ['a number for a string', z.string(), 1, 'Not a valid string.'],
    ['an empty string', z.string().min(1), '', 'This field may not be blank.'],
    ['a short string', z.string().min(8), 'x', 'Ensure this field has at least 8 characters.'],
    ['a long string', text(2), 'xyz', 'Ensure this field has no more than 2 characters.'],
    ['a NUL', text(2), '\0', 'Null characters are not allowed.'],
    ['a fraction for an integer', integer(1, 8), 1.5, 'A valid integer is required.'],
    ['a string for an integer', integer(1, 8), '1', 'A valid integer is required.'],
    ['a missing integer', integer(1, 8), undefined, 'This field is required.'],
    ['an infinite number', z.number(), Number.POSITIVE_INFINITY, 'A valid number is required.'],
    ['a small number', integer(1, 8), 0, 'Ensure this value is greater than or equal to 1.'],
    ['a large number', integer(1, 8), 9, 'Ensure this value is less than or equal to 8.'],
    ['a string for a boolean', z.boolean(), 'yes', 'Must be a valid boolean.'],
    ['an object for a list', z.array(z.string()), {}, 'Expected a list of items.'],
    ['an empty list', z.array(z.string()).min(1), [], 'Ensure this field has at least 1 element.'],
    [
      'a long list',
      z.array(z.string()).max(2),
      ['a', 'b', 'c'],
      'Ensure this field has no more than 2 elements.',
    ],
    ['a list for an object', z.object({}), [], 'Expected an object.'],
    ['an unknown choice', Color, 'blue', 'Not a valid choice. Choose one of: red, green.'],
    ['a pattern of our own', z.string().regex(/^a/, 'Begin with a.'), 'b', 'Begin with a.'],
  ])('name %s', (_what, field, value, words) => {
    expect(wordsFor(z.object({ field }), { field: value })).toEqual({ field: [words] })
  })

  it('cover all fields at once', () => {
    const schema = z.object({ name: z.string(), size: integer(1, 8), on: z.boolean() })
    expect(wordsFor(schema, { size: 'x' })).toEqual({
      name: ['This field is required.'],
      size: ['A valid integer is required.'],
      on: ['This field is required.'],
    })
  })

  it('name everything that is wrong with one field, each thing once', () => {
    const schema = z.object({ name: z.string().max(2).regex(/^a/, 'Begin with a.') })
    expect(wordsFor(schema, { name: 'bcd' })).toEqual({
      name: ['Ensure this field has no more than 2 characters.', 'Begin with a.'],
    })
  })

  it('name a field inside others by a dotted path', () => {
    const schema = z.object({ rules: z.array(z.object({ protocol: z.string() })) })
    expect(wordsFor(schema, { rules: [{ protocol: 1 }] })).toEqual({
      'rules.0.protocol': ['Not a valid string.'],
    })
  })

  it.each([[[]], ['text'], [null], [1]])('say of the body %j that it is no object', (body) => {
    expect(wordsFor(z.object({ name: z.string() }), body)).toEqual({
      non_field_errors: ['Invalid data. Expected a JSON object.'],
    })
  })

  it('are an object without a field of that name for fields named like those of every object', () => {
    const schema = z.object({ constructor: z.string() })
    expect(wordsFor(schema, { constructor: 1 })).toEqual({ constructor: ['Not a valid string.'] })
  })
})

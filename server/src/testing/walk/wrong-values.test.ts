import { expect, it } from 'vitest'
import type { Schema } from './document.ts'
import { parseDocument } from './document.ts'
import { wrongBodies, wrongQueries } from './wrong-values.ts'

const Size: Schema = { type: 'integer', minimum: 1, maximum: 9 }
const document = parseDocument({ paths: {}, components: { schemas: { Size } } })

const wrongIn = (schema: Schema, example: unknown) =>
  [...wrongBodies(document, schema, example)].map(({ what }) => what)

it('is wrong in one place at a time', () => {
  const schema: Schema = {
    type: 'object',
    required: ['name'],
    properties: {
      name: { type: 'string', maxLength: 2 },
      size: { $ref: '#/components/schemas/Size' },
    },
  }
  const bodies = [...wrongBodies(document, schema, { name: 'a', size: 3 })]
  const ofWhat = (what: string) => bodies.find((each) => each.what === what)?.value
  expect(ofWhat('body lacks name')).toEqual({ size: 3 })
  expect(ofWhat('body.name has 3 letters')).toEqual({ name: 'aaa', size: 3 })
  expect(ofWhat('body.size is above 9')).toEqual({ name: 'a', size: 10 })
  expect(ofWhat('body.size is no whole number')).toEqual({ name: 'a', size: 1.5 })
  expect(ofWhat('body is null')).toBeNull()
})

it('takes for wrong only what the schema forbids', () => {
  const orNothing = wrongIn({ anyOf: [{ type: 'string' }, { type: 'null' }] }, 'a')
  expect(orNothing).toContain('body is 1.5')
  expect(orNothing).not.toContain('body is null')
  expect(wrongIn({ type: ['string', 'null'] }, 'a')).not.toContain('body is null')
  expect(wrongIn({ type: 'number' }, 1)).not.toContain('body is 1.5')
  expect(wrongIn({}, 'anything')).toEqual([])
})

it('looks into lists', () => {
  const wrong = wrongIn({ type: 'array', minItems: 1, maxItems: 2, items: { enum: ['a'] } }, ['a'])
  expect(wrong).toContain('body has no items')
  expect(wrong).toContain('body has 3 items')
  expect(wrong).toContain('body[0] is null')
})

it('knows what an address cannot say', () => {
  const wrong = (schema: Schema) =>
    [...wrongQueries(document, { name: 'page', in: 'query', schema })].map(({ value }) => value)
  expect(wrong(Size)).toEqual(expect.arrayContaining(['many', '1.5', '10', '0']))
  expect(wrong({ type: 'string', enum: ['true', 'false'] })).toEqual(['no-such-value'])
  expect(wrong({ type: 'string' })).toEqual([])
})

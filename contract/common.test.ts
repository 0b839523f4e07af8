import { OpenAPIHono, z } from '@hono/zod-openapi'
import { describe, expect, it } from 'vitest'
import { getBalance } from './billing/routes.ts'
import { exampleHead, page, pageSize, query, queryInteger, search } from './common.ts'
import { listSshKeys } from './ssh-keys/routes.ts'
import { describeIssues } from './validation-words.ts'

const Query = z.object({
  page,
  page_size: pageSize,
  search,
  status: query(z.enum(['ACTIVE'])),
  gpu_count: queryInteger(1, 64),
})

function parse(parameters: Record<string, string | string[]>) {
  const { data, error } = Query.safeParse(parameters)
  return error === undefined ? data : describeIssues(error.issues)
}

describe('a query', () => {
  it('may be empty', () => {
    expect(parse({})).toEqual({ page: 1, page_size: 20 })
  })

  it('may name its parameters bare', () => {
    expect(parse({ page: '', page_size: '', search: '', status: '', gpu_count: '' })).toEqual({
      page: 1,
      page_size: 20,
    })
  })

  it.each([
    ['1', 1],
    ['01', 1],
    ['1000000', 1_000_000],
  ])('takes page %s', (text, number) => {
    expect(parse({ page: text })).toMatchObject({ page: number })
  })

  it.each([
    ['0', 'Ensure this value is greater than or equal to 1.'],
    ['-1', 'Ensure this value is greater than or equal to 1.'],
    ['1000001', 'Ensure this value is less than or equal to 1000000.'],
    ['9'.repeat(400), 'Ensure this value is less than or equal to 1000000.'],
    ['x', 'A valid integer is required.'],
    ['1e9', 'A valid integer is required.'],
    ['1.5', 'A valid integer is required.'],
    ['+1', 'A valid integer is required.'],
    [' 1', 'A valid integer is required.'],
    ['٣', 'A valid integer is required.'],
  ])('refuses page %s', (text, words) => {
    expect(parse({ page: text })).toEqual({ page: [words] })
  })

  it.each(['0', '101', 'x'])('refuses page size %s', (text) => {
    expect(parse({ page_size: text })).toHaveProperty('page_size')
  })

  it('refuses a number given twice', () => {
    expect(parse({ page: ['1', '2'] })).toEqual({ page: ['A valid integer is required.'] })
  })

  it('refuses a long search, and one that no database could store', () => {
    expect(parse({ search: 'a'.repeat(101) })).toEqual({
      search: ['Ensure this field has no more than 100 characters.'],
    })
    expect(parse({ search: 'a\0' })).toEqual({ search: ['Null characters are not allowed.'] })
  })

  it('reports all its faults at once', () => {
    expect(parse({ page: '0', page_size: 'x', status: 'y', gpu_count: '65' })).toEqual({
      page: ['Ensure this value is greater than or equal to 1.'],
      page_size: ['A valid integer is required.'],
      status: ['Not a valid choice. Choose one of: ACTIVE.'],
      gpu_count: ['Ensure this value is less than or equal to 64.'],
    })
  })
})

describe('the types of a route', () => {
  it('give a handler the parsed query', async () => {
    const app = new OpenAPIHono()
    app.openapi(listSshKeys, (c) => {
      const { page_size }: { page_size: number } = c.req.valid('query')
      const pagination = { page: 1, page_size, total_count: 0, total_pages: 0 }
      return c.json(
        {
          ...exampleHead,
          message: 'SSH keys retrieved successfully',
          ssh_keys: [],
          pagination: { ...pagination, has_next: false, has_previous: false },
        },
        200,
      )
    })
    const answer = await app.request('/api/ssh-keys/?page_size=7')
    expect(await answer.json()).toMatchObject({ pagination: { page_size: 7 } })
  })

  it('refuse an answer of another shape or status', () => {
    const app = new OpenAPIHono()
    // @ts-expect-error Most of the answer is missing.
    app.openapi(getBalance, (c) => c.json({ ...exampleHead, message: 'Balance' }, 200))
    // @ts-expect-error Errors are thrown, not answered.
    app.openapi(getBalance, (c) => c.json({ success: false }, 404))
  })
})

/** Every route of the contract with values that break programs: an answer below 500, whatever they are. */
import { api as routes } from '@garrison/contract/api'
import { z } from '@hono/zod-openapi'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Api, createApi } from '../testing/api.ts'

let api: Api
let key: string
beforeAll(async () => {
  // These are many requests within a second.
  api = await createApi({
    config: { limits: { reads_per_minute: 100_000, writes_per_minute: 100_000 } },
  })
  key = (await api.client('Operator', { role: 'operator' })).key
})
afterAll(() => api.close())

/** A stream has no end to wait for. */
const barrack = Object.values(routes).filter(
  ({ path, operationId }) => path.startsWith('/api/') && operationId !== 'streamEvents',
)
const fill = (path: string, id: string) => path.replace(/\{[^}]+\}/g, id)

const texts = [
  '%00',
  'a%00b',
  '%ff%fe',
  '%',
  '%zz',
  '%ed%a0%80',
  '..%2f..%2fetc%2fpasswd',
  "'%20or%201=1--",
  '__proto__',
  '%F0%9F%92%A5',
  'a'.repeat(5_000),
]

async function expectStatus(allowed: number[], method: string, path: string, body?: unknown) {
  const { status } = await api.send(method, path, { key, ...(body !== undefined && { body }) })
  expect(
    allowed,
    `${method} ${path.slice(0, 200)} ${JSON.stringify(body)?.slice(0, 200)}`,
  ).toContain(status)
}

it('answers strange ids with 400 or 404', async () => {
  for (const { method, path } of barrack.filter((route) => route.path.includes('{'))) {
    const body = method === 'post' ? { new_vm_name: 'a', name: 'a' } : undefined
    await Promise.all(
      texts.map((text) => expectStatus([400, 404], method.toUpperCase(), fill(path, text), body)),
    )
  }
})

it('answers strange query parameters', async () => {
  for (const route of barrack) {
    const query: unknown = 'request' in route && 'query' in route.request && route.request.query
    const names = query instanceof z.ZodObject ? Object.keys(query.shape) : []
    const path = fill(route.path, 'BRK-000000X')
    await Promise.all(
      [...names, '__proto__'].flatMap((name) =>
        texts.map((text) =>
          expectStatus([200, 400, 404], route.method.toUpperCase(), `${path}?${name}=${text}`),
        ),
      ),
    )
  }
})

it('answers strange values in any field', async () => {
  const values = [
    '\0',
    'a\0b',
    '💥'.repeat(30),
    'a'.repeat(100_000),
    -1,
    1e308,
    null,
    [],
    [null],
    ['\0'],
    {},
    { a: { b: '\0' } },
    true,
  ]
  for (const route of barrack.filter(({ method }) => method === 'post')) {
    const path = fill(route.path, 'BRK-000000X')
    const example = exampleBody(route)
    // Without an upstream nobody chats, whatever they say.
    const allowed = route.path.startsWith('/api/ai/') ? [400, 404, 503] : [200, 400, 403, 404]
    await Promise.all(
      Object.keys(example).flatMap((field) =>
        values.map((value) => expectStatus(allowed, 'POST', path, { ...example, [field]: value })),
      ),
    )
  }
})

const WithExample = z.object({
  request: z.object({
    body: z.object({
      content: z.object({
        'application/json': z.object({ example: z.record(z.string(), z.unknown()) }),
      }),
    }),
  }),
})

function exampleBody(route: object): Record<string, unknown> {
  const { data } = WithExample.safeParse(route)
  return data?.request.body.content['application/json'].example ?? {}
}

import { z } from '@hono/zod-openapi'
import { describe, expect, it } from 'vitest'
import { api } from './api.ts'
import { ErrorResponse } from './common.ts'

/** What the walk below needs to know of a route, whatever its own types are. */
type Route = {
  readonly operationId: string
  readonly method: string
  readonly path: string
  readonly summary: string
  readonly tags: readonly string[]
  readonly security: readonly object[]
  readonly request?: {
    readonly params?: z.ZodType
    readonly query?: z.ZodType
    readonly headers?: z.ZodType
    readonly body?: Partial<Content>
  }
  readonly responses: Record<string, Partial<Content>>
}
/** Files have no examples. */
type Content = { readonly content: { readonly 'application/json'?: Example } }
type Example = { readonly schema: z.ZodType; readonly example: unknown }

const routes = Object.entries(api) as unknown as [string, Route][]
const ofApi = routes.filter(([, { path }]) => path.startsWith('/api/'))

const examples = routes.flatMap(([name, { request, responses }]) => [
  ...exampleOf(`the request of ${name}`, request?.body),
  ...Object.entries(responses).flatMap(([status, answer]) =>
    exampleOf(`the answer ${status} of ${name}`, answer),
  ),
])

function exampleOf(what: string, body: Partial<Content> | undefined) {
  const json = body?.content?.['application/json']
  return json === undefined ? [] : [[what, json] as const]
}

describe('every route', () => {
  it.each(examples)('has an example of %s that its schema takes as it is', (_what, json) => {
    const { schema, example } = json
    expect(schema.parse(example)).toEqual(example)
  })

  it.each(routes)('is known by its operation: %s', (name, { operationId }) => {
    expect(operationId).toBe(name)
  })

  it.each(routes)('is told in a line, in one chapter: %s', (_name, { summary, tags }) => {
    expect(summary).toMatch(/^[A-Z].+/)
    expect(tags).toHaveLength(1)
  })

  it.each(ofApi.filter(([, { request }]) => takesIdempotencyKey(request)))(
    'that takes an Idempotency-Key tells what becomes of a second use: %s',
    (_name, { responses }) => {
      expect(Object.keys(responses)).toEqual(expect.arrayContaining(['409', '422']))
    },
  )

  it('has a method and path of its own', () => {
    const places = routes.map(([, { method, path }]) => `${method} ${path}`)
    expect(places).toEqual([...new Set(places)])
  })
})

describe('every route of the API', () => {
  it.each(ofApi)('ends with a slash: %s', (_name, { path }) => {
    expect(path).toMatch(/\/$/)
  })

  it.each(ofApi)('can answer with any of the common errors: %s', (_name, { responses }) => {
    for (const status of ['401', '429', '500', '503']) {
      expect(responses[status]?.content?.['application/json']?.schema).toBe(ErrorResponse)
    }
  })

  it.each(ofApi)('can refuse what it takes in: %s', (_name, { request, responses }) => {
    if (request !== undefined) expect(responses).toHaveProperty('400')
    if (request?.body !== undefined) expect(responses).toHaveProperty('413')
    if (takesIdempotencyKey(request)) expect(responses).toHaveProperty('422')
  })

  it('needs a key, but for those that anyone may read, or that know their caller otherwise', () => {
    const open = ofApi.filter(([, { security }]) =>
      security.some((scheme) => Object.keys(scheme).length === 0),
    )
    expect(open.map(([name]) => name)).toEqual([
      'listRegions',
      'getGpuStocks',
      'getGpuSpecs',
      'getPricing',
      // Its signature is the key.
      'receivePaymentWebhook',
    ])
  })

  it('takes an Idempotency-Key wherever it changes something', () => {
    const without = ofApi.filter(
      ([, { method, request }]) => method !== 'get' && !takesIdempotencyKey(request),
    )
    expect(without.map(([name]) => name)).toEqual([
      'queryPricing',
      // Its offset does what the key would.
      'uploadSnapshotImport',
      'listSnapshotImages',
      // Payments and refunds are booked once by what they are.
      'receivePaymentWebhook',
    ])
  })

  it('comes before those whose pattern would take its path too', () => {
    for (const [index, [name, { method, path }]] of routes.entries()) {
      const shadowed = routes
        .slice(index + 1)
        .filter(([, later]) => later.method === method && patternOf(path).test(later.path))
      expect([name, shadowed.map(([other]) => other)]).toEqual([name, []])
    }
  })
})

function takesIdempotencyKey(request: Route['request']) {
  const headers = request?.headers
  return headers instanceof z.ZodObject && 'idempotency-key' in headers.shape
}

function patternOf(path: string) {
  return new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`)
}

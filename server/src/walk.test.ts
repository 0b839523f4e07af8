/**
 * Walks the OpenAPI document and asks for every operation in every way in which it must be refused:
 * without a key, with somebody else's key and things, and with what the document says is wrong. What an
 * operation needs for it is found by the names in its path and body, so a new one is walked as well; where
 * that cannot be, it fails and says what to add.
 */
import { readFileSync } from 'node:fs'
import { ErrorResponse } from '@garrison/contract/common'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Api, createApi } from './testing/api.ts'
import { footprint } from './testing/footprint.ts'
import { type Operation, parseDocument } from './testing/walk/document.ts'
import { createThings, type Things } from './testing/walk/things.ts'
import { type Wrong, wrongBodies, wrongQueries } from './testing/walk/wrong-values.ts'

const document = parseDocument(
  JSON.parse(readFileSync(new URL('../../openapi.json', import.meta.url), 'utf8')),
)
const all = document.operations.map(({ operationId }) => operationId)
/** Those of the microVM API have a walk of their own, beside them. */
const ours = document.operations.filter(({ dialect }) => dialect === null)
const operations = ours.map((each) => [each.operationId, each] as const)

/** Fields that name things in bodies and whose strangers' things are answered in another way, and how. */
const otherAnswers: Readonly<Record<string, readonly [status: number, why: string]>> = {
  'listSnapshotImages.snapshot_ids': [200, 'asks for many, and lists those that are not there'],
  'verifyPayment.razorpay_payment_id': [503, 'is signed by the provider, and there is none here'],
}

let api: Api
let owner: Things
let stranger: Things
/** Runs the installation. */
let operator: Things
/** What there was at the last look. */
let found: Awaited<ReturnType<typeof footprint>>

beforeAll(async () => {
  api = await createApi({
    // Room for small machines, and for a large one only when there are none.
    hosts: [{ name: 'small', vcpus: 4, memoryMib: 8192, diskGb: 1000, diskFreeGb: 1000, gpus: [] }],
    config: { limits: { reads_per_minute: 1_000_000, writes_per_minute: 1_000_000 } },
  })
  owner = createThings(api, await api.client('Owner'))
  stranger = createThings(api, await api.client('Stranger'))
  operator = createThings(api, await api.client('Operator', { role: 'operator' }))
  // Before anything is compared: what is made for one operation must not look like the doing of another.
  for (const operation of ours) {
    // What cannot be made fails the tests of the operation that wants it.
    const askers = isOperators(operation) ? [operator] : [owner, stranger]
    for (const things of askers) await requestOf(operation, things).catch(() => {})
  }
  await api.settle()
  await api.stopRunners()
  found = await footprint(api)
}, 60_000)
afterAll(() => api.close())

const isOperators = ({ path }: Operation) => path.startsWith('/api/operator/')

/** Whoever may ask for it, with things of theirs. */
const whose = (operation: Operation) => (isOperators(operation) ? operator : owner)

type Request = { readonly params: Record<string, string>; readonly body: unknown }
type Reply = Awaited<ReturnType<Api['send']>>

const json = ({ body }: Operation) => body['application/json']

/** The document's own example, about things that are there. */
async function requestOf(operation: Operation, things: Things): Promise<Request> {
  const params: Record<string, string> = {}
  for (const { name } of operation.parameters.filter((each) => each.in === 'path'))
    params[name] = await things.ofPath(operation.path, name)
  const media = json(operation)
  if (media !== undefined && media.example === undefined)
    throw new Error(`${operation.operationId} has no example of its body; add one in contract/`)
  return { params, body: await withThings(media?.example, things) }
}

/** Of something of ours; a tax number is the tax office's. */
const isReference = (field: string) => /_ids?$/.test(field) && field !== 'tax_id'

/** The fields at the top of a body that name things, filled with real ones. */
async function withThings(example: unknown, things: Things): Promise<unknown> {
  if (typeof example !== 'object' || example === null || Array.isArray(example)) return example
  const fields = Object.entries(example).map(async ([field, value]): Promise<[string, unknown]> => {
    if (!isReference(field)) return [field, value]
    const id = await things.ofField(field)
    return [field, Array.isArray(value) ? [id] : id]
  })
  return Object.fromEntries(await Promise.all(fields))
}

function send(
  operation: Operation,
  { params, body }: Request,
  { key, query = '', type }: { key?: string; query?: string; type?: string } = {},
): Promise<Reply> {
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name: string) => params[name] ?? '')
  return api.send(operation.method, path + query, {
    ...(key !== undefined && { key }),
    ...(body !== undefined && { body }),
    ...(type !== undefined && { headers: { 'Content-Type': type } }),
  })
}

/** In the published envelope, and with nothing of the inside of the server. */
function expectError(reply: Reply, allowed: readonly number[], what: string) {
  expect(allowed, `${what}: ${JSON.stringify(reply.body).slice(0, 300)}`).toContain(reply.status)
  const { success, data } = ErrorResponse.strict().safeParse(reply.body)
  expect(success, `${what}: no published error, ${JSON.stringify(reply.body).slice(0, 300)}`).toBe(
    true,
  )
  const said = [data?.message, ...Object.values(data?.errors ?? {}).flat()].join('\n')
  expect(said, what).not.toMatch(/node_modules|\.ts\b|select |relation "|undefined|\[object/i)
}

/** Nothing comes of what is asked meanwhile. */
async function leavingNothing(ask: () => Promise<void>) {
  await ask()
  const before = found
  found = await footprint(api)
  expect(found).toEqual(before)
}

describe('without a key', () => {
  const closed = operations.filter(([, { open }]) => !open)

  it.each(closed)('is refused: %s', (_, operation) =>
    leavingNothing(async () => {
      const reply = await send(operation, await requestOf(operation, whose(operation)))
      expectError(reply, [401], 'no key')
      expect(reply.body.error_code).toBe('AUTHENTICATION_REQUIRED')
    }),
  )
})

describe("with somebody else's things", () => {
  const naming = operations.filter(([, operation]) => {
    const example = json(operation)?.example
    const fields = typeof example === 'object' && example !== null ? Object.keys(example) : []
    return !isOperators(operation) && (operation.path.includes('{') || fields.some(isReference))
  })

  it.each(naming)('is not found, each for itself: %s', (_, operation) =>
    leavingNothing(async () => {
      const mine = await requestOf(operation, stranger)
      const theirs = await requestOf(operation, owner)
      const { key } = stranger.client
      for (const name of Object.keys(mine.params)) {
        const params = { ...mine.params, [name]: theirs.params[name] ?? '' }
        expectError(await send(operation, { ...mine, params }, { key }), [404], name)
      }
      for (const [field, value] of Object.entries(theirs.body ?? {})) {
        if (!isReference(field)) continue
        const body = { ...(mine.body as object), [field]: value }
        const reply = await send(operation, { ...mine, body }, { key })
        const other = otherAnswers[`${operation.operationId}.${field}`]
        if (other !== undefined) expect(reply.status, other[1]).toBe(other[0])
        else expectError(reply, [404], field)
      }
    }),
  )
})

describe('without being an operator', () => {
  it.each(operations.filter(([, operation]) => isOperators(operation)))(
    'is refused, whatever is sent: %s',
    (_, operation) =>
      leavingNothing(async () => {
        const request = await requestOf(operation, operator)
        const { key } = owner.client
        const bodies = request.body === undefined ? [undefined] : [request.body, { wrong: true }]
        for (const body of bodies) {
          const reply = await send(operation, { ...request, body }, { key, query: '?page=x' })
          expectError(reply, [403], 'an owner')
          expect(reply.body.error_code).toBe('PERMISSION_DENIED')
        }
      }),
  )
})

describe('with ids that are none', () => {
  const ids = [
    'x',
    'BRK-000000X',
    '%00',
    '%E0%A4%A',
    '..%2F..%2Fetc',
    '%F0%9F%92%A5',
    '9'.repeat(4000),
  ]
  const withIds = operations.filter(([, { path }]) => path.includes('{'))

  it.each(withIds)('is not found: %s', (_, operation) =>
    leavingNothing(async () => {
      const request = await requestOf(operation, whose(operation))
      const { key } = whose(operation).client
      const asked = Object.keys(request.params).flatMap((name) =>
        ids.map(async (id) => {
          const params = { ...request.params, [name]: id }
          const reply = await send(operation, { ...request, params }, { key })
          expectError(reply, [400, 404], `${name} is ${id.slice(0, 40)}`)
        }),
      )
      await Promise.all(asked)
    }),
  )
})

describe('with a body that the document forbids', () => {
  const taking = operations.filter(([, { body }]) => Object.keys(body).length > 0)

  it.each(taking)('is refused: %s', (_, operation) =>
    leavingNothing(async () => {
      const request = await requestOf(operation, whose(operation))
      const { key } = whose(operation).client
      const asked = wrongRequests(operation, request).map(async ({ what, value, type }) => {
        const reply = await send(operation, { ...request, body: value }, { key, ...type })
        // A file has to be announced before there is anything to send it to.
        const announced = json(operation) === undefined ? [404] : []
        expectError(reply, [400, 413, 415, ...announced], what)
      })
      expect(asked.length).toBeGreaterThan(2)
      await Promise.all(asked)
    }),
  )
})

function wrongRequests(
  operation: Operation,
  { body }: Request,
): (Wrong & { type?: { type: string } })[] {
  const media = json(operation)
  if (media === undefined) {
    const [type = ''] = Object.keys(operation.body)
    return ['', 'junk', '\0'.repeat(1000)].map((value) => ({
      what: JSON.stringify(value.slice(0, 20)),
      value,
      type: { type },
    }))
  }
  return [
    { what: 'half of a body', value: '{"' },
    { what: 'not JSON', value: 'vm_name=web-1' },
    ...wrongBodies(document, media.schema ?? {}, body),
  ]
}

describe('with a query or a header that the document forbids', () => {
  const asking = operations.filter(([, { parameters }]) =>
    parameters.some((each) => each.in !== 'path'),
  )

  it.each(asking)('is refused: %s', (_, operation) =>
    leavingNothing(async () => {
      const request = await requestOf(operation, whose(operation))
      const { key } = whose(operation).client
      for (const parameter of operation.parameters.filter((each) => each.in === 'query')) {
        for (const { what, value } of wrongQueries(document, parameter)) {
          const query = `?${parameter.name}=${value}`
          expectError(await send(operation, request, { key, query }), [400], what)
        }
      }
      if (!operation.parameters.some(({ name }) => name === 'idempotency-key')) return
      for (const value of ['a b', 'a'.repeat(256), '\u00e9']) {
        const path = operation.path.replace(/\{(\w+)\}/g, (__, name) => request.params[name] ?? '')
        const headers = { 'Idempotency-Key': value }
        const reply = await api.send(operation.method, path, { key, headers, body: request.body })
        expectError(reply, [400], `Idempotency-Key is ${value.slice(0, 20)}`)
      }
    }),
  )
})

it('is walked by a server that has every operation of the document, and no other', async () => {
  const { body } = await api.send('GET', '/openapi.json')
  const names = parseDocument(body).operations.map(({ operationId }) => operationId)
  expect(names).toEqual(all)
  expect(new Set(names).size).toBe(names.length)
})

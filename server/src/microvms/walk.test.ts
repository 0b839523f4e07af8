/** Asks for every operation of the microVM API in every way in which it must be refused, by the document. */
import { readFileSync } from 'node:fs'
import { ErrorDetail, HTTPValidationError } from '@garrison/contract/microvms/common'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Api, createApi } from '../testing/api.ts'
import { footprint } from '../testing/footprint.ts'
import { type Operation, parseDocument } from '../testing/walk/document.ts'
import { wrongBodies, wrongQueries } from '../testing/walk/wrong-values.ts'

const document = parseDocument(
  JSON.parse(readFileSync(new URL('../../../openapi.json', import.meta.url), 'utf8')),
)
const operations = document.operations
  .filter(({ dialect }) => dialect === 'microvms')
  .map((each) => [each.operationId, each] as const)

let api: Api
let key: string
let ids: Record<string, string>
beforeAll(async () => {
  const limits = { reads_per_minute: 1_000_000, writes_per_minute: 1_000_000 }
  api = await createApi({ config: { limits } })
  api.startRunner()
  const me = await api.client()
  key = me.key
  const { body: vm } = await me.post('/v1/vms', {})
  const { body: taken } = await me.post(`/v1/vms/${vm.vm_id}/snapshot`, {})
  const { body: task } = await me.post('/execute_async', { command: 'x' })
  await api.services.executions.idle()
  ids = {
    ...{ vm_id: vm.vm_id, session_id: vm.session_id, snapshot_id: taken.snapshot_id },
    execution_id: task.task_id,
  }
})
afterAll(() => api.close())

const fill = (path: string, params: Record<string, string> = ids) =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => params[name] ?? 'none')

type Reply = Awaited<ReturnType<Api['send']>>

function expectError(reply: Reply, allowed: readonly number[], what: string) {
  expect(allowed, `${what}: ${JSON.stringify(reply.body).slice(0, 300)}`).toContain(reply.status)
  const form = reply.status === 422 ? HTTPValidationError.strict() : ErrorDetail.strict()
  const { success } = form.safeParse(reply.body)
  expect(success, `${what}: no published error, ${JSON.stringify(reply.body)}`).toBe(true)
  expect(JSON.stringify(reply.body), what).not.toMatch(/node_modules|\.ts\b|select |relation "/)
}

async function leavingNothing(ask: () => Promise<void>) {
  const before = await footprint(api)
  await ask()
  expect(await footprint(api)).toEqual(before)
}

/** The document's own example, about things that are there. */
const media = ({ body }: Operation) => {
  const found = body['application/json']
  if (found === undefined) return undefined
  const fields = Object.entries((found.example ?? {}) as object)
  return {
    ...found,
    example: Object.fromEntries(fields.map(([name, value]) => [name, ids?.[name] ?? value])),
  }
}

it('there are all of them', () => {
  expect(operations.length).toBeGreaterThan(25)
  for (const [name, { parameters, open }] of operations) {
    if (open) continue
    expect(
      parameters.map((each) => each.name),
      name,
    ).toContain('X-API-Key')
  }
})

it.each(operations.filter(([, { open }]) => !open))(
  'without a key is refused: %s',
  (_, operation) =>
    leavingNothing(async () => {
      const reply = await api.send(operation.method, fill(operation.path), {
        body: media(operation)?.example,
      })
      expectError(reply, [401], 'no key')
    }),
)

const named = operations.filter(([, { path }]) => path.includes('{'))

it.each(named)('with an id that is none is not found: %s', (_, { method, path, parameters }) =>
  leavingNothing(async () => {
    const [name] = parameters.filter((each) => each.in === 'path').map((each) => each.name)
    for (const id of ['x', '%00', '%E0%A4%A', '..%2F..%2Fetc', '9'.repeat(4000), 'vm_0']) {
      const filled = fill(path, { [String(name)]: id })
      const reply = await api.send(method, filled, { key, ...(method !== 'GET' && { body: {} }) })
      expectError(reply, [404, 422], id.slice(0, 20))
    }
  }),
)

describe('what the document forbids is refused', () => {
  const taking = operations.filter(([, operation]) => media(operation) !== undefined)

  it.each(taking)('in a body: %s', (_, operation) =>
    leavingNothing(async () => {
      const { schema = {}, example } = media(operation) ?? {}
      const wrong = [...wrongBodies(document, schema, example)]
      expect(wrong.length).toBeGreaterThan(2)
      for (const { what, value } of [{ what: 'no JSON', value: '{"' }, ...wrong]) {
        const reply = await api.send(operation.method, fill(operation.path), { key, body: value })
        // A key that stands in the body is wrong before anything else is.
        expectError(reply, [422, 413, 401], what)
      }
    }),
  )

  const asking = operations.filter(([, { parameters }]) =>
    parameters.some((each) => each.in === 'query'),
  )

  it.each(asking)('in a query: %s', (_, operation) =>
    leavingNothing(async () => {
      for (const parameter of operation.parameters.filter((each) => each.in === 'query')) {
        for (const { what, value } of wrongQueries(document, parameter)) {
          const path = `${fill(operation.path)}?${parameter.name}=${value}`
          const body = media(operation)?.example
          expectError(await api.send(operation.method, path, { key, body }), [422], what)
        }
      }
    }),
  )
})

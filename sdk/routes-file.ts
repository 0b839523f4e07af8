/** The table of routes, made of the OpenAPI document: what a request looks like, and what comes back. */
import type { openApiDocument } from '@garrison/contract/openapi'
import { nameOf } from './naming.ts'
import type { Route } from './route.ts'

/** As much of OpenAPI as is looked at. */
type Schema = {
  readonly $ref?: string
  readonly type?: string
  readonly properties?: Readonly<Record<string, Schema>>
}
type Content = Readonly<Record<string, { readonly schema?: Schema }>>
type Parameter = { readonly name: string; readonly in: string; readonly required?: boolean }
type Operation = {
  readonly operationId: string
  /** Of another API than the SDK's. */
  readonly 'x-dialect'?: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Content; readonly required?: boolean }
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>
}
type Document = {
  readonly paths: Readonly<Record<string, Partial<Record<Verb, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}
type Verb = (typeof methods)[number]

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const
/** How lists call the size of a page; all of them count pages from 1. */
const pageSizes = ['page_size', 'pageSize', 'limit'] as const

const head = `/**
 * Written by "npm run openapi" from contract/; see routes-file.ts. Each method of the SDK with the operation
 * behind it. Types come from contract/, by the operation's id.
 */

export const routes = {`

/** @throws Error when two operations would have one name: naming.ts has to tell them apart. */
export function routesFile(openApi: ReturnType<typeof openApiDocument>): string {
  const document = openApi as unknown as Document
  const namespaces = new Map<string, Map<string, Route>>()
  for (const { operationId, path, route } of operationsOf(document)) {
    const { namespace, method } = nameOf(operationId, path)
    const ours = namespaces.get(namespace) ?? new Map<string, Route>()
    const taken = ours.get(method)
    if (taken !== undefined) {
      throw new Error(
        `${taken.id} and ${operationId} would both be ${namespace}.${method}: name one of them in sdk/naming.ts`,
      )
    }
    namespaces.set(namespace, ours.set(method, route))
  }
  const lines = [...namespaces].flatMap(([namespace, ours]) => [
    `  ${namespace}: {`,
    ...[...ours].flatMap(([method, route]) => written(method, route)),
    '  },',
  ])
  return `${[head, ...lines, '} as const'].join('\n')}\n`
}

const widestLine = 100

/** As the formatter would. */
function written(method: string, route: Route) {
  const fields = Object.entries(route).map(([key, value]) => `${key}: '${value}'`)
  const line = `    ${method}: { ${fields.join(', ')} },`
  if (line.length <= widestLine) return [line]
  return [`    ${method}: {`, ...fields.map((field) => `      ${field},`), '    },']
}

function operationsOf(document: Document) {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const operation = item[method]
      if (operation === undefined || operation['x-dialect'] !== undefined) return []
      const { operationId } = operation
      return [{ operationId, path, route: routeOf(document, method, path, operation) }]
    }),
  )
}

function routeOf(document: Document, method: Verb, path: string, operation: Operation): Route {
  const { operationId: id, parameters = [] } = operation
  const query = parameters.filter((each) => each.in === 'query')
  const write = parameters.some((each) => each.name === 'idempotency-key')
  const input = inputOf(operation, query)
  const answer = answerOf(operation)
  return {
    id,
    method: method.toUpperCase() as Route['method'],
    path,
    ...(input && { input }),
    ...(answer !== 'json' && { answer }),
    ...(write && { safety: 'idempotency-key' as const }),
    ...(answer === 'json' && streamsToo(operation)),
    ...(answer === 'json' && pagesOf(document, operation, query)),
  }
}

function inputOf({ requestBody }: Operation, query: readonly Parameter[]) {
  if (requestBody !== undefined) {
    if (requestBody.content['application/json'] === undefined) return 'bytes'
    return requestBody.required ? 'body' : 'body?'
  }
  if (query.length === 0) return null
  return query.some((each) => each.required) ? 'query' : 'query?'
}

function answerOf({ responses }: Operation) {
  if (responses['101'] !== undefined) return 'websocket'
  const content = responses['200']?.content ?? {}
  if ('application/json' in content) return 'json'
  return 'text/event-stream' in content ? 'events' : 'bytes'
}

/** An answer that can come as events, too, to whoever accepts those. */
const streamsToo = ({ responses }: Operation) =>
  'text/event-stream' in (responses['200']?.content ?? {}) ? { streams: 'too' as const } : null

/** Lists that come in pages: the field with the rows, and how the size of a page is asked for. */
function pagesOf(document: Document, { responses }: Operation, query: readonly Parameter[]) {
  const asks = (name: string) => query.some((each) => each.name === name)
  const size = pageSizes.find(asks)
  if (size === undefined) return null
  const schema = responses['200']?.content?.['application/json']?.schema
  const { properties = {} } = resolved(document, schema)
  // What is paged comes last, just before the pages.
  const rows = Object.entries(properties).findLast(([, each]) => each.type === 'array')
  if (rows === undefined) return null
  if (asks('page')) return { rows: rows[0], size }
  const goesOn = asks('after') && 'next_after' in properties
  return goesOn ? { rows: rows[0], size, cursor: 'after' as const } : null
}

function resolved({ components }: Document, schema: Schema = {}): Schema {
  const name = schema.$ref?.split('/').at(-1)
  return name === undefined ? schema : (components.schemas[name] ?? {})
}

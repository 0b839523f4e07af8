/**
 * Calls of our API that a model advises. They are held against the contract, and that is all that is done
 * with them: whoever asked may send them.
 */
import { isWrite } from '@garrison/contract/access'
import type { Role } from '@garrison/contract/accounts/roles'
import { may } from '@garrison/contract/accounts/roles'
import { api } from '@garrison/contract/api'
import type { ProposedCall } from '@garrison/contract/assistant/chat'
import { openApiDocument } from '@garrison/contract/openapi'
import { describeIssues } from '@garrison/contract/validation-words'
import { z } from 'zod'

/** What is known of a route, whatever its own types are. */
type Route = {
  readonly operationId: string
  readonly method: string
  readonly path: string
  readonly summary: string
  readonly 'x-access'?: unknown
  readonly request?: {
    readonly params?: z.ZodType
    readonly body?: { readonly content: Readonly<Record<string, { readonly schema?: unknown }>> }
  }
}

const methods = ['POST', 'PUT', 'PATCH', 'DELETE'] as const
const methodOf = (route: Route) => methods.find((each) => each === route.method.toUpperCase())

const jsonSchemaOf = ({ request }: Route) => {
  const schema = request?.body?.content['application/json']?.schema
  return schema instanceof z.ZodType ? schema : null
}

function isProposable(route: Route) {
  if (!isWrite(route) || methodOf(route) === undefined) return false
  if (route.operationId === 'createChatCompletion') return false
  // Files are not for a model to write.
  return route.request?.body === undefined || jsonSchemaOf(route) !== null
}

const routes = (Object.values(api) as readonly Route[]).filter(isProposable)

const forOperators = ({ path }: Route) => path.startsWith('/api/operator/')

/** Names of the calls that a caller of this role could send. */
export const proposableCalls = (role: Role): string[] =>
  routes
    .filter((route) => !forOperators(route) || may(role, 'installation.operate'))
    .map((route) => route.operationId)

export type Proposal = {
  readonly operation: string
  readonly path_parameters?: Readonly<Record<string, string>> | undefined
  readonly body?: Readonly<Record<string, unknown>> | undefined
  readonly summary: string
}

/** The call, or what is wrong with it, in words that a model can mend it by. */
export function propose(
  { operation, path_parameters = {}, body, summary }: Proposal,
  role: Role,
): { readonly call: ProposedCall } | { readonly wrong: string } {
  const route = routes.find((each) => each.operationId === operation)
  const method = route && methodOf(route)
  if (route === undefined || method === undefined || !proposableCalls(role).includes(operation)) {
    return { wrong: `There is no call "${operation}"` }
  }
  const strange = Object.entries(path_parameters).find(([, value]) => !isId(value))
  if (strange !== undefined) return { wrong: `path_parameters: ${strange[0]} is no id` }
  const params = route.request?.params?.safeParse(path_parameters)
  if (params?.success === false) return { wrong: wordsOf('path_parameters', params.error) }
  const schema = jsonSchemaOf(route)
  const parsed = schema?.safeParse(body ?? {})
  if (parsed?.success === false) return { wrong: wordsOf('body', parsed.error) }
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    String(path_parameters[name]),
  )
  return {
    call: { method, path, body: schema === null ? null : known(body ?? {}, parsed?.data), summary },
  }
}

/** A proposal is for one thing: its path must not lead anywhere else when it is put together. */
const isId = (value: string) => /^[A-Za-z0-9_-]{1,64}$/.test(value)

const wordsOf = (where: string, { issues }: z.ZodError) =>
  `${where}: ${JSON.stringify(describeIssues(issues))}`

/** What the API would not read is not shown either. */
const known = (body: Readonly<Record<string, unknown>>, read: unknown) =>
  Object.fromEntries(
    Object.entries(body).filter(([name]) => typeof read === 'object' && read && name in read),
  )

type Described = {
  requestBody?: { content: Record<string, { schema?: unknown }> }
  parameters?: { name: string; in: string }[]
  description?: string
}

let described: ReturnType<typeof openApiDocument> | undefined

/** What a call takes, as the document of the API says. Null: there is none of this name. */
export function describeCall(operation: string, role: Role): object | null {
  const route = routes.find((each) => each.operationId === operation)
  if (route === undefined || !proposableCalls(role).includes(operation)) return null
  described ??= openApiDocument()
  const paths = (described.paths ?? {}) as Record<string, Record<string, Described>>
  const found = paths[route.path]?.[route.method]
  const schema = found?.requestBody?.content['application/json']?.schema
  return {
    operation,
    method: route.method.toUpperCase(),
    path: route.path,
    summary: route.summary,
    ...(found?.description !== undefined && { description: found.description }),
    path_parameters: (found?.parameters ?? []).flatMap((each) =>
      each.in === 'path' ? each.name : [],
    ),
    body: schema === undefined ? null : resolved(schema),
  }
}

const deepest = 8

/** Without references, which a model has nothing to look up in. */
function resolved(value: unknown, depth = 0): unknown {
  if (Array.isArray(value)) return value.map((each) => resolved(each, depth + 1))
  if (typeof value !== 'object' || value === null) return value
  if (depth > deepest) return {}
  if ('$ref' in value && typeof value.$ref === 'string') {
    const name = value.$ref.replace('#/components/schemas/', '')
    const schemas: Record<string, unknown> = described?.components?.schemas ?? {}
    return resolved(schemas[name], depth + 1)
  }
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => name !== 'example')
      .map(([name, each]) => [name, resolved(each, depth + 1)]),
  )
}

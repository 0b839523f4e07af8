/** The OpenAPI 3.1 document of the whole API. */
import { OpenAPIHono } from '@hono/zod-openapi'
import { isWrite } from './access.ts'
import { api } from './api.ts'
import { errors, idempotencyKeyPattern } from './common.ts'
import { microvmApi } from './microvms/api.ts'
import { microvmErrors } from './microvms/common.ts'

const description = `
Machines on hardware of your own: deploy them, log in over SSH, take snapshots, restore them.

Every answer carries a \`request_id\`, also as the header \`X-Request-ID\`. Times are ISO 8601 in UTC.
Paths work with and without the slash at the end. Changes that take time answer at once with the status
they go through; read the details, or the operation, to see them finish.
`.trim()

const tags = [
  { name: 'Catalog', description: 'Regions, flavors, GPUs, OS images and prices.' },
  { name: 'SSH keys', description: 'Public keys that new instances let in.' },
  { name: 'Startup scripts', description: 'What new instances run on their first boot.' },
  { name: 'Instances', description: 'Machines: deploy, start, stop, reboot, delete.' },
  {
    name: 'Console',
    description:
      'Looking into a machine: serial console, display, what it printed and what it uses.',
  },
  { name: 'Deploy requests', description: 'Deployments that wait for room.' },
  { name: 'Firewalls', description: 'Sets of rules for what may reach instances, and leave them.' },
  { name: 'Snapshots', description: 'A point in time of a machine, to be restored as a new one.' },
  {
    name: 'Volumes',
    description: 'Disks with a life of their own, which machines have for a while.',
  },
  {
    name: 'Snapshot policies',
    description: 'Snapshots that are taken, and thinned out again, by themselves.',
  },
  { name: 'Custom images', description: 'Made from snapshots, to deploy new machines from.' },
  { name: 'Operations', description: 'Changes that take time: what they do and how they end.' },
  { name: 'Account', description: 'Its profile, its people, its keys.' },
  { name: 'Billing', description: 'Credits, budgets, and what was charged.' },
  { name: 'Events', description: 'What happens, as it happens.' },
  { name: 'Webhooks', description: 'The same, told to servers of yours.' },
  { name: 'Operator', description: 'For whoever runs the installation; others get 403.' },
  { name: 'AI chat', description: 'Models to ask, which may read what you have, and their cost.' },
  {
    name: 'MicroVM snapshots',
    description:
      'What microVMs begin as. This and all else about microVMs has errors of its own form.',
  },
  { name: 'MicroVMs', description: 'Machines that run in milliseconds and end by themselves.' },
  { name: 'Sessions', description: 'Names for microVMs that are made when they are needed.' },
  { name: 'Execution', description: 'Running code in microVMs; files to and from them.' },
  { name: 'Terminals', description: 'Programs in microVMs with a terminal, over websockets.' },
  { name: 'Egress', description: 'What microVMs may reach.' },
  { name: 'Shares', description: 'Ports of microVMs at addresses of their own.' },
  { name: 'Volumes of microVMs', description: 'Files that outlive them, without a mount yet.' },
  {
    name: 'Account of microVMs',
    description: 'The same keys, audit log and credits, as clients of this API know them.',
  },
  { name: 'Webhooks of microVMs', description: 'The same webhooks, likewise.' },
  { name: 'Health', description: 'For whatever watches the server.' },
]

const securitySchemes = {
  apiKey: {
    type: 'apiKey',
    in: 'header',
    name: 'Authorization',
    description: 'The word `Api-Key`, a space, and your key: `Authorization: Api-Key brk_…`',
  },
  xApiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'Your key alone.' },
  consoleToken: {
    type: 'apiKey',
    in: 'query',
    name: 'token',
    description: 'A token of `POST …/console-token/`, for websockets only.',
  },
  OAuth2PasswordBearer: {
    type: 'oauth2',
    flows: { password: { scopes: {}, tokenUrl: '/v1/token' } },
    description: 'Of the microVM API; a key as a bearer token does too.',
  },
  bearer: { type: 'http', scheme: 'bearer', description: 'Your key as a bearer token.' },
} as const

/** Every write is refused to a key that may only read. */
function withRefusal(route: (typeof api)[keyof typeof api]) {
  return isWrite(route) ? { ...route, responses: { ...errors(403), ...route.responses } } : route
}

type MicrovmRoute = (typeof microvmApi)[keyof typeof microvmApi]

const keyHeader = {
  name: 'X-API-Key',
  in: 'header',
  required: false,
  schema: { anyOf: [{ type: 'string' }, { type: 'null' }], title: 'X-Api-Key' },
} as const

const idempotencyHeader = {
  name: 'idempotency-key',
  in: 'header',
  required: false,
  schema: { type: 'string', pattern: idempotencyKeyPattern.source },
  description:
    'The same key with the same body answers what the first request answered, for 24 hours; 409 while that one runs.',
} as const

/**
 * As published: the key is a parameter of each as well. Its schema is null or text, so nobody checks it. And
 * what every write of this dialect takes besides, and every refusal that this brings.
 */
function withMicrovmHeaders(document: ReturnType<typeof generated>) {
  const routes = new Map<string, MicrovmRoute>(
    Object.values(microvmApi)
      .filter(({ security }) => security.every((way) => Object.keys(way).length > 0))
      .map((route) => [route.operationId, route]),
  )
  for (const path of Object.values(document.paths ?? {})) {
    for (const operation of Object.values(path)) {
      const route = routes.get(operation.operationId)
      if (route === undefined) continue
      const more = isWrite(route) && route.method !== 'get' ? [idempotencyHeader] : []
      operation.parameters = [...(operation.parameters ?? []), keyHeader, ...more]
    }
  }
  return document
}

/** Every write is refused to a key that may only read, and while one with its Idempotency-Key runs; an engine may fail. */
function withMicrovmRefusals(route: MicrovmRoute) {
  if (!isWrite(route)) return route
  return { ...route, responses: { ...microvmErrors(403, 409, 502), ...route.responses } }
}

export function openApiDocument() {
  return withMicrovmHeaders(generated())
}

function generated() {
  const { openAPIRegistry: registry, getOpenAPI31Document } = new OpenAPIHono()
  for (const [name, scheme] of Object.entries(securitySchemes)) {
    registry.registerComponent('securitySchemes', name, scheme)
  }
  for (const route of Object.values(api)) registry.registerPath(withRefusal(route))
  for (const route of Object.values(microvmApi)) registry.registerPath(withMicrovmRefusals(route))
  const document = getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'Garrison API',
      version: '0.1.0',
      description,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    servers: [{ url: '/', description: 'The server that you read this on' }],
    tags,
  })
  return {
    ...document,
    components: {
      ...document.components,
      // By name, so that a new route does not move what was there.
      schemas: Object.fromEntries(
        Object.entries(document.components?.schemas ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)),
      ),
    },
  }
}

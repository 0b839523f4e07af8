/** A Garrison as an object: a namespace for each resource, a method for each operation of the API. */
import { createConsoles } from './consoles.ts'
import { paged } from './pages.ts'
import type { Route } from './route.ts'
import { routes } from './routes.ts'
import { readEvents, streamEvents } from './server-sent-events.ts'
import { createTransfer } from './transfer.ts'
import { createTransport, type Request, type Transport } from './transport.ts'
import type { Bytes, CallOptions, Namespaces, Query } from './types.ts'
import { createWaiting } from './waiting.ts'

export type GarrisonOptions = {
  /** Where the server is, such as `https://cloud.example.org`; in a browser, left out: where the page is from. */
  readonly url?: string
  /** An API key. Left out: the session of a browser that has signed in. */
  readonly key?: string
  /** Of one attempt, until the answer begins, in ms; default: 60,000. */
  readonly timeoutMs?: number
  /** Attempts after the first one, where that helps; default: 4. */
  readonly retries?: number
  /** The wait before the first retry, in ms, doubled for each further one; default: 500. */
  readonly retryDelayMs?: number
  /** In place of the platform's own. */
  readonly fetch?: typeof fetch
}

type Helpers = ReturnType<typeof helpersOf>
export type Garrison = {
  readonly [N in keyof Namespaces]: N extends keyof Helpers
    ? Omit<Namespaces[N], keyof Helpers[N]> & Helpers[N]
    : Namespaces[N]
} & ReturnType<typeof createWaiting> & {
    /** Asks for a path that no method is for, and answers what `fetch` does. */
    readonly request: (method: string, path: string, options?: RawOptions) => Promise<Response>
  }
/** `body`: a form, or what JSON can say. */
type RawOptions = CallOptions & { readonly body?: unknown }

/** What a method does beyond its operation, or in place of it. */
function helpersOf(transport: Transport, namespaces: Namespaces) {
  const { waitUntil } = createWaiting(namespaces)
  return {
    instances: { ...createConsoles(transport, namespaces), waitUntil },
    snapshots: createTransfer(namespaces),
  }
}

function createGarrison({
  url = '',
  key,
  timeoutMs = 60_000,
  retries = 4,
  retryDelayMs = 500,
  fetch: fetchOf = (...args) => fetch(...args),
}: GarrisonOptions = {}): Garrison {
  const transport = createTransport({
    ...{ url, key: key ?? null, timeoutMs, retries, retryDelayMs, fetch: fetchOf },
  })
  const namespaces = mapValues(routes, (methods: Readonly<Record<string, Route>>) =>
    mapValues(methods, (route) => methodOf(transport, route)),
  ) as unknown as Namespaces
  const helpers: Readonly<Record<string, object>> = helpersOf(transport, namespaces)
  return {
    ...mapValues({ ...helpers, ...namespaces }, (methods, name) => ({
      ...methods,
      ...helpers[name],
    })),
    ...createWaiting(namespaces),
    request: (method: string, path: string, { body, ...options }: RawOptions = {}) =>
      transport.send(requestOf({ method, path, safe: method === 'GET', body, options })),
  } as unknown as Garrison
}

/** `new Garrison({ url, key })`. */
export const Garrison = createGarrison as unknown as new (options?: GarrisonOptions) => Garrison

function methodOf(transport: Transport, route: Route) {
  const method = (...args: unknown[]) => call(transport, route, callOf(route, args))
  const stream = (...args: unknown[]) => streamed(transport, route, callOf(route, args))
  return route.streams === undefined ? method : Object.assign(method, { stream })
}

function callOf(route: Route, args: readonly unknown[]): Call {
  const names = route.path.match(/\{\w+\}/g) ?? []
  const path = names.reduce(
    (text, name, index) => text.replace(name, encodeURIComponent(idOf(args[index], name, route))),
    route.path,
  )
  const rest = args.slice(names.length)
  const input = route.input === undefined ? undefined : rest.shift()
  return { path, input, options: (rest.shift() ?? {}) as CallOptions }
}

/** An empty one would make the path another operation's. */
function idOf(value: unknown, name: string, { id }: Route): string {
  if (typeof value === 'string' && value !== '') return value
  throw new TypeError(`${id} needs ${name.slice(1, -1)} as a text that is not empty`)
}

type Call = { readonly path: string; readonly input: unknown; readonly options: CallOptions }

function call(transport: Transport, route: Route, { path, input, options }: Call) {
  const asQuery = route.input?.startsWith('query') ? (input as Query | undefined) : undefined
  const request = (more: Query = {}): Request =>
    requestOf({
      method: route.method,
      path,
      safe: route.method === 'GET',
      keyed: route.safety !== undefined,
      ...(route.input === 'bytes' && { bytes: input as Bytes }),
      ...(route.input?.startsWith('body') && { body: input ?? {} }),
      options: { ...options, query: { ...options.query, ...asQuery, ...more } },
    })
  if (route.answer === 'events') return streamEvents(transport, request())
  if (route.answer === 'bytes') return transport.send(request())
  const json = async (more?: Query) =>
    (await transport.send(request(more))).json() as Promise<Record<string, unknown>>
  const { rows } = route
  if (rows === undefined) return json()
  return paged(json, (answer) => answer[rows] as readonly unknown[])
}

/** Of an operation that answers at once, too, unless it is asked for events. */
function streamed(transport: Transport, route: Route, { path, input, options }: Call) {
  const headers = { ...options.headers, Accept: 'text/event-stream' }
  const { method } = route
  if (method === 'GET') {
    const query = { ...options.query, ...(input as Query) }
    const request = { method, path, safe: true, options: { ...options, headers, query } }
    return streamEvents(transport, requestOf(request))
  }
  const body = { ...(input as object), stream: true }
  const request = { method, path, safe: false, body, options: { ...options, headers } }
  return readAnswer(transport, requestOf(request))
}

async function* readAnswer(transport: Transport, request: Request) {
  yield* readEvents(await transport.send(request))
}

type RequestParts = {
  readonly method: string
  readonly path: string
  /** It changes nothing. */
  readonly safe: boolean
  /** It may carry an `Idempotency-Key`. */
  readonly keyed?: boolean
  readonly body?: unknown
  readonly bytes?: Bytes
  readonly options: CallOptions
}

function requestOf({ method, path, safe, keyed = false, body, bytes, options }: RequestParts) {
  const { signal, timeoutMs, retries, query = {}, headers } = options
  const idempotencyKey = options.idempotencyKey ?? (keyed ? crypto.randomUUID() : null)
  return {
    method,
    path: path + queryText(query),
    headers: {
      Accept: 'application/json',
      ...(body !== undefined && !isForm(body) && { 'Content-Type': 'application/json' }),
      ...(bytes !== undefined && { 'Content-Type': 'application/octet-stream' }),
      ...(idempotencyKey !== null && { 'Idempotency-Key': idempotencyKey }),
      ...headers,
    },
    body: bytes ?? (isForm(body) ? body : body === undefined ? null : JSON.stringify(body)),
    signal,
    timeoutMs,
    retries,
    repeatable: safe || idempotencyKey !== null,
  } satisfies Request
}

/** Of which fetch itself says what type it is. */
const isForm = (body: unknown): body is FormData | URLSearchParams =>
  body instanceof FormData || body instanceof URLSearchParams

function queryText(query: Query): string {
  const parameters = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null) continue
    // Lists are one value, with commas.
    parameters.append(name, value instanceof Date ? value.toISOString() : String(value))
  }
  const text = parameters.toString()
  return text === '' ? '' : `?${text}`
}

function mapValues<V, R>(
  object: Readonly<Record<string, V>>,
  change: (value: V, key: string) => R,
) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]))
}

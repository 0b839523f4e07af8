/**
 * The API, typed by its contract: paths, parameters, bodies and answers are those of the routes in
 * `contract/`, of which only the types come here. The browser adds the session's cookie.
 */
import type { api } from '@garrison/contract/api'
import type { microvmApi } from '@garrison/contract/microvms/api'
import { heardTime } from './clock.ts'
import { ApiError, errorOf } from './errors.ts'

type Routes = typeof api & typeof microvmApi
type Route = Routes[keyof Routes]
type Method = Route['method']

type Parsed<S> = S extends { _zod: { output: infer O } } ? O : never
type Given<S> = S extends { _zod: { input: infer I } } ? I : never

type Json<S> = { content: { 'application/json': { schema: S } } }
/** What a route answers when all went well. */
type AnswerOf<R> = R extends { responses: { 200: Json<infer S> } }
  ? Parsed<S>
  : R extends { responses: { 201: Json<infer S> } }
    ? Parsed<S>
    : never
type Params<R> = R extends { request: { params: infer S } } ? { params: Given<S> } : object
type Query<R> = R extends { request: { query: infer S } } ? { query?: Loose<Given<S>> } : object
type BodyOf<R> = R extends {
  request: { body: { content: { 'application/json': { schema: infer S } } } }
}
  ? { body?: Given<S> }
  : object
/** Values of a query are text on the wire; what is undefined or empty is left out. */
type Loose<Q> = { [K in keyof Q]?: string | number | boolean | null | undefined }
type InputOf<R> = Params<R> & Query<R> & BodyOf<R> & { signal?: AbortSignal }

/** Path → what its route takes and answers. A table, so that each is worked out alone. */
type Table<M extends Method> = {
  [K in keyof Routes as Routes[K]['method'] extends M ? Routes[K]['path'] : never]: {
    args: object extends InputOf<Routes[K]>
      ? [input?: InputOf<Routes[K]>]
      : [input: InputOf<Routes[K]>]
    answer: AnswerOf<Routes[K]>
  }
}
export type PathOf<M extends Method> = keyof Table<M>
export type Args<M extends Method, P extends PathOf<M>> = Table<M>[P] extends {
  args: infer A extends [input?: AnyInput]
}
  ? A
  : never
export type Answer<M extends Method, P extends PathOf<M>> = Table<M>[P] extends { answer: infer A }
  ? A
  : never

/** What a route takes as its body. */
export type Body<M extends Method, P extends PathOf<M>> = NonNullable<
  NonNullable<Args<M, P>[0]> extends { body?: infer B } ? B : never
>

type AnyInput = {
  params?: Record<string, string>
  query?: Record<string, unknown>
  body?: unknown
  signal?: AbortSignal
}

export const get = <P extends PathOf<'get'>>(path: P, ...args: Args<'get', P>) =>
  send<Answer<'get', P>>('GET', path, args[0])
export const post = <P extends PathOf<'post'>>(path: P, ...args: Args<'post', P>) =>
  send<Answer<'post', P>>('POST', path, args[0])
export const put = <P extends PathOf<'put'>>(path: P, ...args: Args<'put', P>) =>
  send<Answer<'put', P>>('PUT', path, args[0])
export const patch = <P extends PathOf<'patch'>>(path: P, ...args: Args<'patch', P>) =>
  send<Answer<'patch', P>>('PATCH', path, args[0])
export const del = <P extends PathOf<'delete'>>(path: P, ...args: Args<'delete', P>) =>
  send<Answer<'delete', P>>('DELETE', path, args[0])

/** `/api/snapshots/{snapshot_id}/` with its parameters put in and its query behind. */
export function urlOf(path: string, { params = {}, query = {} }: AnyInput = {}): string {
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(params[name] ?? ''),
  )
  const search = new URLSearchParams(
    Object.entries(query).flatMap(([name, value]) =>
      value === undefined || value === null || value === '' ? [] : [[name, String(value)]],
    ),
  ).toString()
  return search === '' ? filled : `${filled}?${search}`
}

/** For what the contract does not describe: sign-in, which is the library's. */
export async function send<A>(method: string, path: string, input: AnyInput = {}): Promise<A> {
  const { body, signal } = input
  let response: Response
  try {
    response = await fetch(urlOf(path, input), {
      method,
      credentials: 'same-origin',
      headers: {
        Accept: 'application/json',
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        // The same request sent twice by a shaky line happens once.
        ...(method === 'POST' && path.startsWith('/api/') && !path.startsWith('/api/auth/')
          ? { 'Idempotency-Key': randomKey() }
          : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    })
  } catch (cause) {
    if (signal?.aborted) throw cause
    throw new ApiError({
      status: 0,
      code: 'NO_CONNECTION',
      message: 'The server cannot be reached. Check that it is up, then try again.',
    })
  }
  heardTime(response.headers.get('date'), Date.now())
  const text = await response.text()
  const answer = parse(text)
  if (!response.ok) throw errorOf(response, answer)
  return answer as A
}

/** Not `randomUUID`, which browsers have only behind TLS and on this machine. */
const randomKey = () =>
  [...crypto.getRandomValues(new Uint8Array(16))]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('')

function parse(text: string): unknown {
  if (text === '') return {}
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

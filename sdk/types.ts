/** The SDK's methods as types: its own table of routes, with what contract/ says of each. */
import type { api } from '@garrison/contract/api'
import type { Route } from './route.ts'
import type { routes } from './routes.ts'
import type { ServerSentEvent } from './server-sent-events.ts'

type Api = typeof api
type Contract<R extends Route> = R['id'] extends keyof Api ? Api[R['id']] : never

export type CallOptions = {
  /** Gives up at once when it is aborted. */
  readonly signal?: AbortSignal | undefined
  /** Of one attempt, until the answer begins; 0: no limit. Default: the client's. */
  readonly timeoutMs?: number
  /** Attempts after the first; default: the client's. */
  readonly retries?: number
  /**
   * Of a change: the same key with the same body does it once and answers the same, for 24 hours. One is
   * made for each call; give your own to send a change again from another process.
   */
  readonly idempotencyKey?: string
  /** Further query parameters. */
  readonly query?: Query
  readonly headers?: Readonly<Record<string, string>>
}

export type Query = Readonly<Record<string, QueryValue | readonly QueryValue[]>>
type QueryValue = string | number | boolean | Date | null | undefined

/** Names in braces become arguments. */
type PathArguments<Path> = Path extends `${string}{${string}}${infer Rest}`
  ? [id: string, ...PathArguments<Rest>]
  : []

type Schema<Media> = Media extends { content: { 'application/json': { schema: infer S } } }
  ? S
  : never

/** What a schema takes, and what it gives. */
type Takes<S> = S extends { _zod: { input: infer I } } ? I : never
type Gives<S> = S extends { _zod: { output: infer O } } ? O : never

type BodyOf<C> = C extends { request: { body: infer B } } ? Takes<Schema<B>> : never

/** What has a default may be left out, so all of it may. */
type QueryOf<C> = C extends { request: { query: infer Q } } ? Partial<Gives<Q>> : never

type JsonOf<C> = C extends { responses: { 200: infer A } } ? Gives<Schema<A>> : never

/** What fetch sends as it is. */
export type Bytes = Uint8Array<ArrayBuffer> | Blob | ReadableStream<Uint8Array<ArrayBuffer>>

type Input<R extends Route, C> = R extends { input: infer I }
  ? {
      body: [body: BodyOf<C>]
      'body?': [body?: BodyOf<C>]
      query: [query: QueryOf<C>]
      'query?': [query?: QueryOf<C>]
      bytes: [bytes: Bytes]
    }[I & NonNullable<Route['input']>]
  : []

/** One page; or, in `for await`, the rows of all pages from this one on. */
export type Page<Answer, Row> = Promise<Answer> & AsyncIterable<Row>

type RowOf<Answer, Rows> = Rows extends keyof Answer
  ? Answer[Rows] extends readonly (infer Row)[]
    ? Row
    : never
  : never

type Output<R extends Route, C> = R extends { answer: infer A }
  ? {
      /** The answer as fetch gives it: read its body as a stream. */
      bytes: Promise<Response>
      /** Goes on after a break where it was; ends when it is aborted. */
      events: AsyncIterable<ServerSentEvent>
      websocket: Promise<WebSocket>
    }[A & NonNullable<Route['answer']>]
  : R extends { rows: infer Rows }
    ? Page<JsonOf<C>, RowOf<JsonOf<C>, Rows>>
    : Promise<JsonOf<C>>

type Arguments<R extends Route, C> = [
  ...PathArguments<R['path']>,
  ...Input<R, C>,
  options?: CallOptions,
]

export type Method<R extends Route, C = Contract<R>> = ((
  ...args: Arguments<R, C>
) => Output<R, C>) &
  (R extends { streams: 'too' }
    ? {
        /** The same as it happens; what comes is what the document says of `text/event-stream`. */
        stream: (...args: Arguments<R, C>) => AsyncIterable<ServerSentEvent>
      }
    : unknown)

type Routes = typeof routes
export type Namespaces = {
  readonly [N in keyof Routes]: {
    readonly [M in keyof Routes[N]]: Routes[N][M] extends Route ? Method<Routes[N][M]> : never
  }
}

/** What every answer of the Barrack API shares, and who it is for. */
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { WebSocket } from 'ws'
import type { RequestCaller } from '../caller.ts'

/** Stands beside a request that asks for a websocket; whoever takes it gets one. */
export type Handshake = {
  take(taker: {
    readonly open: (socket: WebSocket) => void
    /** There will be none: the other side left in the middle of it. */
    readonly abandoned: () => void
  }): void
}

export type AppEnv = {
  /** `incoming` and `outgoing` only where somebody listens on a port. */
  Bindings: {
    handshake?: Handshake
    incoming?: { complete: boolean; destroyed: boolean }
    outgoing?: { destroy(): unknown }
  }
  Variables: {
    requestId: string
    /** From where they come; null where there is no connection, as in tests. */
    remoteAddress: string | null
    /** Null on public routes without a key. */
    caller: RequestCaller | null
  }
}

export type App = OpenAPIHono<AppEnv>
export type AppContext = Context<AppEnv>

export const envelope = (c: AppContext, message: string) => ({
  success: true as const,
  message,
  request_id: c.get('requestId'),
})

export const optionalCallerOf = (c: AppContext): RequestCaller | null => c.get('caller')

/** The caller of a route that needs one: authentication has made sure. */
export function callerOf(c: AppContext): RequestCaller {
  const caller = c.get('caller')
  if (caller === null) throw new Error(`${c.req.path} is public but asks for its caller`)
  return caller
}

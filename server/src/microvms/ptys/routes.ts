import { sessionPtys, vmPtys } from '@garrison/contract/microvms/ptys'
import type { Config } from '../../config.ts'
import type { Visitor } from '../../console/service.ts'
import { type AppContext, callerOf, optionalCallerOf } from '../../http/answers.ts'
import type { App } from '../../http/app.ts'
import type { Once } from '../../http/once.ts'
import type { OriginCheck } from '../../http/own-origin.ts'
import type { RateLimits } from '../../http/rate-limits.ts'
import { requireHandshake } from '../../http/websockets.ts'
import { ownOrigin } from '../../sign-in/origin.ts'
import { type Owner, type PtyService, type PtySession, WrongToken } from './service.ts'
import { ptyAnswer } from './view.ts'

type Deps = {
  config: Pick<Config, 'server'>
  limits: RateLimits
  origins: OriginCheck
  ptys: PtyService
  once: Once
}

/** A machine may have to be made for it. */
const longestMs = 120_000

type Issued = { pty: PtySession; token: string; expiresAt: Date }

export function ptyRoutes(app: App, { config, limits, origins, ptys, once }: Deps) {
  function connection(base: string, { pty, token, expiresAt }: Issued) {
    const connect_path = `${base}/${pty.id}/connect?token=${token}`
    return {
      ...ptyAnswer(pty),
      ...{ connect_token: token as string | null, connect_path },
      ws_url: ownOrigin(config).replace(/^http/, 'ws') + connect_path,
      token_expires_at: expiresAt.toISOString(),
    }
  }

  type Connection = ReturnType<typeof connection>

  /** Tokens are shown once. */
  const keepable = (body: Connection): Connection => {
    const withoutToken = (address: string) => address.replace(/\?token=.*$/, '')
    return {
      ...{ ...body, connect_token: null },
      ...{ connect_path: withoutToken(body.connect_path), ws_url: withoutToken(body.ws_url) },
    }
  }

  const connected = (c: AppContext, base: string, ask: (begins: () => void) => Promise<Issued>) =>
    once(c, { longestMs, keepable }, async ({ begins }) => connection(base, await ask(begins)))

  const changed = (c: AppContext, ask: () => Promise<PtySession>) =>
    once(c, { longestMs }, async () => ptyAnswer(await ask()))

  async function connect(c: AppContext, owner: Owner, id: string, token = '') {
    const visitor: Visitor = optionalCallerOf(c) ?? {
      token,
      requestId: c.get('requestId'),
      remoteAddress: c.get('remoteAddress'),
    }
    const { pty, place } = await ptys
      .enter(visitor, owner, id, () => {
        requireHandshake(c)
        origins.refuseForeign(c)
      })
      .catch(async (error: unknown) => {
        if (error instanceof WrongToken) await limits.countFailure(c, c.get('remoteAddress'))
        throw error
      })
    requireHandshake(c).take({
      open(socket) {
        place.attend((code, reason) => socket.close(code, reason))
        pty.terminal.attach(socket, place.leave)
      },
      abandoned: place.leave,
    })
    // Nobody sees it: the handshake answers in its own way.
    return c.body(null)
  }

  const vmBase = (id: string) => `/v1/vms/${id}/pty/sessions`
  const sessionBase = (id: string) => `/v1/sessions/${id}/pty/sessions`

  app.openapi(vmPtys.create, async (c) => {
    const { vm_id: vmId } = c.req.valid('param')
    const input = c.req.valid('json')
    const made = await connected(c, vmBase(vmId), (begins) =>
      ptys.create(callerOf(c), { vmId }, input, begins),
    )
    return c.json(made, 201)
  })
  app.openapi(sessionPtys.create, async (c) => {
    const { session_id: sessionId } = c.req.valid('param')
    const input = c.req.valid('json')
    const made = await connected(c, sessionBase(sessionId), (begins) =>
      ptys.create(callerOf(c), { sessionId }, input, begins),
    )
    return c.json(made, 201)
  })

  app.openapi(vmPtys.list, async (c) => {
    const found = await ptys.list(callerOf(c), { vmId: c.req.valid('param').vm_id })
    return c.json(found.map(ptyAnswer), 200)
  })
  app.openapi(sessionPtys.list, async (c) => {
    const found = await ptys.list(callerOf(c), { sessionId: c.req.valid('param').session_id })
    return c.json(found.map(ptyAnswer), 200)
  })

  app.openapi(vmPtys.get, async (c) => {
    const { vm_id: vmId, pty_id } = c.req.valid('param')
    return c.json(ptyAnswer(await ptys.get(callerOf(c), { vmId }, pty_id)), 200)
  })
  app.openapi(sessionPtys.get, async (c) => {
    const { session_id: sessionId, pty_id } = c.req.valid('param')
    return c.json(ptyAnswer(await ptys.get(callerOf(c), { sessionId }, pty_id)), 200)
  })

  app.openapi(vmPtys.resize, async (c) => {
    const { vm_id: vmId, pty_id } = c.req.valid('param')
    const { cols: columns, rows } = c.req.valid('json')
    const size = { columns, rows }
    const resized = await changed(c, () => ptys.resize(callerOf(c), { vmId }, pty_id, size))
    return c.json(resized, 200)
  })
  app.openapi(sessionPtys.resize, async (c) => {
    const { session_id: sessionId, pty_id } = c.req.valid('param')
    const { cols: columns, rows } = c.req.valid('json')
    const size = { columns, rows }
    const resized = await changed(c, () => ptys.resize(callerOf(c), { sessionId }, pty_id, size))
    return c.json(resized, 200)
  })

  app.openapi(vmPtys.delete, async (c) => {
    const { vm_id: vmId, pty_id } = c.req.valid('param')
    return c.json(await changed(c, () => ptys.delete(callerOf(c), { vmId }, pty_id)), 200)
  })
  app.openapi(sessionPtys.delete, async (c) => {
    const { session_id: sessionId, pty_id } = c.req.valid('param')
    return c.json(await changed(c, () => ptys.delete(callerOf(c), { sessionId }, pty_id)), 200)
  })

  app.openapi(vmPtys.token, async (c) => {
    const { vm_id: vmId, pty_id } = c.req.valid('param')
    const ask = () => ptys.token(callerOf(c), { vmId }, pty_id)
    return c.json(await connected(c, vmBase(vmId), ask), 200)
  })
  app.openapi(sessionPtys.token, async (c) => {
    const { session_id: sessionId, pty_id } = c.req.valid('param')
    const ask = () => ptys.token(callerOf(c), { sessionId }, pty_id)
    return c.json(await connected(c, sessionBase(sessionId), ask), 200)
  })

  app.openapi(vmPtys.connect, (c) => {
    const { vm_id: vmId, pty_id } = c.req.valid('param')
    return connect(c, { vmId }, pty_id, c.req.valid('query').token)
  })
  app.openapi(sessionPtys.connect, (c) => {
    const { session_id: sessionId, pty_id } = c.req.valid('param')
    return connect(c, { sessionId }, pty_id, c.req.valid('query').token)
  })
}

import * as contract from '@garrison/contract/instances/console-routes'
import type { Database } from '../database/database.ts'
import { type AppContext, callerOf, envelope, optionalCallerOf } from '../http/answers.ts'
import type { App } from '../http/app.ts'
import type { OriginCheck } from '../http/own-origin.ts'
import type { RateLimits } from '../http/rate-limits.ts'
import { requireHandshake } from '../http/websockets.ts'
import type { Write } from '../http/write.ts'
import { bridge } from './bridge.ts'
import { type ConsoleService, type Visitor, WrongToken } from './service.ts'

type Deps = {
  db: Database
  write: Write
  limits: RateLimits
  origins: OriginCheck
  console: ConsoleService
  view: { isSimulated: (region: string) => boolean }
}

export function consoleRoutes(app: App, { db, write, limits, origins, console, view }: Deps) {
  const simulated = (region: string) => view.isSimulated(region) && { simulated: true as const }

  app.openapi(contract.createConsoleToken, (c) =>
    write(
      c,
      async (tx, caller) => {
        const { instance_id } = c.req.valid('param')
        const { kind } = c.req.valid('json')
        const issued = await console.issueToken(tx, caller, instance_id, kind)
        const { instance, token, expiresAt } = issued
        return {
          ...envelope(c, 'Console token issued'),
          instance_id: instance.public_id,
          kind,
          token: token as string | null,
          url: `/api/instances/${instance.public_id}/${kind}/?token=${token}` as string | null,
          expires_at: expiresAt.toISOString(),
          tier: instance.tier,
          ...simulated(instance.region),
        }
      },
      { keepable: (body) => ({ ...body, token: null, url: null }) },
    ),
  )

  async function open(c: AppContext, id: string, kind: contract.LineKind, token = '') {
    const visitor: Visitor = optionalCallerOf(c) ?? {
      token,
      requestId: c.get('requestId'),
      remoteAddress: c.get('remoteAddress'),
    }
    const { line, session } = await console
      .open(db, visitor, id, kind, () => {
        requireHandshake(c)
        origins.refuseForeign(c)
      })
      .catch(async (error: unknown) => {
        if (error instanceof WrongToken) await limits.countFailure(c, c.get('remoteAddress'))
        throw error
      })
    requireHandshake(c).take({
      open(socket) {
        session.attend((code, reason) => socket.close(code, reason))
        bridge(socket, line)
      },
      abandoned: () => void line.destroy(),
    })
    // Nobody sees it: the handshake answers in its own way.
    return c.body(null)
  }

  app.openapi(contract.openConsole, (c) =>
    open(c, c.req.valid('param').instance_id, 'console', c.req.valid('query').token),
  )
  app.openapi(contract.openDisplay, (c) =>
    open(c, c.req.valid('param').instance_id, 'display', c.req.valid('query').token),
  )

  app.openapi(contract.getConsoleLog, async (c) => {
    const { instance_id } = c.req.valid('param')
    const { bytes } = c.req.valid('query')
    const { instance, log } = await console.log(db, callerOf(c), instance_id, bytes)
    return c.json(
      {
        ...envelope(c, 'Console log retrieved successfully'),
        instance_id: instance.public_id,
        log,
        tier: instance.tier,
        ...simulated(instance.region),
      },
      200,
    )
  })
}

import * as contract from '@garrison/contract/microvms/shares'
import type { Clock } from '../../clock.ts'
import type { Database } from '../../database/database.ts'
import { callerOf } from '../../http/answers.ts'
import type { App } from '../../http/app.ts'
import type { Write } from '../../http/write.ts'
import type { Hosting } from '../hosting.ts'
import type { MicrovmSessionService } from '../sessions/service.ts'
import type { MicrovmService } from '../vms/service.ts'
import type { ShareAddresses } from './addresses.ts'
import type { ShareGate } from './gate.ts'
import type { ShareService } from './service.ts'

type Deps = {
  db: Database
  clock: Clock
  write: Write
  hosting: Hosting
  microvms: MicrovmService
  microvmSessions: MicrovmSessionService
  shares: ShareService
  shareAddresses: ShareAddresses
  shareGate: ShareGate
}

export function shareRoutes(app: App, deps: Deps) {
  const { db, clock, write, hosting, microvms, microvmSessions } = deps
  const { shares, shareAddresses, shareGate } = deps

  app.openapi(contract.createShare, (c) =>
    write(c, async (tx, caller) =>
      shares.answer(await shares.create(tx, caller, c.req.valid('json'))),
    ),
  )

  app.openapi(contract.listShares, async (c) =>
    c.json((await shares.list(callerOf(c))).map(shares.answer), 200),
  )

  app.openapi(contract.getShare, async (c) => {
    const share = await shares.require(db, callerOf(c), c.req.valid('param').share_id)
    return c.json(shares.answer(share), 200)
  })

  /** Those who may not be there any more are cut off before it is answered. */
  const lookAgain = {
    async afterCommit<T>(body: T) {
      await shareGate.lookAgain()
      return body
    },
  }

  app.openapi(contract.updateShare, (c) => {
    const { share_id } = c.req.valid('param')
    const { is_public } = c.req.valid('json')
    return write(
      c,
      async (tx, caller) => shares.answer(await shares.update(tx, caller, share_id, is_public)),
      lookAgain,
    )
  })

  app.openapi(contract.revokeShare, (c) =>
    write(
      c,
      async (tx, caller) =>
        shares.answer(await shares.revoke(tx, caller, c.req.valid('param').share_id)),
      lookAgain,
    ),
  )

  app.openapi(contract.getAppUrl, async (c) => {
    const { session_id } = c.req.valid('param')
    const { port } = c.req.valid('query')
    const machine = await microvmSessions.runningMachine(callerOf(c), session_id)
    const vm = await microvms.get(callerOf(c), machine.id)
    const { address } = await hosting.engine(vm.region).observeMicrovm(vm.id)
    const left = vm.ends_at === null ? null : vm.ends_at.getTime() - clock.now().getTime()
    return c.json(
      {
        url: shareAddresses.appUrl(machine.sessionId, port),
        direct_url: shareAddresses.portUrl(vm.public_id, port),
        ...{ vm_ip: address ?? '', port, vm_id: vm.public_id, session_id: machine.sessionId },
        status: vm.status,
        expires_in_seconds: left === null ? null : Math.max(0, Math.floor(left / 1000)),
      },
      200,
    )
  })
}

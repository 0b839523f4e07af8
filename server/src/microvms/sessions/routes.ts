import * as contract from '@garrison/contract/microvms/sessions'
import type { Clock } from '../../clock.ts'
import type { Database } from '../../database/database.ts'
import { callerOf } from '../../http/answers.ts'
import type { App } from '../../http/app.ts'
import { InvalidRequest } from '../../http/microvms/errors.ts'
import type { Write } from '../../http/write.ts'
import { toDecimal } from '../../money.ts'
import type { MicrovmSnapshotService } from '../snapshots/service.ts'
import type { MicrovmService } from '../vms/service.ts'
import { sandboxAnswer } from '../vms/view.ts'
import type { MicrovmSessionService } from './service.ts'
import { machineOf, sessionAnswer, vmStatusOf } from './view.ts'

type Deps = {
  db: Database
  clock: Clock
  write: Write
  microvms: MicrovmService
  microvmSessions: MicrovmSessionService
  microvmSnapshots: MicrovmSnapshotService
}

export function microvmSessionRoutes(app: App, deps: Deps) {
  const { db, clock, write, microvms, microvmSessions, microvmSnapshots } = deps

  app.openapi(contract.createSession, async (c) => {
    const input = c.req.valid('json')
    const wantsMachine = input.prewarm === true || Object.keys(input.env ?? {}).length > 0
    const base = wantsMachine ? await microvmSnapshots.readyBase() : null
    return write(c, async (tx, caller) =>
      sessionAnswer(await microvmSessions.create(tx, caller, input, base)),
    )
  })

  app.openapi(contract.listSandboxes, async (c) => {
    const { metadata, limit } = c.req.valid('query')
    const rows = await microvms.sandboxes(callerOf(c), objectIn(metadata), limit)
    return c.json(rows.map(sandboxAnswer), 200)
  })

  app.openapi(contract.getSession, async (c) => {
    const { session_id } = c.req.valid('param')
    return c.json(sessionAnswer(await microvmSessions.require(db, callerOf(c), session_id)), 200)
  })

  app.openapi(contract.getSessionStatus, async (c) => {
    const { session_id } = c.req.valid('param')
    const row = await microvmSessions.require(db, callerOf(c), session_id)
    const status = vmStatusOf(row)
    const { vm_id, ends_at } = machineOf(row)
    const left = ends_at === null ? null : new Date(ends_at).getTime() - clock.now().getTime()
    return c.json(
      {
        ...{ session_id: row.id, vm_id, vm_status: status, status, ends_at },
        expires_in_seconds: left === null ? null : Math.max(0, Math.floor(left / 1000)),
      },
      200,
    )
  })

  app.openapi(contract.getSessionUsage, async (c) => {
    const { session_id } = c.req.valid('param')
    const { session, used } = await microvmSessions.usage(callerOf(c), session_id)
    return c.json(
      {
        ...{ session_id: session.id, vm_id: machineOf(session).vm_id },
        ...{ vm_seconds: used.seconds, vcpu_seconds: used.vcpuSeconds },
        gb_seconds: used.gbSeconds,
        executions: session.executions,
        ...{ cpu_time: session.cpu_seconds, execution_time: session.execution_seconds },
        ...{ cost: toDecimal(used.micros), currency: callerOf(c).currency },
      },
      200,
    )
  })
}

/** A JSON object as text. */
function objectIn(text: string | undefined): object | undefined {
  if (text === undefined || text === '') return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = null
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    // PostgreSQL stores neither of them, so that nothing contains them.
    const sound = JSON.stringify(value)
    if (sound.isWellFormed() && !/\\u0000|\\ud[89a-f]/i.test(sound)) return value
  }
  const msg = 'Value error, metadata is a JSON object'
  throw new InvalidRequest([{ loc: ['query', 'metadata'], msg, type: 'value_error' }])
}

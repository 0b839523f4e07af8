import * as contract from '@garrison/contract/microvms/vms'
import type { Database } from '../../database/database.ts'
import { callerOf } from '../../http/answers.ts'
import type { App } from '../../http/app.ts'
import type { Write } from '../../http/write.ts'
import type { MicrovmSessionService } from '../sessions/service.ts'
import type { ShareService } from '../shares/service.ts'
import type { MicrovmSnapshotService } from '../snapshots/service.ts'
import type { MicrovmService } from './service.ts'
import type { Microvm } from './store.ts'
import { vmAnswer } from './view.ts'

type Deps = {
  db: Database
  write: Write
  microvms: MicrovmService
  microvmSessions: MicrovmSessionService
  microvmSnapshots: MicrovmSnapshotService
  shares: ShareService
}

export function microvmRoutes(app: App, deps: Deps) {
  const { db, write, microvms, microvmSessions, microvmSnapshots, shares } = deps

  app.openapi(contract.createVm, async (c) => {
    const input = c.req.valid('json')
    const caller = callerOf(c)
    const { wait } = c.req.valid('query')
    const base = input.snapshot_id == null ? await microvmSnapshots.readyBase() : null
    let begun: string | null = null
    return write(
      c,
      async (tx) => {
        const snapshot =
          base ?? (await microvmSnapshots.requireReady(tx, caller, input.snapshot_id ?? ''))
        const started = await microvmSessions.createVm(tx, caller, input, snapshot)
        begun = started.operation
        const share =
          input.share == null
            ? null
            : await shares.create(tx, caller, { ...input.share, vm_id: started.publicId })
        return {
          ...vmAnswer(started.row),
          share: share && shares.answer(share),
        }
      },
      wait
        ? {
            afterCommit: async ({ vm_id, share }) => {
              const row = await microvms.carriedOut(caller, vm_id, begun, 'started')
              return { ...vmAnswer(row), share }
            },
          }
        : {},
    )
  })

  app.openapi(contract.listVms, async (c) => {
    const rows = await microvms.list(callerOf(c), c.req.valid('query').all)
    return c.json(rows.map(vmAnswer), 200)
  })

  app.openapi(contract.getVm, async (c) => {
    const row = await microvms.require(db, callerOf(c), c.req.valid('param').vm_id)
    return c.json(vmAnswer(row), 200)
  })

  app.openapi(contract.updateVm, (c) =>
    write(c, async (tx, caller) =>
      vmAnswer(await microvms.update(tx, caller, c.req.valid('param').vm_id, c.req.valid('json'))),
    ),
  )

  app.openapi(contract.deleteVm, (c) => {
    const { vm_id } = c.req.valid('param')
    return write(
      c,
      async (tx, caller) => {
        const { id } = await microvms.require(tx, caller, vm_id)
        await microvms.end(tx, caller, id, 'It was deleted')
        return vmAnswer(await microvms.require(tx, caller, vm_id))
      },
      c.req.valid('query').wait
        ? {
            afterCommit: async ({ vm_id }) => {
              const { id } = await microvms.require(db, callerOf(c), vm_id)
              return vmAnswer(await microvms.settled(callerOf(c), id, null))
            },
          }
        : {},
    )
  })

  app.openapi(contract.snapshotVm, (c) => {
    const caller = callerOf(c)
    let begun: string | null = null
    return write(
      c,
      async (tx) => {
        const name = c.req.valid('json').name ?? null
        const taken = await microvms.snapshot(tx, caller, c.req.valid('param').vm_id, name)
        begun = taken.operation
        return { snapshot_id: taken.snapshot.public_id, status: taken.snapshot.status }
      },
      c.req.valid('query').wait
        ? {
            afterCommit: async ({ snapshot_id }) => {
              const { status } = await microvmSnapshots.taken(caller, snapshot_id, begun)
              return { snapshot_id, status }
            },
          }
        : {},
    )
  })

  app.openapi(contract.cloneVm, (c) => {
    const caller = callerOf(c)
    const keeps = c.req.valid('json').snapshot_name != null
    let begun: string | null = null
    return write(
      c,
      async (tx) => {
        const { vm_id } = c.req.valid('param')
        const name = c.req.valid('json').snapshot_name ?? null
        const cloned = await microvmSessions.clone(tx, caller, vm_id, name)
        begun = cloned.operation
        return {
          ...{ vm_id: cloned.row.public_id as string | null, session_id: cloned.sessionId },
          status: 'starting' as Microvm['status'],
          snapshot_id: cloned.snapshot.public_id as string | null,
          snapshot_deleted: false as boolean | null,
        }
      },
      c.req.valid('query').wait
        ? {
            afterCommit: async (body) => {
              const row = await microvms.carriedOut(caller, String(body.vm_id), begun, 'cloned')
              return { ...body, status: row.status, snapshot_deleted: !keeps }
            },
          }
        : {},
    )
  })

  const stateChanges = [
    ['suspend', contract.suspendVm, 'suspended'],
    ['resume', contract.resumeVm, 'resumed'],
  ] as const
  for (const [verb, route, to] of stateChanges) {
    app.openapi(route, (c) => {
      const caller = callerOf(c)
      const { vm_id } = c.req.valid('param')
      let begun: string | null = null
      return write(
        c,
        async (tx) => {
          begun = (await microvms[verb](tx, caller, vm_id)).operation
          return vmAnswer(await microvms.require(tx, caller, vm_id))
        },
        c.req.valid('query').wait
          ? {
              afterCommit: async () =>
                vmAnswer(await microvms.carriedOut(caller, vm_id, begun, to)),
            }
          : {},
      )
    })
  }
}

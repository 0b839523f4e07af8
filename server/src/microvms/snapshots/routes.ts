import * as contract from '@garrison/contract/microvms/snapshots'
import type { Database } from '../../database/database.ts'
import { callerOf } from '../../http/answers.ts'
import type { App } from '../../http/app.ts'
import type { Write } from '../../http/write.ts'
import type { MicrovmSnapshotService } from './service.ts'
import { snapshotDetails, snapshotInfo } from './view.ts'

type Deps = { db: Database; write: Write; microvmSnapshots: MicrovmSnapshotService }

export function microvmSnapshotRoutes(app: App, { db, write, microvmSnapshots }: Deps) {
  app.openapi(contract.listMicrovmSnapshots, async (c) => {
    const type = c.req.valid('query').type as 'user' | 'system' | undefined
    const rows = await microvmSnapshots.list(db, callerOf(c), type)
    return c.json(rows.map(snapshotInfo), 200)
  })

  app.openapi(contract.createMicrovmSnapshot, (c) =>
    write(c, async (tx, caller) =>
      snapshotDetails(await microvmSnapshots.build(tx, caller, c.req.valid('json'))),
    ),
  )

  app.openapi(contract.getMicrovmSnapshot, async (c) => {
    const { snapshot_id } = c.req.valid('param')
    return c.json(
      snapshotDetails(await microvmSnapshots.require(db, callerOf(c), snapshot_id)),
      200,
    )
  })

  app.openapi(contract.deleteMicrovmSnapshot, (c) =>
    write(c, async (tx, caller) => {
      const { snapshot_id } = c.req.valid('param')
      const { public_id: id } = await microvmSnapshots.delete(tx, caller, snapshot_id)
      return { id, snapshot_id: id, deleted: true as const, message: 'The snapshot is deleted' }
    }),
  )

  app.openapi(contract.getBuildLog, async (c) => {
    const row = await microvmSnapshots.require(db, callerOf(c), c.req.valid('param').snapshot_id)
    const offset = Number(c.req.valid('query').offset ?? 0)
    const log = await microvmSnapshots.readLog(db, row, offset)
    return c.json(
      {
        ...{ snapshot_id: row.public_id, status: row.status, log },
        // As PostgreSQL counts, which is by characters.
        next_offset: offset + [...log].length,
        is_complete: !['pending', 'building'].includes(row.status),
      },
      200,
    )
  })
}

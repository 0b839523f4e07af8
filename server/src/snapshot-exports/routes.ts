import * as contract from '@garrison/contract/snapshot-exports/routes'
import type { Database } from '../database/database.ts'
import { DomainError } from '../errors.ts'
import { callerOf, envelope } from '../http/answers.ts'
import type { App, AppContext } from '../http/app.ts'
import type { Write } from '../http/write.ts'
import { names, rangeOf } from './ranges.ts'
import type { SnapshotExportService } from './service.ts'
import { exportAnswer } from './view.ts'

type Deps = { db: Database; write: Write; snapshotExports: SnapshotExportService }

export function snapshotExportRoutes(app: App, { db, write, snapshotExports }: Deps) {
  type Found = Awaited<ReturnType<SnapshotExportService['require']>>
  const answer = (c: AppContext, message: string, { snapshot, row }: Found) => ({
    ...envelope(c, message),
    snapshot_id: snapshot.public_id,
    export: exportAnswer(row, snapshot.public_id),
    tier: snapshot.tier,
  })

  app.openapi(contract.createSnapshotExport, (c) =>
    write(c, async (tx, caller) => {
      const found = await snapshotExports.create(tx, caller, c.req.valid('param').snapshot_id)
      const isThere = found.row.status === 'SUCCESS'
      return answer(c, isThere ? 'Snapshot is exported' : 'Snapshot export started', found)
    }),
  )

  app.openapi(contract.getSnapshotExport, async (c) => {
    const { snapshot_id } = c.req.valid('param')
    const found = await snapshotExports.require(db, callerOf(c), snapshot_id)
    return c.json(answer(c, 'Snapshot export retrieved successfully', found), 200)
  })

  app.openapi(contract.deleteSnapshotExport, (c) =>
    write(c, async (tx, caller) => {
      const found = await snapshotExports.delete(tx, caller, c.req.valid('param').snapshot_id)
      return answer(c, 'Snapshot export deletion started', found)
    }),
  )

  app.openapi(contract.downloadSnapshotExport, async (c) => {
    const { snapshot_id } = c.req.valid('param')
    const file = await snapshotExports.open(db, callerOf(c), snapshot_id)
    const etag = `"${file.sha256}"`
    c.header('ETag', etag)
    c.header('Accept-Ranges', 'bytes')
    if (names(c.req.header('if-none-match'), etag)) return c.body(null, 304)

    const ifRange = c.req.header('if-range')
    const wanted = ifRange === undefined || ifRange === etag ? c.req.header('range') : undefined
    const range = rangeOf(wanted, file.sizeBytes)
    if (range === 'unsatisfiable') {
      c.header('Content-Range', `bytes */${file.sizeBytes}`)
      throw new DomainError(
        'RANGE_NOT_SATISFIABLE',
        `The file has ${file.sizeBytes} bytes, which end before the part that was asked for`,
      )
    }
    const { from, to } = range ?? { from: 0, to: file.sizeBytes - 1 }
    c.header('Content-Type', 'application/octet-stream')
    c.header('Content-Disposition', `attachment; filename="${file.name}"`)
    c.header('Content-Length', String(to - from + 1))
    if (range !== null) c.header('Content-Range', `bytes ${from}-${to}/${file.sizeBytes}`)
    const status = range === null ? 200 : 206
    if (c.req.method === 'HEAD') return c.body(null, status)
    return c.body(await file.read({ from, to }), status)
  })
}

import * as contract from '@garrison/contract/snapshot-imports/routes'
import { CapacityError, EngineError, UploadOffsetError } from '@garrison/engines/engine'
import type { Database } from '../database/database.ts'
import { InsufficientCapacity, OperationInProgress, ValidationError } from '../errors.ts'
import { callerOf, envelope } from '../http/answers.ts'
import type { App, AppContext } from '../http/app.ts'
import type { Write } from '../http/write.ts'
import { snapshotAnswer } from '../snapshots/view.ts'
import { pieceStart, withPatience } from './pieces.ts'
import { misplaced, type SnapshotImportService, sizeOf } from './service.ts'
import { importAnswer } from './view.ts'

const silenceMs = 60_000

type Deps = { db: Database; write: Write; snapshotImports: SnapshotImportService }

export function snapshotImportRoutes(app: App, { db, write, snapshotImports }: Deps) {
  type Found = Awaited<ReturnType<SnapshotImportService['require']>>
  const answer = (c: AppContext, message: string, { snapshot, row, receivedBytes }: Found) => ({
    ...envelope(c, message),
    snapshot_id: snapshot.public_id,
    import: importAnswer(row, snapshot, receivedBytes),
    tier: snapshot.tier,
  })

  app.openapi(contract.importSnapshot, (c) =>
    write(c, async (tx, caller) => {
      const { snapshot, row, receivedBytes } = await snapshotImports.create(
        tx,
        caller,
        c.req.valid('json'),
      )
      return {
        ...envelope(c, 'Snapshot import started; send the file to upload_path'),
        snapshot: snapshotAnswer(snapshot, false),
        import: importAnswer(row, snapshot, receivedBytes),
        tier: snapshot.tier,
      }
    }),
  )

  app.openapi(contract.getSnapshotImport, async (c) => {
    const { snapshot_id } = c.req.valid('param')
    const found = await snapshotImports.require(db, callerOf(c), snapshot_id)
    return c.json(answer(c, 'Snapshot import retrieved successfully', found), 200)
  })

  app.openapi(contract.deleteSnapshotImport, (c) =>
    write(c, async (tx, caller) => {
      const found = await snapshotImports.delete(tx, caller, c.req.valid('param').snapshot_id)
      return answer(c, 'Snapshot import given up', found)
    }),
  )

  app.openapi(contract.uploadSnapshotImport, async (c) => {
    const caller = callerOf(c)
    const { snapshot_id } = c.req.valid('param')
    const { row } = await snapshotImports.require(db, caller, snapshot_id)
    const sizeBytes = sizeOf(row.manifest)
    const start = pieceStart(
      c.req.header('content-range'),
      sizeBytes,
      c.req.header('content-length'),
    )
    const body = c.req.raw.body ?? new Blob([]).stream()
    const piece = start && { from: start.from, data: withPatience(body, silenceMs) }
    const found = await snapshotImports
      .upload(db, caller, snapshot_id, piece)
      .catch((error: unknown) => {
        throw asUsers(error, sizeBytes)
      })
    const all = found.receivedBytes === sizeBytes
    const message = all ? 'All of the file is there; it is being verified' : 'More is to come'
    return c.json(answer(c, message, found), 200)
  })
}

/** What a sender can do something about; anything else is the engine's trouble. */
function asUsers(error: unknown, sizeBytes: number): unknown {
  if (error instanceof UploadOffsetError) return misplaced(error.receivedBytes, sizeBytes)
  if (error instanceof CapacityError) return new InsufficientCapacity(error.message)
  if (error instanceof EngineError)
    return error.retryable
      ? new OperationInProgress(`${error.message}; ask how much is there, and go on`)
      : new ValidationError({ non_field_errors: [`${error.message}.`] })
  return error
}

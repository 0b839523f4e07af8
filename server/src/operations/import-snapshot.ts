import { EngineError, type SnapshotResult } from '@garrison/engines/engine'
import type { Tx } from '../database/database.ts'
import { getImport, updateImport } from '../snapshot-imports/store.ts'
import { getSnapshot, updateSnapshot } from '../snapshots/store.ts'
import type { OperationKind, Work } from './definition.ts'

type ImportInput = Record<string, never>

/** All bytes of its file have come; whether they are what was announced, the engine says. */
export const importSnapshot: OperationKind<ImportInput> = {
  kind: 'import-snapshot',
  steps: [
    {
      name: 'verify',
      async do({ db, engine, operation, order }) {
        const { accountId, subject } = operation
        const { manifest } = await getImport(db, accountId, subject.id)
        const [file] = manifest.files
        if (file === undefined) throw new EngineError('The manifest names no file')
        return engine.importSnapshot(
          subject.id,
          {
            tenant: accountId,
            osImage: manifest.os_image.name,
            recipe: manifest.os_image.recipe,
            diskGb: manifest.shape.disk_gb,
            consistency: manifest.consistency,
            sizeBytes: file.size_bytes,
            virtualSizeBytes: file.virtual_size_bytes,
            sha256: file.sha256,
          },
          order,
        )
      },
      async record(tx, { operation, clock }, result) {
        const { consistency, sizeBytes } = result as SnapshotResult
        const { accountId, subject } = operation
        const now = clock.now()
        await updateSnapshot(tx, accountId, subject.id, {
          status: 'SUCCESS',
          consistency,
          size_bytes: sizeBytes,
          updated_at: now,
        })
        await updateImport(tx, accountId, subject.id, { status: 'SUCCESS', updated_at: now })
      },
      /** With its file, which would not get better. */
      async undo({ engine, operation, order }) {
        await engine.ensureSnapshotGone(operation.subject.id, order)
      },
    },
  ],
  failed,
  /** Only giving it up cancels it, and that has already said so on the rows. */
  async cancelled() {},
}

async function failed(tx: Tx, { operation, clock }: Work<ImportInput>, reason: string) {
  const { accountId, subject } = operation
  const now = clock.now()
  const snapshot = await getSnapshot(tx, accountId, subject.id)
  if (snapshot.status !== 'CREATING') return
  await updateSnapshot(tx, accountId, subject.id, {
    status: 'ERROR',
    error: reason,
    updated_at: now,
  })
  await updateImport(tx, accountId, subject.id, { status: 'ERROR', updated_at: now })
}

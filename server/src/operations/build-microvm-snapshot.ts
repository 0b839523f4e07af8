import { EngineError } from '@garrison/engines/engine'
import type { Database } from '../database/database.ts'
import { appendBuildLog, getSnapshot, updateSnapshot } from '../microvms/snapshots/store.ts'
import type { OperationKind } from './definition.ts'
import { egressOfBuilds, microvmsOf } from './microvm-steps.ts'
import { microvmSnapshotFailed, recordCaptured } from './snapshot-microvm.ts'

const longestBuildMs = 30 * 60_000
/** What is printed is written down so often, so that it can be read while it runs. */
const flushMs = 250

/** Of an image, or of the base: unpacked, booted, its commands run, captured with memory. */
export const buildMicrovmSnapshot: OperationKind<Record<string, never>> = {
  kind: 'build-microvm-snapshot',
  steps: [
    {
      name: 'begin',
      async do() {
        return undefined
      },
      async record(tx, { operation, clock }) {
        await updateSnapshot(tx, operation.accountId, operation.subject.id, {
          ...{ status: 'building', updated_at: clock.now() },
        })
      },
    },
    {
      name: 'build',
      async do({ engine, operation, order, db }) {
        const row = await getSnapshot(db, operation.accountId, operation.subject.id)
        const microvms = microvmsOf(engine)
        const { build, name } = row
        const log = writeLog(db, row.id)
        try {
          return await microvms.buildMicrovmSnapshot(
            {
              ...{ id: row.id, tenant: row.account_id, isPublic: row.is_public },
              source:
                build === null
                  ? { kind: 'base', name: String(name) }
                  : { kind: 'oci', reference: build.reference },
              ...{ vcpus: row.vcpus ?? 2, memoryMib: row.memory_mib ?? 512 },
              ...{ diskGb: build?.diskGb ?? null, commands: build?.commands ?? [] },
              ...{ env: build?.env ?? {}, egress: egressOfBuilds(microvms) },
              limitMs: longestBuildMs,
            },
            log.line,
            order,
          )
        } catch (error) {
          // Whatever else it is, it is not for whoever builds: it may name paths and people.
          if (error instanceof EngineError) log.line(error.message)
          throw error
        } finally {
          await log.close()
        }
      },
      async record(tx, work, result) {
        await recordCaptured(tx, work, work.operation.subject.id, result)
        // Its environment may hold secrets, and nothing is built of it again.
        const set = { build: null, updated_at: work.clock.now() }
        await updateSnapshot(tx, work.operation.accountId, work.operation.subject.id, set)
      },
      async undo({ engine, operation, order }) {
        await microvmsOf(engine).ensureMicrovmSnapshotGone(operation.subject.id, order)
      },
    },
  ],
  failed: microvmSnapshotFailed,
  // Only its deletion cancels it, and has written what it is.
  async cancelled() {},
}

/** Gathers lines, so that a build which prints much costs few writes. */
function writeLog(db: Database, snapshotId: string) {
  let pending = ''
  let writing: Promise<void> = Promise.resolve()
  function flush() {
    if (pending === '') return
    const text = pending
    pending = ''
    // What cannot be written now is no reason to give up the build.
    writing = writing.then(() => appendBuildLog(db, snapshotId, text)).catch(() => {})
  }
  const timer = setInterval(flush, flushMs)
  return {
    line(text: string) {
      pending += text.endsWith('\n') ? text : `${text}\n`
    },
    async close() {
      clearInterval(timer)
      flush()
      await writing
    },
  }
}

import type { SnapshotResult } from '@garrison/engines/engine'
import type { Tx } from '../database/database.ts'
import { updateInstance } from '../instances/store.ts'
import { getSnapshot, updateSnapshot } from '../snapshots/store.ts'
import type { OperationKind, Step, Work } from './definition.ts'
import { cutOff, instanceFailed, loadSpec, recordActive, requireDisk } from './machine-steps.ts'
import { shutdownGraceMs } from './stop-instance.ts'
import { recordSubjectEvent } from './subject-event.ts'

export type RollbackInput = {
  readonly snapshotId: string
  /** The snapshot of the present state that is to be taken before. */
  readonly firstId: string | null
  /** It ran and shall run again. */
  readonly restart: boolean
}

type RollbackStep = Step<RollbackInput>

/** Nothing of its present state is to be kept, unless it is to be in a snapshot. */
const stop: RollbackStep = {
  name: 'stop',
  async do(work) {
    const { engine, operation, input, order } = work
    await requireDisk(asInstanceWork(work))
    const graceMs = input.firstId === null ? 0 : shutdownGraceMs
    await engine.ensureStopped(operation.subject.id, graceMs, order)
    return undefined
  },
}

const snapshotFirst: RollbackStep = {
  name: 'snapshot',
  async do({ engine, operation, input, order }) {
    if (input.firstId === null) return undefined
    return engine.ensureSnapshot(operation.subject.id, input.firstId, { memory: false }, order)
  },
  async record(tx, work, result) {
    if (work.input.firstId === null) return
    const { consistency, sizeBytes, diskGb } = result as SnapshotResult
    await settleFirst(tx, work, {
      status: 'SUCCESS',
      consistency,
      size_bytes: sizeBytes,
      disk_gb: diskGb,
    })
  },
  /** Once it is recorded it stays, whatever comes after: it is the way back. */
  async undo({ db, engine, operation, input, order }) {
    if (input.firstId === null) return
    const { status } = await getSnapshot(db, operation.accountId, input.firstId)
    if (status !== 'SUCCESS') await engine.ensureSnapshotGone(input.firstId, order)
  },
}

const rollBack: RollbackStep = {
  name: 'rollback',
  async do({ engine, operation, input, order }) {
    await engine.rollback(operation.subject.id, input.snapshotId, order)
    return undefined
  },
  async record(tx, { operation, input, clock, db }) {
    const snapshot = await getSnapshot(db, operation.accountId, input.snapshotId)
    const data = { snapshot: snapshot.public_id }
    await recordSubjectEvent(tx, operation, 'instance.rolled-back', data, clock.now())
  },
}

const startAgain: RollbackStep = {
  name: 'start',
  async do(work) {
    if (!work.input.restart) return undefined
    const { spec, revision } = await loadSpec(asInstanceWork(work))
    await work.engine.ensureMachine(spec, work.order)
    return { revision }
  },
  async record(tx, work, result) {
    if (work.input.restart) return recordActive(tx, asInstanceWork(work), result)
    const { operation, clock } = work
    await updateInstance(tx, operation.accountId, operation.subject.id, {
      status: 'SHUTOFF',
      error: null,
      updated_at: clock.now(),
    })
  },
  undo: (work) => cutOff(asInstanceWork(work)),
}

/** A disk that went back does not come forward again: a failure afterwards leaves it as it is. */
export const rollbackInstance: OperationKind<RollbackInput> = {
  kind: 'rollback-instance',
  steps: [stop, snapshotFirst, rollBack, startAgain],
  async failed(tx, work, reason) {
    await instanceFailed(tx, asInstanceWork(work), `It could not be rolled back: ${reason}`)
    await giveUpFirst(tx, work, reason)
  },
  cancelled: (tx, work) => giveUpFirst(tx, work, 'Its instance was deleted meanwhile'),
}

async function giveUpFirst(tx: Tx, work: Work<RollbackInput>, reason: string) {
  const { firstId } = work.input
  if (firstId === null) return
  const { status } = await getSnapshot(tx, work.operation.accountId, firstId)
  if (status !== 'SUCCESS') await settleFirst(tx, work, { status: 'ERROR', error: reason })
}

async function settleFirst(
  tx: Tx,
  { operation, input, clock }: Work<RollbackInput>,
  set: Omit<Parameters<typeof updateSnapshot>[3], 'updated_at'>,
) {
  const { accountId } = operation
  const { id } = await getSnapshot(tx, accountId, input.firstId ?? '')
  await updateSnapshot(tx, accountId, id, { ...set, updated_at: clock.now() })
}

/** The steps of machines read nothing of the input: the row says it all. */
const asInstanceWork = (work: Work<RollbackInput>) => ({ ...work, input: {} })

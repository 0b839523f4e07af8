import type { HibernationResult } from '@garrison/engines/engine'
import type { Database, Tx } from '../database/database.ts'
import { getInstance, updateInstance } from '../instances/store.ts'
import type { OperationKind, StepResult, Work } from './definition.ts'
import { cutOff, leaveToDeletion, loadSpec } from './machine-steps.ts'
import { ensurePublicAddress, putBackPublicAddress, recordRelease } from './public-address-steps.ts'
import { recordSubjectEvent } from './subject-event.ts'

const withoutMemory =
  'Its memory could not be kept; its guest was shut down and boots when it is restored'

/** `from`: where it was, if not ACTIVE. Only a want of credits or budget hibernates what is SHUTOFF. */
export type HibernateInput = { readonly from?: 'ACTIVE' | 'SHUTOFF' }

/** A machine that cannot be hibernated is as before, so nothing but its `error` tells of a failure. */
export const hibernateInstance: OperationKind<HibernateInput> = {
  kind: 'hibernate-instance',
  steps: [
    {
      name: 'hibernate',
      async do({ engine, operation, order, input }) {
        const { memory } = await engine.ensureHibernated(operation.subject.id, order)
        return memory || input.from === 'SHUTOFF' ? { memory } : { memory, note: withoutMemory }
      },
      async record(tx, work, result) {
        const { operation, clock } = work
        const { memory } = result as HibernationResult
        await updateInstance(tx, operation.accountId, operation.subject.id, {
          hibernation_memory: memory,
          updated_at: clock.now(),
        })
      },
      async undo(work) {
        const { status } = await work.engine.observe(work.operation.subject.id)
        if (status === 'absent') return
        if (work.input.from === 'SHUTOFF' && status !== 'hibernated') return
        const plain = ofInstance(work)
        const { spec } = await loadSpec(plain)
        await work.engine.ensureMachine(spec, work.order)
        // The way from hibernated to stopped is through running.
        if (work.input.from === 'SHUTOFF') await cutOff(plain)
      },
    },
    {
      ...ensurePublicAddress,
      async do(work) {
        const { db, engine, operation, order } = work
        if (await keepsPublicAddress(db, work)) return ensurePublicAddress.do(ofInstance(work))
        await engine.ensurePublicAddressGone(operation.subject.id, order)
        return { ip: null }
      },
      record: recordHibernated,
      undo: (work) => putBackPublicAddress(ofInstance(work)),
    },
  ],
  failed,
  cancelled: leaveToDeletion,
}

async function keepsPublicAddress(
  db: Database | Tx,
  { engine, operation }: Work<HibernateInput>,
): Promise<boolean> {
  const { retain_ip } = await getInstance(db, operation.accountId, operation.subject.id)
  return retain_ip || !engine.capabilities().publicAddressToggle
}

/** With the last step, so that whoever sees the status may restore it. */
async function recordHibernated(tx: Tx, work: Work<HibernateInput>, result: StepResult) {
  const { operation, clock } = work
  if (await keepsPublicAddress(tx, work))
    await ensurePublicAddress.record?.(tx, ofInstance(work), result)
  else await recordRelease(tx, ofInstance(work))
  const { id } = operation.subject
  const now = clock.now()
  await updateInstance(tx, operation.accountId, id, {
    status: 'HIBERNATED',
    hibernated_at: now,
    error: null,
    ready_at: null,
    updated_at: now,
  })
}

/** The shared steps take their instance from the row alone. */
const ofInstance = (work: Work<HibernateInput>) => ({ ...work, input: {} })

async function failed(tx: Tx, { operation, clock, input }: Work<HibernateInput>, reason: string) {
  const now = clock.now()
  await updateInstance(tx, operation.accountId, operation.subject.id, {
    status: input.from ?? 'ACTIVE',
    hibernation_memory: null,
    error: `It could not be hibernated: ${reason}`,
    updated_at: now,
  })
  await recordSubjectEvent(tx, operation, 'instance.hibernation-failed', { reason }, now)
}

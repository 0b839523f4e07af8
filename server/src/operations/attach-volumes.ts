import { asAttached } from '../volumes/machine-store.ts'
import { getVolumes, updateVolumes } from '../volumes/store.ts'
import type { OperationKind, Work } from './definition.ts'
import { leaveToDeletion } from './machine-steps.ts'
import { recordSubjectEvent } from './subject-event.ts'

/** The subject is the machine; the volumes are held as well. */
export type PlugInput = { readonly volumeIds: readonly string[] }

/** To a machine that runs or one that is stopped. */
export const attachVolumes: OperationKind<PlugInput> = {
  kind: 'attach-volumes',
  steps: [
    {
      name: 'attach',
      async do(work) {
        await plugIn(work)
        return undefined
      },
      async record(tx, { operation, input, clock }) {
        const now = clock.now()
        const { accountId } = operation
        await updateVolumes(tx, accountId, input.volumeIds, {
          ...{ status: 'in-use', error: null },
          ...{ attached_at: now, updated_at: now },
        })
        const volumes = (await getVolumes(tx, accountId, input.volumeIds)).map(
          (each) => each.public_id,
        )
        await recordSubjectEvent(tx, operation, 'instance.volumes-attached', { volumes }, now)
      },
      undo: pullOut,
    },
  ],
  async failed(tx, { operation, input, clock }, reason, leftovers) {
    const now = clock.now()
    // A machine that did not give back what it had got may still have it; detaching looks again.
    const outcome =
      leftovers.length > 0
        ? ({ status: 'in-use' } as const)
        : ({ status: 'available', instance_id: null, attached_at: null } as const)
    const advice = leftovers.length > 0 ? '; the machine may have it, so detach it' : ''
    await updateVolumes(tx, operation.accountId, input.volumeIds, {
      ...outcome,
      ...{ error: `It could not be attached: ${reason}${advice}`, updated_at: now },
    })
    await recordSubjectEvent(tx, operation, 'instance.volumes-failed', { reason }, now)
  },
  cancelled: leaveToDeletion,
}

/** The reverse. A guest that does not let go keeps them all. */
export const detachVolumes: OperationKind<PlugInput> = {
  kind: 'detach-volumes',
  steps: [
    {
      name: 'detach',
      async do(work) {
        await pullOut(work)
        return undefined
      },
      async record(tx, { operation, input, clock }) {
        const now = clock.now()
        const { accountId } = operation
        await updateVolumes(tx, accountId, input.volumeIds, {
          ...{ status: 'available', error: null, instance_id: null },
          ...{ attached_at: null, updated_at: now },
        })
        const volumes = (await getVolumes(tx, accountId, input.volumeIds)).map(
          (each) => each.public_id,
        )
        await recordSubjectEvent(tx, operation, 'instance.volumes-detached', { volumes }, now)
      },
      undo: plugIn,
    },
  ],
  async failed(tx, { operation, input, clock }, reason) {
    const now = clock.now()
    await updateVolumes(tx, operation.accountId, input.volumeIds, {
      ...{ status: 'in-use', updated_at: now },
      error: `It could not be detached: ${reason}`,
    })
    await recordSubjectEvent(tx, operation, 'instance.volumes-failed', { reason }, now)
  },
  cancelled: leaveToDeletion,
}

async function plugIn({ db, engine, operation, input, order }: Work<PlugInput>) {
  const volumes = await getVolumes(db, operation.accountId, input.volumeIds)
  await engine.attachVolumes(operation.subject.id, volumes.map(asAttached), order)
}

async function pullOut({ engine, operation, input, order }: Work<PlugInput>) {
  await engine.detachVolumes(operation.subject.id, input.volumeIds, order)
}

import { forgetMachine } from '../firewalls/machine-store.ts'
import { deleteStartupLog } from '../first-boot/store.ts'
import { updateInstance } from '../instances/store.ts'
import { releaseVolumes } from '../volumes/machine-store.ts'
import type { OperationKind } from './definition.ts'
import { type InstanceInput, instanceFailed } from './machine-steps.ts'
import { releasePublicAddress } from './public-address-steps.ts'

/** Nothing is undone: a deletion that failed is asked for again. */
export const deleteInstance: OperationKind<InstanceInput> = {
  kind: 'delete-instance',
  steps: [
    {
      name: 'machine',
      async do({ engine, operation, order }) {
        await engine.ensureGone(operation.subject.id, order)
        return undefined
      },
      async record(tx, { operation, clock }) {
        const { accountId, subject } = operation
        const now = clock.now()
        await updateInstance(tx, accountId, subject.id, {
          address: null,
          public_address: null,
          updated_at: now,
        })
        await releaseVolumes(tx, accountId, subject.id, now)
      },
    },
    releasePublicAddress,
    {
      name: 'address',
      async do({ engine, operation, order }) {
        await engine.ensureAddressGone(operation.subject.id, order)
        return undefined
      },
      async record(tx, { operation, clock }) {
        await forgetMachine(tx, operation.accountId, operation.subject.id)
        await deleteStartupLog(tx, operation.accountId, operation.subject.id)
        const now = clock.now()
        await updateInstance(tx, operation.accountId, operation.subject.id, {
          status: 'DELETED',
          // May hold secrets, and nothing will boot from it again.
          user_data: null,
          error: null,
          updated_at: now,
          deleted_at: now,
        })
      },
    },
  ],
  failed: instanceFailed,
}

import { getInstance, updateInstance } from '../instances/store.ts'
import type { OperationKind } from './definition.ts'
import { type InstanceInput, leaveToDeletion } from './machine-steps.ts'
import { assignPublicAddress, recordRelease } from './public-address-steps.ts'
import { recordSubjectEvent } from './subject-event.ts'

/**
 * Brings a machine to what its row says about a public address. One that cannot be given is not asked for
 * any more, and one that could not be taken away is taken by reconciliation: either way it ends without.
 */
export const togglePublicIp: OperationKind<InstanceInput> = {
  kind: 'toggle-public-ip',
  steps: [
    {
      ...assignPublicAddress,
      async record(tx, work, result) {
        await assignPublicAddress.record?.(tx, work, result)
        const { accountId, subject } = work.operation
        const { status } = await getInstance(tx, accountId, subject.id)
        const now = work.clock.now()
        if (status === 'ACTIVE')
          await updateInstance(tx, accountId, subject.id, { error: null, updated_at: now })
        const kind = result.ip === null ? 'detached' : 'attached'
        const data = result.ip === null ? {} : { ip_address: result.ip }
        await recordSubjectEvent(tx, work.operation, `instance.public-ip-${kind}`, data, now)
      },
    },
  ],
  async failed(tx, work, reason) {
    const { operation, clock } = work
    const now = clock.now()
    await recordRelease(tx, work)
    await updateInstance(tx, operation.accountId, operation.subject.id, {
      error: `Its public IP could not be changed: ${reason}`,
      updated_at: now,
    })
    await recordSubjectEvent(tx, operation, 'instance.public-ip-failed', { reason }, now)
  },
  cancelled: leaveToDeletion,
}

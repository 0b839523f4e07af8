import type { OperationKind } from './definition.ts'
import {
  cutOff,
  ensureAddress,
  type InstanceInput,
  instanceFailed,
  leaveToDeletion,
  loadSpec,
  recordActive,
  requireDisk,
} from './machine-steps.ts'
import { ensurePublicAddress } from './public-address-steps.ts'

/** Also the way out of ERROR: a machine that does not run is started, one that never was is made. */
export const rebootInstance: OperationKind<InstanceInput> = {
  kind: 'reboot-instance',
  steps: [
    { ...ensureAddress, undo: cutOff },
    ensurePublicAddress,
    {
      name: 'reboot',
      async do(work) {
        await requireDisk(work)
        const { spec, revision } = await loadSpec(work)
        const { status } = await work.engine.observe(spec.id)
        if (status === 'absent') await work.engine.ensureMachine(spec, work.order)
        else await work.engine.reboot(spec, work.order)
        return { revision }
      },
      record: recordActive,
      undo: cutOff,
    },
  ],
  failed: instanceFailed,
  cancelled: leaveToDeletion,
}

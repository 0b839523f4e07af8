import type { OperationKind } from './definition.ts'
import {
  assignAddress,
  createMachine,
  type InstanceInput,
  instanceNeverWas,
  leaveToDeletion,
} from './machine-steps.ts'
import { assignPublicAddress } from './public-address-steps.ts'

/** A new machine from an OS image or a custom image. */
export const deployInstance: OperationKind<InstanceInput> = {
  kind: 'deploy-instance',
  steps: [assignAddress, assignPublicAddress, createMachine],
  failed: instanceNeverWas,
  cancelled: leaveToDeletion,
}

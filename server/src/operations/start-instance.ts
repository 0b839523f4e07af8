import type { OperationKind } from './definition.ts'
import {
  ensureAddress,
  ensureRunning,
  type InstanceInput,
  instanceFailed,
  leaveToDeletion,
} from './machine-steps.ts'
import { ensurePublicAddress } from './public-address-steps.ts'

export const startInstance: OperationKind<InstanceInput> = {
  kind: 'start-instance',
  steps: [ensureAddress, ensurePublicAddress, ensureRunning],
  failed: instanceFailed,
  cancelled: leaveToDeletion,
}

/** The same, begun by reconciliation: a machine that should run was found dead. */
export const recoverInstance: OperationKind<InstanceInput> = {
  ...startInstance,
  kind: 'recover-instance',
}

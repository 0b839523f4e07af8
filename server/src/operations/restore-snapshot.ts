import type { OperationKind } from './definition.ts'
import { deployInstance } from './deploy-instance.ts'
import type { InstanceInput } from './machine-steps.ts'

/** A new machine whose disk begins as a snapshot; its subject is the new instance. */
export const restoreSnapshot: OperationKind<InstanceInput> = {
  ...deployInstance,
  kind: 'restore-snapshot',
}

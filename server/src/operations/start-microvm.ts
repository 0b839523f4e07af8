import type { OperationKind, Work } from './definition.ts'
import { microvmCancelled, microvmFailed, startMachine } from './microvm-steps.ts'

export const startMicrovm: OperationKind<Record<string, never>> = {
  kind: 'start-microvm',
  steps: [startMachine],
  failed: microvmFailed,
  cancelled: (tx, work) => microvmCancelled(tx, work as Work<never>, 'Its start was cancelled'),
}

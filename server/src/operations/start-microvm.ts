import type { OperationKind } from './definition.ts'
import { microvmFailed, startMachine } from './microvm-steps.ts'

export const startMicrovm: OperationKind<Record<string, never>> = {
  kind: 'start-microvm',
  steps: [startMachine],
  failed: microvmFailed,
  // Only its deletion cancels it, and has written what it is.
  async cancelled() {},
}

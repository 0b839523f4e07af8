import type { OperationState } from '@garrison/contract/operations/states'
import { duration } from '../ui/format.ts'
import { Status } from '../ui/status.tsx'

export const operationStateWords: Readonly<Record<OperationState, string>> = {
  pending: 'Waits',
  running: 'At work',
  undoing: 'Being undone',
  done: 'Done',
  failed: 'Failed',
  cancelled: 'Called off',
}

/** Short ones to a tenth of a second. */
export const age = (seconds: number) =>
  seconds < 10 ? `${seconds.toFixed(1)} s` : duration(seconds)

export const OperationStatus = ({
  operation: { state, error, cancel_requested },
}: {
  operation: {
    readonly state: OperationState
    readonly error: string | null
    readonly cancel_requested: boolean
  }
}) => (
  <Status
    status={state}
    word={cancel_requested && state === 'running' ? 'Being called off' : operationStateWords[state]}
    why={error}
  />
)

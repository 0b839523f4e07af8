/**
 * The life of a deploy request, as data.
 *
 *   waiting ──► deploying ──► deployed
 *      │            └───────► failed
 *      └───► expired, cancelled, or failed when what it asks for has become impossible
 */
import { refusal } from '../refusal.ts'

export const deployRequestStates = [
  'waiting',
  'deploying',
  'deployed',
  'expired',
  'cancelled',
  'failed',
] as const
export type DeployRequestState = (typeof deployRequestStates)[number]

type DeployRequestTransition = {
  /** Where it is accepted. */
  readonly from: readonly DeployRequestState[]
  /** Completes "Deploy request must be waiting to …". */
  readonly verb: string
}

export const deployRequestActions = {
  cancel: { from: ['waiting'], verb: 'be cancelled' },
} as const satisfies Record<string, DeployRequestTransition>

/** Why the action is refused in this state, as a sentence for the user; `null` when it is not. */
export function whyNot(
  action: keyof typeof deployRequestActions,
  state: DeployRequestState,
): string | null {
  const { from, verb }: DeployRequestTransition = deployRequestActions[action]
  return from.includes(state) ? null : refusal('Deploy request', from, verb, state)
}

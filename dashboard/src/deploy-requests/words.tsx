import type { Answer } from '../api/client.ts'
import { Status } from '../ui/status.tsx'

export type DeployRequest = Answer<'get', '/api/deploy-requests/'>['deploy_requests'][number]
type State = DeployRequest['state']

/** With the state of other things that looks the same. */
const states: Record<State, { word: string; like: string }> = {
  waiting: { word: 'Waiting', like: 'pending' },
  deploying: { word: 'Deploying', like: 'BUILD' },
  deployed: { word: 'Deployed', like: 'done' },
  expired: { word: 'Not in time', like: 'expired' },
  cancelled: { word: 'Called off', like: 'cancelled' },
  failed: { word: 'Failed', like: 'failed' },
}

export const stateWord = (state: State) => states[state].word

export const RequestStatus = ({ request: { state, reason } }: { request: DeployRequest }) => (
  <Status status={states[state].like} word={states[state].word} why={reason ?? state} />
)

/** "4 × RTX-A6000 in CANADA-1". */
export const choiceWords = ({
  region,
  flavor,
  gpu_model,
  gpu_count,
}: DeployRequest['choices'][number]) =>
  `${flavor ?? `${gpu_count ?? 1} × ${gpu_model ?? 'machine'}`} in ${region}`

/** Long work, by the steps of its operation: what is done, what is under way, what went wrong. */
import { useQuery } from '@tanstack/react-query'
import { Check, LoaderCircle, Undo2, X } from 'lucide-react'
import { reading } from '../api/queries.ts'
import { duration } from '../ui/format.ts'
import { Notice } from '../ui/notice.tsx'
import { useNow } from '../ui/time.tsx'

const verbs: Readonly<Record<string, string>> = {
  'deploy-instance': 'Deploying',
  'restore-snapshot': 'Restoring from a snapshot',
  'start-instance': 'Starting',
  'stop-instance': 'Stopping',
  'reboot-instance': 'Rebooting',
  'hibernate-instance': 'Hibernating',
  'restore-instance': 'Waking up',
  'rollback-instance': 'Rolling back',
  'delete-instance': 'Deleting',
  'create-snapshot': 'Taking a snapshot',
  'delete-snapshot': 'Deleting a snapshot',
  'create-image': 'Making an image',
  'apply-firewall': 'Applying rules',
  'toggle-public-ip': 'Changing the public address',
  'start-microvm': 'Starting',
  'clone-microvm': 'Forking',
  'suspend-microvm': 'Suspending',
  'resume-microvm': 'Resuming',
  'delete-microvm': 'Ending',
  'snapshot-microvm': 'Taking a snapshot',
  'apply-egress': 'Changing what it may reach',
  'build-microvm-snapshot': 'Building a snapshot',
  'delete-microvm-snapshot': 'Deleting a snapshot',
}

/** `deploy-instance` in words; one that is new here is still readable. */
export const operationWords = (kind: string) => {
  const known = verbs[kind]
  if (known !== undefined) return known
  const words = kind.replaceAll('-', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

const openStates = ['pending', 'running', 'undoing']

/** What is under way on one thing; nothing where nothing is. */
export function StepsOf({ subject }: { subject: string }) {
  const { data } = useQuery({
    ...reading('/api/operations/', { query: { subject, page_size: 5 } }),
    refetchInterval: ({ state }) =>
      state.data?.operations.some((each) => openStates.includes(each.state)) ? 1_500 : false,
  })
  const open = data?.operations.filter((each) => openStates.includes(each.state)) ?? []
  return open.map(({ id }) => <Steps key={id} operationId={id} />)
}

export function Steps({ operationId }: { operationId: string }) {
  const now = useNow()
  const { data } = useQuery({
    ...reading('/api/operations/{operation_id}/', { params: { operation_id: operationId } }),
    refetchInterval: ({ state }) =>
      openStates.includes(state.data?.operation.state ?? 'done') ? 1_000 : false,
  })
  if (data === undefined) return null
  const { kind, steps, state, error, note, created_at, cancel_requested } = data.operation
  const seconds = (now.getTime() - new Date(created_at).getTime()) / 1000
  return (
    <div role="status" className="flex flex-col gap-2 rounded-md bg-sunken px-3.5 py-3">
      <p className="flex flex-wrap justify-between gap-2">
        <span className="font-medium">
          {operationWords(kind)}
          {cancel_requested && ' (being called off)'}
        </span>
        {openStates.includes(state) && seconds > 2 && (
          <span className="text-ink-3">for {duration(seconds)}</span>
        )}
      </p>
      <ol className="flex flex-wrap gap-x-5 gap-y-1">
        {steps.map((step) => (
          <li key={step.name} className="inline-flex items-center gap-1.5 text-ink-2">
            <StepMark state={step.state} />
            {step.name.replaceAll('-', ' ')}
          </li>
        ))}
        {state === 'pending' && steps.length === 0 && (
          <li className="text-ink-3">waits for its turn</li>
        )}
      </ol>
      {error && <Notice tone="problem">{error}</Notice>}
      {note && <Notice tone="warning">{note}</Notice>}
    </div>
  )
}

function StepMark({ state }: { state: 'running' | 'done' | 'failed' | 'undone' }) {
  const size = 'size-4 shrink-0'
  switch (state) {
    case 'running':
      return <LoaderCircle aria-label="under way" className={`${size} turning text-changing`} />
    case 'done':
      return <Check aria-label="done" className={`${size} text-running`} />
    case 'failed':
      return <X aria-label="failed" className={`${size} text-problem`} />
    case 'undone':
      return <Undo2 aria-label="undone" className={`${size} text-ink-3`} />
  }
}

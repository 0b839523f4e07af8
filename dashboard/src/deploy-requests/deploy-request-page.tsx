import { whyNot } from '@garrison/contract/deploy-requests/states'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { isNotFound } from '../api/errors.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { Missing } from '../shell/failures.tsx'
import { Button } from '../ui/button.tsx'
import { Facts, Section } from '../ui/card.tsx'
import { Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { Time } from '../ui/time.tsx'
import { CancelRequestDialog } from './cancel-dialog.tsx'
import { choiceWords, type DeployRequest, RequestStatus, stateWord } from './words.tsx'

export function DeployRequestPage() {
  const { id } = useParams({ from: '/shell/deploy-requests/$id' })
  const { data, error, refetch } = useQuery({
    ...reading('/api/deploy-requests/{request_id}/', { params: { request_id: id } }),
    refetchInterval: pollWhenBroken,
  })
  if (isNotFound(error)) return <Missing />
  if (data) return <Details request={data.deploy_request} />
  return (
    <Page guide="deploying" title="Waiting for room">
      {error ? (
        <Problem error={error} onRetry={() => void refetch()} />
      ) : (
        <Loading what="the deployment" />
      )}
    </Page>
  )
}

function Details({ request }: { request: DeployRequest }) {
  const [cancelling, setCancelling] = useState(false)
  const { id, vm_name, state, choices, position, room_kept_in } = request
  return (
    <Page
      guide="deploying"
      title={vm_name}
      tab={`${stateWord(state)}: ${vm_name}`}
      lead={
        <span className="inline-flex flex-wrap items-center gap-x-3">
          <RequestStatus request={request} />
          <code className="text-sm">{id}</code>
        </span>
      }
      calls={[
        {
          method: 'GET',
          path: `/api/deploy-requests/${id}/`,
          command: `garrison deploy-request show ${id}`,
        },
        {
          method: 'DELETE',
          path: `/api/deploy-requests/${id}/`,
          command: `garrison deploy-request cancel ${id}`,
        },
      ]}
      action={
        <Button reason={whyNot('cancel', state)} onClick={() => setCancelling(true)}>
          Stop waiting
        </Button>
      }
    >
      <Said request={request} />
      <div className="grid gap-x-12 gap-y-8 lg:grid-cols-2">
        <Section title="What it takes">
          <ol className="flex list-decimal flex-col gap-1 pl-5">
            {choices.map((choice) => (
              <li key={choiceWords(choice)}>{choiceWords(choice)}</li>
            ))}
          </ol>
          {choices.length > 1 && (
            <p className="text-ink-3">The first of these for which there is room.</p>
          )}
        </Section>
        <Section title="The wait">
          <Facts
            facts={[
              ['Place', position === null ? null : `${position} of those who want the same`],
              ['Room kept', state === 'waiting' ? (room_kept_in ?? 'none yet') : null],
              ['Waits until', <Time key="until" at={request.wait_until} exact />],
              ['Since', <Time key="since" at={request.created_at} exact />],
              ['Changed', <Time key="changed" at={request.updated_at} exact />],
            ]}
          />
        </Section>
      </div>
      {cancelling && <CancelRequestDialog request={request} onClose={() => setCancelling(false)} />}
    </Page>
  )
}

/** What it means, and what there is to do. */
function Said({ request: { state, reason, instance_id } }: { request: DeployRequest }) {
  const again = (
    <Link to="/instances/new" className="underline">
      deploy again
    </Link>
  )
  const machine = instance_id && (
    <Link to="/instances/$id" params={{ id: instance_id }} className="underline">
      Go to the instance
    </Link>
  )
  switch (state) {
    case 'waiting':
      return (
        <Notice>
          There was no room. It is deployed by itself as soon as there is: this page follows, and
          you may close it. Nothing is charged while it waits.
        </Notice>
      )
    case 'deploying':
      return <Notice>There is room, and the machine is being made. {machine}</Notice>
    case 'deployed':
      return <Notice tone="good">The machine is there. {machine}</Notice>
    case 'expired':
      return (
        <Notice tone="warning">
          There was no room in time. Wait for longer, or allow other regions and sizes: {again}.
        </Notice>
      )
    case 'cancelled':
      return <Notice>It was called off; nothing was charged. You can {again}.</Notice>
    case 'failed':
      return (
        <Notice tone="problem">
          {reason ?? 'It has become impossible.'} Put that right, then {again}.
        </Notice>
      )
  }
}

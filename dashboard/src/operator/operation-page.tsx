/** One operation to its ground: journal, lease, what it holds, what it waits for and what waits for it. */
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { type Answer, post } from '../api/client.ts'
import { reading, stale } from '../api/queries.ts'
import { operationWords } from '../operations/steps.tsx'
import { Broken } from '../shell/failures.tsx'
import { Button } from '../ui/button.tsx'
import { Facts, Section } from '../ui/card.tsx'
import { Copyable } from '../ui/copy.tsx'
import { plural } from '../ui/format.ts'
import { Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Loading } from '../ui/spinner.tsx'
import { Status } from '../ui/status.tsx'
import { type Column, Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { tell, tellProblem } from '../ui/toast.tsx'
import { CancelDialog } from './cancel-dialog.tsx'
import { age, OperationStatus } from './operation-status.tsx'

export type Operation = Answer<'get', '/api/operator/operations/{operation_id}/'>['operation']

const open = ['pending', 'running', 'undoing']

export function OperationPage() {
  const { id } = useParams({ from: '/shell/operator/operations/$id' })
  const navigate = useNavigate()
  const [cancelling, setCancelling] = useState(false)
  const { data, error, isFetching, refetch } = useQuery({
    ...reading('/api/operator/operations/{operation_id}/', { params: { operation_id: id } }),
    refetchInterval: ({ state }) =>
      open.includes(state.data?.operation.state ?? 'done') ? 1_000 : 10_000,
  })
  const retry = useMutation({
    mutationFn: () =>
      post('/api/operator/operations/{operation_id}/retry/', { params: { operation_id: id } }),
    onSuccess: async ({ begun }) => {
      await stale('/api/operator/', '/api/operations/')
      if (begun === null) return tell('Nothing was left to do')
      tell(`Begun again: ${operationWords(begun.kind)}`)
      void navigate({ to: '/operator/operations/$id', params: { id: begun.id } })
    },
    onError: tellProblem,
  })
  if (data === undefined) {
    if (error) return <Broken error={error} reset={() => void refetch()} />
    return <Loading what="the operation" />
  }
  const { operation } = data
  const path = `/api/operator/operations/${id}/`
  return (
    <Page
      guide="operating"
      title={operationWords(operation.kind)}
      lead={
        <span className="flex flex-wrap items-center gap-x-4 gap-y-1">
          <OperationStatus operation={operation} />
          <Copyable text={operation.subject.id} name="Copy id" />
          <span>
            {open.includes(operation.state) ? 'for' : 'took'} {age(operation.age_seconds)}
          </span>
        </span>
      }
      refresh={{ onRefresh: () => void refetch(), busy: isFetching }}
      calls={[
        { method: 'GET', path, command: `garrison operator operation ${id}` },
        { method: 'POST', path: `${path}retry/`, command: `garrison operator retry ${id}` },
        {
          method: 'POST',
          path: `${path}cancel/`,
          body: { reason: 'The host is to be repaired' },
          command: `garrison operator cancel ${id} --reason "The host is to be repaired"`,
        },
      ]}
      action={
        <div className="flex gap-2">
          <Button
            reason={operation.why_not_cancel}
            look={operation.why_not_cancel ? 'plain' : 'danger'}
            onClick={() => setCancelling(true)}
          >
            Cancel operation
          </Button>
          <Button
            look="primary"
            reason={operation.why_not_retry}
            busy={retry.isPending && 'Beginning…'}
            onClick={() => retry.mutate()}
          >
            Begin again
          </Button>
        </div>
      }
    >
      {operation.error && <Notice tone="problem">{operation.error}</Notice>}
      {operation.note && <Notice tone="warning">{operation.note}</Notice>}
      {operation.lease?.expired && (
        <Notice tone="warning">
          Whoever was at work on it is gone. The next runner takes it over where it stands.
        </Notice>
      )}
      <Section title={`Journal · ${plural(operation.steps.length, 'step')}`}>
        {operation.steps.length === 0 ? (
          <p className="text-ink-2">No step has begun yet.</p>
        ) : (
          <Table
            label="Steps"
            columns={stepColumns}
            rows={operation.steps}
            rowKey={(step) => step.name}
          />
        )}
      </Section>
      <div className="grid gap-x-12 gap-y-6 lg:grid-cols-2">
        <Section title="About it">
          <Facts
            facts={[
              [
                'Account',
                <Link
                  key="account"
                  to="/operator/accounts/$id"
                  params={{ id: operation.account_id }}
                  className="font-mono text-sm hover:text-accent"
                >
                  {operation.account_id}
                </Link>,
              ],
              ['Region', operation.region],
              ['Asked for', <Time key="asked" at={operation.created_at} exact />],
              [
                'Began',
                operation.started_at && <Time key="began" at={operation.started_at} exact />,
              ],
              [
                'Ended',
                operation.finished_at && <Time key="ended" at={operation.finished_at} exact />,
              ],
              [
                'At work',
                operation.lease === null ? 'nobody' : <code key="l">{operation.lease.owner}</code>,
              ],
              [
                'Last lease',
                operation.fence === 0 ? 'none yet' : `number ${operation.fence} of all`,
              ],
              ['Id', <Copyable key="id" text={operation.id} name="Copy id" />],
            ]}
          />
        </Section>
        <div className="flex flex-col gap-6">
          <RelatedList
            title="Waits for"
            none={
              operation.state === 'pending' ? 'Nothing stands in its way.' : 'It waits for nothing.'
            }
            rows={operation.waits_for}
          />
          <RelatedList title="Others wait for it" none="None." rows={operation.blocks} />
          <Section title="Holds">
            {operation.holds.length === 0 ? (
              <p className="text-ink-2">Nothing.</p>
            ) : (
              <ul className="flex flex-col gap-1">
                {operation.holds.map(({ resource, exclusive }) => (
                  <li key={resource}>
                    <code>{resource}</code>{' '}
                    <span className="text-ink-3">{exclusive ? 'alone' : 'with others'}</span>
                  </li>
                ))}
              </ul>
            )}
          </Section>
        </div>
      </div>
      {cancelling && <CancelDialog operation={operation} onClose={() => setCancelling(false)} />}
    </Page>
  )
}

const stepColumns: readonly Column<Operation['steps'][number]>[] = [
  {
    key: 'name',
    head: 'Step',
    cell: (step) => (
      <>
        <span className="font-medium">{step.name.replaceAll('-', ' ')}</span>
        {step.error && <span className="block text-sm text-problem">{step.error}</span>}
      </>
    ),
  },
  { key: 'state', head: 'State', cell: (step) => <Status status={step.state} /> },
  {
    key: 'attempts',
    head: 'Times begun',
    numeric: true,
    from: 'md',
    cell: (step) => step.attempts,
  },
  {
    key: 'took',
    head: 'Took',
    numeric: true,
    cell: ({ started_at, finished_at }) =>
      finished_at === null
        ? ''
        : age((new Date(finished_at).getTime() - new Date(started_at).getTime()) / 1000),
  },
  {
    key: 'began',
    head: 'Began',
    numeric: true,
    from: 'md',
    cell: (step) => <Time at={step.started_at} exact />,
  },
]

function RelatedList({
  title,
  none,
  rows,
}: {
  title: string
  none: string
  rows: Operation['waits_for']
}) {
  return (
    <Section title={title}>
      {rows.length === 0 ? (
        <p className="text-ink-2">{none}</p>
      ) : (
        <ul className="flex flex-col gap-1">
          {rows.map((each) => (
            <li key={each.id} className="flex flex-wrap items-center gap-x-3">
              <Link
                to="/operator/operations/$id"
                params={{ id: each.id }}
                className="text-accent hover:underline"
              >
                {operationWords(each.kind)}
              </Link>
              <code className="text-sm text-ink-3">{each.subject}</code>
              <Status status={each.state} />
            </li>
          ))}
        </ul>
      )}
    </Section>
  )
}

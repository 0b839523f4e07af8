/** Deployments for which there was no room: how far they are, and until when they wait. */
import { deployRequestStates, whyNot } from '@garrison/contract/deploy-requests/states'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { Button, buttonClass } from '../ui/button.tsx'
import { Empty, NothingFound } from '../ui/empty.tsx'
import { FilterSelect } from '../ui/filters.tsx'
import { plural } from '../ui/format.ts'
import { Page } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { type Column, Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { CancelRequestDialog } from './cancel-dialog.tsx'
import { choiceWords, type DeployRequest, RequestStatus, stateWord } from './words.tsx'

const size = 50

/** More than seven days ahead is refused. */
const tomorrow = () => `${new Date(Date.now() + 24 * 60 * 60_000).toISOString().slice(0, 19)}Z`

export function DeployRequestsPage() {
  const { page = 1, state = '' } = useSearch({ from: '/shell/deploy-requests' })
  const navigate = useNavigate({ from: '/deploy-requests' })
  const [cancelling, setCancelling] = useState<DeployRequest | null>(null)
  const list = useQuery({
    ...reading('/api/deploy-requests/', { query: { page, page_size: size, state } }),
    refetchInterval: pollWhenBroken,
  })
  const total = list.data?.pagination.total_count ?? 0
  return (
    <Page
      guide="deploying"
      title="Waiting for room"
      lead={list.data && plural(total, 'deployment')}
      refresh={{ onRefresh: () => void list.refetch(), busy: list.isFetching }}
      calls={[
        { method: 'GET', path: '/api/deploy-requests/', command: 'garrison deploy-request list' },
      ]}
      action={
        <Link to="/instances/new" className={buttonClass('primary')}>
          Deploy instance
        </Link>
      }
    >
      <div>
        <FilterSelect
          label="State"
          all="Any state"
          value={state}
          choices={deployRequestStates.map((value) => ({ value, words: stateWord(value) }))}
          onValue={(value) =>
            void navigate({ search: { state: value || undefined }, replace: true })
          }
        />
      </div>
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading what="deployments that wait" />}
      {list.data &&
        (list.data.deploy_requests.length > 0 ? (
          <Table
            label="Deployments that wait for room"
            rows={list.data.deploy_requests}
            rowKey={({ id }) => id}
            columns={columns(setCancelling)}
          />
        ) : state ? (
          <NothingFound
            what="deployments"
            onClear={() => void navigate({ search: {}, replace: true })}
          />
        ) : (
          <Empty
            title="Nothing waits"
            call={(there) => ({
              method: 'POST',
              path: '/api/deploy/',
              body: {
                vm_name: 'trainer-1',
                region: there.region,
                flavor: there.flavor,
                os_image: there.osImage,
                ssh_key_ids: [there.sshKeyId],
                wait_until: tomorrow(),
              },
              command: `garrison instance create trainer-1 --region ${there.region} --flavor ${there.flavor} --wait-until ${tomorrow()}`,
            })}
          >
            When a machine is sold out, its deployment can wait: the oldest goes first, and after
            ten minutes room is kept for it. Nothing is charged before the machine runs.
          </Empty>
        ))}
      <Pager
        page={page}
        total={total}
        size={size}
        onPage={(next) => void navigate({ search: (before) => ({ ...before, page: next }) })}
      />
      {cancelling && (
        <CancelRequestDialog request={cancelling} onClose={() => setCancelling(null)} />
      )}
    </Page>
  )
}

const columns = (onCancel: (request: DeployRequest) => void): readonly Column<DeployRequest>[] => [
  {
    key: 'name',
    head: 'Name',
    cell: ({ id, vm_name }) => (
      <Link
        to="/deploy-requests/$id"
        params={{ id }}
        className="font-medium wrap-anywhere hover:text-accent"
      >
        {vm_name}
      </Link>
    ),
  },
  { key: 'state', head: 'State', cell: (request) => <RequestStatus request={request} /> },
  {
    key: 'place',
    head: 'Place',
    numeric: true,
    from: 'md',
    cell: ({ position }) => position,
  },
  {
    key: 'choices',
    head: 'Takes',
    from: 'lg',
    cell: ({ choices: [first, ...others] }) => (
      <>
        {first && choiceWords(first)}
        {others.length > 0 && (
          <span className="text-ink-3"> or {plural(others.length, 'other')}</span>
        )}
      </>
    ),
  },
  {
    key: 'until',
    head: 'Until',
    numeric: true,
    from: 'md',
    cell: ({ wait_until }) => <Time at={wait_until} />,
  },
  {
    key: 'cancel',
    head: <span className="sr-only">Actions</span>,
    className: 'w-32 text-right',
    cell: (request) => (
      <Button
        aria-label={`Stop waiting for ${request.vm_name}`}
        reason={whyNot('cancel', request.state)}
        onClick={() => onCancel(request)}
      >
        Stop waiting
      </Button>
    ),
  },
]

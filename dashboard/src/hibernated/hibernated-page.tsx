import { whyNot } from '@garrison/contract/instances/states'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type Answer, post } from '../api/client.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading, stale } from '../api/queries.ts'
import { useRegion } from '../shell/region.ts'
import { shellWord } from '../ui/api-call.tsx'
import { Button, buttonClass } from '../ui/button.tsx'
import { Stats } from '../ui/card.tsx'
import { Empty } from '../ui/empty.tsx'
import { duration, money } from '../ui/format.ts'
import { Page } from '../ui/page.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { Status } from '../ui/status.tsx'
import { Table } from '../ui/table.tsx'
import { tellProblem } from '../ui/toast.tsx'

type Row = Answer<'get', '/api/instances/'>['instances'][number]

/** What sleeps, what it costs meanwhile, and what that saves. */
export function HibernatedPage() {
  const region = useRegion()
  const list = useQuery({
    ...reading('/api/instances/', { query: { status: 'HIBERNATED', page_size: 100, region } }),
    refetchInterval: pollWhenBroken,
  })
  const all = useQuery({
    ...reading('/api/instances/hibernated/', { query: { limit: 50 } }),
    refetchInterval: () => pollWhenBroken() || 60_000,
  })
  const metrics = all.data?.billing_metrics
  const since = new Map(
    all.data?.recent_hibernations.map((each) => [each.instance_id, each] as const),
  )
  return (
    <Page
      guide="hibernation"
      title="Hibernated"
      lead="Memory and disk are kept; processor, memory and GPUs are free for others."
      refresh={{ onRefresh: () => void list.refetch(), busy: list.isFetching }}
      calls={[
        {
          method: 'GET',
          path: '/api/instances/hibernated/',
          command: 'garrison instance list --status HIBERNATED',
        },
      ]}
    >
      {metrics && (
        <Stats
          stats={[
            ['Hibernated', all.data?.hibernated_count],
            ['Cost per hour', money(metrics.hourly_rate, metrics.currency)],
            ['Cost so far', money(metrics.total_cost, metrics.currency)],
            ['Saved', money(metrics.estimated_savings, metrics.currency)],
          ]}
        />
      )}
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading what="hibernated instances" />}
      {list.data &&
        (list.data.instances.length > 0 ? (
          <Table
            label="Hibernated instances"
            rows={list.data.instances}
            rowKey={(row) => row.instance_id}
            columns={[
              {
                key: 'name',
                head: 'Name',
                cell: (row) => (
                  <Link
                    to="/instances/$id"
                    params={{ id: row.instance_id }}
                    className="font-medium hover:text-accent"
                  >
                    {row.vm_name}
                  </Link>
                ),
              },
              { key: 'status', head: 'Status', cell: (row) => <Status status={row.status} /> },
              {
                key: 'for',
                head: 'For',
                from: 'md',
                cell: (row) => {
                  const found = since.get(row.instance_id)
                  return found && duration(found.hours_hibernated * 3600)
                },
              },
              { key: 'region', head: 'Region', from: 'lg', cell: (row) => row.region },
              {
                key: 'cost',
                head: 'Cost so far',
                numeric: true,
                from: 'md',
                cell: (row) => {
                  const found = since.get(row.instance_id)
                  return found && money(found.cost, row.currency)
                },
              },
              {
                key: 'restore',
                head: <span className="sr-only">Actions</span>,
                className: 'w-28 text-right',
                cell: (row) => <Restore row={row} />,
              },
            ]}
          />
        ) : (
          <Empty
            title="Nothing is hibernated"
            action={
              <Link to="/instances" className={buttonClass('plain')}>
                Go to instances
              </Link>
            }
            call={({ instance }) => ({
              method: 'POST',
              path: `/api/instances/${instance.id}/hibernate/`,
              command: `garrison instance hibernate ${shellWord(instance.name)}`,
            })}
          >
            Hibernate an instance that you do not need for a while: it costs a fraction, and goes on
            later where it was, with its programs and open files.
          </Empty>
        ))}
    </Page>
  )
}

function Restore({ row: { instance_id, status, vm_name } }: { row: Row }) {
  const restore = useMutation({
    mutationFn: () => post('/api/instances/{instance_id}/restore/', { params: { instance_id } }),
    onSuccess: () => stale('/api/instances/', '/api/operations/'),
    onError: tellProblem,
  })
  return (
    <Button
      aria-label={`Restore ${vm_name}`}
      reason={whyNot('restore', status)}
      busy={restore.isPending && 'Restoring…'}
      onClick={() => restore.mutate()}
    >
      Restore
    </Button>
  )
}

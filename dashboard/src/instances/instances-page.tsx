import { instanceStatuses } from '@garrison/contract/instances/states'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { Ellipsis } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import type { Answer } from '../api/client.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { useRegion } from '../shell/region.ts'
import { listCall } from '../ui/api-call.tsx'
import { buttonClass, IconButton } from '../ui/button.tsx'
import { Copyable } from '../ui/copy.tsx'
import { Empty, NothingFound } from '../ui/empty.tsx'
import { FilterSelect, SearchBox } from '../ui/filters.tsx'
import { money, plural } from '../ui/format.ts'
import { useLastPage } from '../ui/last-page.ts'
import { Menu } from '../ui/menu.tsx'
import { moneyIn } from '../ui/money.tsx'
import { Page } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { Problem } from '../ui/panel.tsx'
import { useSelection } from '../ui/selection.ts'
import { Loading } from '../ui/spinner.tsx'
import { Status, statusWord } from '../ui/status.tsx'
import { type Column, Table } from '../ui/table.tsx'
import { Tick } from '../ui/tick.tsx'
import { Time } from '../ui/time.tsx'
import { useInstanceActions } from './actions.tsx'
import { BulkBar } from './bulk-bar.tsx'
import { hourlyNow } from './cost.ts'
import type { InstanceAsked, InstancesSearch } from './routes.ts'
import { WaitingLine } from './waiting-line.tsx'

type Row = Answer<'get', '/api/instances/'>['instances'][number]

const size = 50

const shapeOf = ({ gpu_count, gpu_type, vcpus, ram_gb }: Row) =>
  gpu_count > 0 ? `${gpu_count} × ${gpu_type}` : `${vcpus} vCPU · ${ram_gb} GB`

const columnsWith = (rate: (row: Row) => ReactNode): readonly Column<Row>[] => [
  {
    key: 'name',
    head: 'Name',
    cell: (row) => (
      <>
        <Link
          to="/instances/$id"
          params={{ id: row.instance_id }}
          className="font-medium wrap-anywhere hover:text-accent"
        >
          {row.vm_name}
        </Link>
        <span className="block text-sm text-ink-3 md:hidden">{shapeOf(row)}</span>
      </>
    ),
  },
  {
    key: 'status',
    head: 'Status',
    cell: (row) => (
      <>
        <Status status={row.status} />
        <span className="block text-sm text-ink-3 md:hidden">
          {money(hourlyNow(row), row.currency)}/h
        </span>
      </>
    ),
  },
  {
    key: 'shape',
    head: 'Machine',
    from: 'md',
    cell: (row) => <span className="whitespace-nowrap text-ink-2">{shapeOf(row)}</span>,
  },
  {
    key: 'region',
    head: 'Region',
    from: 'lg',
    cell: (row) => (
      <span className="whitespace-nowrap" title={row.simulated && 'A simulated region'}>
        {row.region}
      </span>
    ),
  },
  {
    key: 'address',
    head: 'Address',
    from: 'lg',
    cell: (row) => row.ip_address && <Copyable text={row.ip_address} name="Copy address" />,
  },
  {
    key: 'rate',
    head: 'Per hour',
    numeric: true,
    from: 'md',
    cell: rate,
  },
  {
    key: 'created',
    head: 'Created',
    numeric: true,
    from: 'xl',
    cell: (row) => <Time at={row.created_at} />,
  },
  {
    key: 'menu',
    head: <span className="sr-only">Actions</span>,
    cell: (row) => <RowMenu row={row} />,
    className: 'w-10',
  },
]

export function InstancesPage() {
  const search = useSearch({ from: '/shell/instances' })
  const navigate = useNavigate({ from: '/instances' })
  const region = useRegion()
  const { page = 1 } = search
  const list = useQuery({
    ...reading('/api/instances/', { query: { ...search, page, page_size: size, region } }),
    refetchInterval: pollWhenBroken,
  })
  const narrow = (change: InstancesSearch & { region?: undefined }) =>
    void navigate({
      search: (before) => ({ ...before, ...change, page: undefined }),
      replace: true,
    })
  const filtered = Boolean(search.search || search.status || region)
  const total = list.data?.pagination.total_count ?? 0
  const rows = list.data?.instances ?? []
  const beyond = useLastPage(page, size, { shown: list.data?.instances.length, total })
  const rate = rateOf(rows)
  const deployButton = (
    <Link to={'/instances/new' as string} className={buttonClass('primary')}>
      Deploy instance
    </Link>
  )
  const selection = useSelection(rows.map((row) => row.instance_id))
  return (
    <Page
      guide="managing-instances"
      title="Instances"
      lead={list.data && plural(total, 'instance')}
      refresh={{ onRefresh: () => void list.refetch(), busy: list.isFetching }}
      calls={[
        listCall(
          '/api/instances/',
          {
            status: search.status,
            region,
            search: search.search,
            page: page > 1 ? page : undefined,
          },
          { command: 'garrison instance list', flags: ['status', 'region', 'search'] },
        ),
      ]}
      action={deployButton}
    >
      {(total > 0 || filtered) && (
        <div className="flex flex-wrap gap-2">
          <SearchBox
            label="Search instances"
            value={search.search ?? ''}
            onValue={(value) => narrow({ search: value })}
          />
          <FilterSelect
            label="Status"
            all="Any status"
            value={search.status ?? ''}
            onValue={(status) => narrow({ status })}
            choices={instanceStatuses.map((value) => ({ value, words: statusWord(value) }))}
          />
        </div>
      )}
      <WaitingLine />
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {(list.isPending || beyond) && <Loading what="instances" />}
      {list.data &&
        !beyond &&
        (rows.length > 0 ? (
          <Table
            label="Instances"
            columns={[tickColumn(selection, rows.length), ...columnsWith(rate)]}
            rows={rows}
            rowKey={(row) => row.instance_id}
            selected={(row) => selection.has(row.instance_id)}
          />
        ) : filtered ? (
          <NothingFound
            what="instances"
            onClear={() => narrow({ search: '', status: '', region: undefined })}
          />
        ) : (
          <Empty
            title="No instance yet"
            action={deployButton}
            call={(there) => ({
              method: 'POST',
              path: '/api/deploy/',
              body: {
                vm_name: 'web-1',
                region: there.region,
                flavor: there.flavor,
                os_image: there.osImage,
                ssh_key_ids: [there.sshKeyId],
              },
              command: `garrison instance create web-1 --region ${there.region} --flavor ${there.flavor}`,
            })}
          >
            An instance is a machine of your own: pick a size, an image and a key, and SSH into it a
            few seconds later. It is charged by the minute until it is deleted.
          </Empty>
        ))}
      <BulkBar
        rows={rows.filter((row) => selection.has(row.instance_id))}
        onClear={selection.clear}
      />
      <Pager
        page={page}
        total={total}
        size={size}
        onPage={(next) => void navigate({ search: (before) => ({ ...before, page: next }) })}
      />
    </Page>
  )
}

function rateOf(rows: readonly Row[]) {
  // All of them are the account's, which pays in one currency.
  const words = moneyIn(rows[0]?.currency ?? 'USD', rows.map(hourlyNow))
  return (row: Row) => words(hourlyNow(row))
}

const tickColumn = (
  { selected, has, tick, tickAll }: ReturnType<typeof useSelection>,
  all: number,
): Column<Row> => ({
  key: 'tick',
  className: 'w-8',
  head: (
    <Tick
      name="Select all instances of this page"
      checked={selected.length === all}
      some={selected.length > 0 && selected.length < all}
      onTick={({ on }) => tickAll(on)}
    />
  ),
  cell: ({ instance_id, vm_name }) => (
    <Tick
      name={`Select ${vm_name}`}
      checked={has(instance_id)}
      onTick={(how) => tick(instance_id, how)}
    />
  ),
})

function RowMenu({ row }: { row: Row }) {
  const { actions, dialogs } = useInstanceActions(row, useState<InstanceAsked | null>(null))
  return (
    <>
      <Menu
        trigger={
          <IconButton
            name={`Actions of ${row.vm_name}`}
            icon={<Ellipsis aria-hidden className="size-4" />}
          />
        }
        actions={actions}
      />
      {dialogs}
    </>
  )
}

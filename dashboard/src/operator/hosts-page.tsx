/** Every host: what it has, what of that is promised, and whether it takes more. */
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { reading } from '../api/queries.ts'
import { useRegion } from '../shell/region.ts'
import { Button } from '../ui/button.tsx'
import { Section, Stats } from '../ui/card.tsx'
import { Empty, NothingFound } from '../ui/empty.tsx'
import { FilterSelect, SearchBox } from '../ui/filters.tsx'
import { gigabytes, number, plural } from '../ui/format.ts'
import { Page } from '../ui/page.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { type Column, Table } from '../ui/table.tsx'
import { gpuStock, type Host, hostState, machinesOn, sumOf } from './capacity.ts'
import { CapacityBar } from './capacity-bar.tsx'
import { DrainDialog } from './drain-dialog.tsx'
import { HostStatus, hostStates } from './host-status.tsx'
import type { HostsSearch } from './routes.ts'
import { watching } from './watching.ts'

export function HostsPage() {
  const { search = '', state = '' } = useSearch({ from: '/shell/operator/hosts' })
  const navigate = useNavigate({ from: '/operator/hosts' })
  const region = useRegion()
  const [asked, setAsked] = useState<Host | null>(null)
  const list = useQuery({
    ...reading('/api/operator/hosts/', { query: { region } }),
    refetchInterval: watching,
  })
  const all = list.data?.hosts ?? []
  const hosts = all.filter(
    (host) =>
      `${host.name} ${host.region}`.toLowerCase().includes(search.toLowerCase()) &&
      (state === '' || hostState(host) === state),
  )
  const narrow = (change: HostsSearch) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const sum = sumOf(all)
  const stock = gpuStock(hosts)
  return (
    <Page
      guide="operating"
      title="Hosts"
      lead={list.data && countWords(hosts.length, all.length)}
      refresh={{ onRefresh: () => void list.refetch(), busy: list.isFetching }}
      calls={[
        { method: 'GET', path: '/api/operator/hosts/', command: 'garrison operator hosts' },
        {
          method: 'POST',
          path: '/api/operator/hosts/LOCAL-1/host-1/drain/',
          body: { reason: 'New disks' },
          command: 'garrison operator drain LOCAL-1 host-1 --reason "New disks"',
        },
      ]}
    >
      {all.length > 0 && (
        <Stats
          stats={[
            ['vCPUs free', number(sum.vcpus.free)],
            ['Memory free', gigabytes(sum.memory.free)],
            ['Disk free', gigabytes(sum.disk.free)],
            ['GPUs free', `${number(sum.gpus.free)} of ${number(sum.gpus.total)}`],
            ['Machines', number(all.reduce((count, host) => count + machinesOn(host), 0))],
          ]}
        />
      )}
      {all.length > 1 && (
        <div className="flex flex-wrap gap-2">
          <SearchBox
            label="Search hosts"
            value={search}
            onValue={(value) => narrow({ search: value || undefined })}
          />
          <FilterSelect
            label="State"
            all="Any state"
            value={state}
            choices={hostStates}
            onValue={(value) => narrow({ state: value || undefined })}
          />
        </div>
      )}
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading what="hosts" />}
      {hosts.length > 0 && (
        <Table
          label="Hosts"
          columns={columnsWith(setAsked)}
          rows={hosts}
          rowKey={(host) => `${host.region}/${host.name}`}
        />
      )}
      {list.data &&
        hosts.length === 0 &&
        (all.length > 0 ? (
          <NothingFound
            what="hosts"
            onClear={() => narrow({ search: undefined, state: undefined })}
          />
        ) : (
          <Empty
            title={region ? `No host in ${region}` : 'No host'}
            call={{
              method: 'GET',
              path: '/api/operator/hosts/',
              command: 'garrison operator hosts',
            }}
          >
            A region’s engine says which hosts it has. None answers: look into the server’s log, and
            at <code>regions</code> in <code>garrison.yaml</code>.
          </Empty>
        ))}
      {stock.length > 0 && (
        <Section title="GPUs, the scarcest first">
          <Table
            label="GPUs by model and region"
            rows={stock}
            rowKey={(row) => `${row.model} ${row.region}`}
            columns={[
              {
                key: 'model',
                head: 'Model',
                cell: (row) => <span className="font-medium">{row.model}</span>,
              },
              { key: 'region', head: 'Region', cell: (row) => row.region },
              {
                key: 'hosts',
                head: 'Hosts',
                numeric: true,
                from: 'md',
                cell: (row) => number(row.hosts),
              },
              {
                key: 'promised',
                head: 'Promised',
                numeric: true,
                from: 'md',
                cell: (row) => number(row.promised),
              },
              {
                key: 'free',
                head: 'Free',
                numeric: true,
                cell: (row) => (
                  <span className={row.free === 0 ? 'text-warning' : undefined}>
                    {number(row.free)} of {number(row.total)}
                  </span>
                ),
              },
            ]}
          />
        </Section>
      )}
      {asked && <DrainDialog host={asked} onClose={() => setAsked(null)} />}
    </Page>
  )
}

const countWords = (shown: number, all: number) =>
  shown === all ? plural(all, 'host') : `${number(shown)} of ${plural(all, 'host')}`

const columnsWith = (onDrain: (host: Host) => void): readonly Column<Host>[] => [
  {
    key: 'host',
    head: 'Host',
    cell: (host) => (
      <>
        <Link
          to="/operator/hosts/$region/$host"
          params={{ region: host.region, host: host.name }}
          className="font-medium hover:text-accent"
        >
          {host.name}
        </Link>
        <span className="block text-sm text-ink-3">
          {host.region}
          {host.simulated && ' · simulated'}
        </span>
        <span className="text-sm md:hidden">
          <HostStatus host={host} />
        </span>
      </>
    ),
  },
  { key: 'state', head: 'State', from: 'md', cell: (host) => <HostStatus host={host} /> },
  {
    key: 'vcpus',
    head: 'vCPUs',
    from: 'md',
    cell: ({ capacity }) => <CapacityBar small amounts={capacity.vcpus} format={number} />,
  },
  {
    key: 'memory',
    head: 'Memory',
    from: 'md',
    cell: ({ capacity }) => <CapacityBar small amounts={capacity.memory_gb} format={gigabytes} />,
  },
  {
    key: 'disk',
    head: 'Disk',
    from: 'lg',
    cell: ({ capacity }) => <CapacityBar small amounts={capacity.disk_gb} format={gigabytes} />,
  },
  {
    key: 'gpus',
    head: 'GPUs free',
    numeric: true,
    from: 'lg',
    cell: ({ capacity }) =>
      capacity.gpus.length === 0
        ? 'none'
        : capacity.gpus
            .map(({ free, total }) => `${number(Math.max(0, free))} of ${number(total)}`)
            .join(', '),
  },
  { key: 'machines', head: 'Machines', numeric: true, cell: (host) => number(machinesOn(host)) },
  {
    key: 'drain',
    head: <span className="sr-only">Actions</span>,
    className: 'w-10 text-right',
    cell: (host) => (
      <Button
        look="quiet"
        aria-label={`${host.drained ? 'Resume' : 'Drain'} ${host.name}`}
        onClick={() => onDrain(host)}
      >
        {host.drained ? 'Resume' : 'Drain'}
      </Button>
    ),
  },
]

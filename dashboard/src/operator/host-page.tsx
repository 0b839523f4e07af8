/** One host: what it has, who holds what of it, and its machines. */
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import type { Answer } from '../api/client.ts'
import { reading } from '../api/queries.ts'
import { Broken } from '../shell/failures.tsx'
import { Button } from '../ui/button.tsx'
import { Section } from '../ui/card.tsx'
import { Copyable } from '../ui/copy.tsx'
import { gigabytes, number, plural } from '../ui/format.ts'
import { Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { Loading } from '../ui/spinner.tsx'
import { Status, statusWord } from '../ui/status.tsx'
import { type Column, Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { CapacityBar } from './capacity-bar.tsx'
import { DrainDialog } from './drain-dialog.tsx'
import { HostStatus } from './host-status.tsx'
import { watching } from './watching.ts'

type Details = Answer<'get', '/api/operator/hosts/{region}/{host}/'>['host']

const size = 50

export function HostPage() {
  const params = useParams({ from: '/shell/operator/hosts/$region/$host' })
  const { page = 1 } = useSearch({ from: '/shell/operator/hosts/$region/$host' })
  const navigate = useNavigate({ from: '/operator/hosts/$region/$host' })
  const [asked, setAsked] = useState(false)
  const { data, error, isFetching, refetch } = useQuery({
    ...reading('/api/operator/hosts/{region}/{host}/', {
      params,
      query: { page, page_size: size },
    }),
    refetchInterval: watching,
  })
  if (data === undefined) {
    if (error) return <Broken error={error} reset={() => void refetch()} />
    return <Loading what="the host" />
  }
  const { host, pagination } = data
  const path = `/api/operator/hosts/${params.region}/${params.host}/`
  return (
    <Page
      guide="operating"
      title={host.name}
      lead={
        <span className="flex flex-wrap items-center gap-x-4 gap-y-1">
          <HostStatus host={host} />
          {host.region}
          {host.simulated && ' · simulated'}
        </span>
      }
      refresh={{ onRefresh: () => void refetch(), busy: isFetching }}
      calls={[
        {
          method: 'GET',
          path,
          command: `garrison operator host ${params.region} ${params.host}`,
        },
        {
          method: 'POST',
          path: `${path}drain/`,
          body: { reason: 'New disks' },
          command: `garrison operator drain ${params.region} ${params.host} --reason "New disks"`,
        },
      ]}
      action={
        <Button look={host.drained ? 'primary' : 'plain'} onClick={() => setAsked(true)}>
          {host.drained ? 'Take machines again' : 'Drain host'}
        </Button>
      }
    >
      {host.drained && (
        <Notice tone="warning">
          It takes nothing new since <Time at={host.drained.since} exact />
          {host.drained.reason && `: ${host.drained.reason}`}
        </Notice>
      )}
      {!host.present && (
        <Notice tone="problem">
          What runs its machines does not answer, or does not know this host any more. Look at the
          machine itself and into the server’s log.
        </Notice>
      )}
      {host.notices.map((words) => (
        <Notice key={words}>{words}</Notice>
      ))}
      <Capacity host={host} />
      <Section title={`Machines · ${countWords(host, pagination.total_count)}`}>
        {host.instances.length > 0 ? (
          <Table
            label="Machines on this host"
            columns={machineColumns}
            rows={host.instances}
            rowKey={(row) => row.id}
          />
        ) : (
          <p className="text-ink-2">There is none here.</p>
        )}
        <Pager
          page={page}
          total={pagination.total_count}
          size={size}
          onPage={(next) => void navigate({ search: { page: next } })}
        />
      </Section>
      {host.holders.length > 0 && (
        <Section title="Who holds what of it">
          <Table
            label="Accounts by what they hold"
            columns={holderColumns}
            rows={host.holders}
            rowKey={(row) => row.account_id}
          />
        </Section>
      )}
      {host.kept.length > 0 && (
        <Section title="Room kept for deployments that wait">
          <Table
            label="Deployments that room is kept for"
            columns={keptColumns}
            rows={host.kept}
            rowKey={(row) => row.deploy_request_id}
          />
        </Section>
      )}
      {asked && <DrainDialog host={host} onClose={() => setAsked(false)} />}
    </Page>
  )
}

function countWords({ machines }: Details, total: number) {
  const parts = Object.entries(machines).map(
    ([status, count]) => `${count} ${statusWord(status).toLowerCase()}`,
  )
  return parts.length > 1 ? parts.join(', ') : number(total)
}

function Capacity({ host: { capacity, volumes, snapshots } }: { host: Details }) {
  const { vcpus, memory_gb, disk_gb, gpus } = capacity
  return (
    <Section title="Capacity">
      <dl className="grid gap-x-10 gap-y-5 md:grid-cols-2 xl:grid-cols-3">
        <Share name="vCPUs" note={`promised on ${plural(vcpus.cores, 'core')}`}>
          <CapacityBar amounts={vcpus} format={number} />
        </Share>
        <Share name="Memory" note="never promised twice">
          <CapacityBar amounts={memory_gb} format={gigabytes} />
        </Share>
        <Share
          name="Disk"
          note={`${gigabytes(disk_gb.really_free)} really free; below ${gigabytes(disk_gb.floor)} nothing new begins. ${plural(volumes, 'volume')}, ${plural(snapshots, 'snapshot')}`}
        >
          <CapacityBar amounts={disk_gb} format={gigabytes} />
        </Share>
        {gpus.map((gpu) => (
          <Share key={gpu.model} name={gpu.model} note="GPUs">
            <CapacityBar amounts={gpu} format={number} />
          </Share>
        ))}
      </dl>
    </Section>
  )
}

const Share = ({
  name,
  note,
  children,
}: {
  name: string
  note: string
  children: React.ReactNode
}) => (
  <div className="flex flex-col gap-1">
    <dt className="font-medium">{name}</dt>
    <dd>{children}</dd>
    <dd className="text-sm text-ink-3">{note}</dd>
  </div>
)

const AccountLink = ({ id, name = id }: { id: string; name?: string }) => (
  <Link
    to="/operator/accounts/$id"
    params={{ id }}
    className={name === id ? 'font-mono text-sm hover:text-accent' : 'hover:text-accent'}
  >
    {name}
  </Link>
)

const machineColumns: readonly Column<Details['instances'][number]>[] = [
  {
    key: 'name',
    head: 'Name',
    cell: (row) => (
      <>
        <span className="font-medium">{row.name}</span>
        {row.error && <span className="block text-sm text-problem">{row.error}</span>}
      </>
    ),
  },
  {
    key: 'status',
    head: 'Status',
    cell: (row) => <Status status={row.status} why={row.error} />,
  },
  {
    key: 'shape',
    head: 'Machine',
    from: 'md',
    cell: (row) => (
      <span className="text-ink-2">
        {row.gpu_count > 0 && `${row.gpu_count} × ${row.gpu_model} · `}
        {row.vcpus} vCPU · {gigabytes(row.memory_gb)} · {gigabytes(row.disk_gb)} disk
      </span>
    ),
  },
  {
    key: 'id',
    head: 'ID',
    from: 'xl',
    cell: (row) => <Copyable text={row.id} name="Copy id" />,
  },
  { key: 'account', head: 'Account', cell: (row) => <AccountLink id={row.account_id} /> },
  {
    key: 'created',
    head: 'Created',
    numeric: true,
    from: 'lg',
    cell: (row) => <Time at={row.created_at} />,
  },
]

const holderColumns: readonly Column<Details['holders'][number]>[] = [
  {
    key: 'account',
    head: 'Account',
    cell: (row) => <AccountLink id={row.account_id} name={row.account_name} />,
  },
  {
    key: 'instances',
    head: 'Machines',
    numeric: true,
    cell: (row) => number(row.instances),
  },
  { key: 'vcpus', head: 'vCPUs', numeric: true, from: 'md', cell: (row) => number(row.vcpus) },
  {
    key: 'memory',
    head: 'Memory',
    numeric: true,
    cell: (row) => gigabytes(row.memory_gb),
  },
  { key: 'gpus', head: 'GPUs', numeric: true, from: 'md', cell: (row) => number(row.gpus) },
  { key: 'disk', head: 'Disk', numeric: true, from: 'md', cell: (row) => gigabytes(row.disk_gb) },
  {
    key: 'volumes',
    head: 'Volumes',
    numeric: true,
    from: 'lg',
    cell: (row) => number(row.volumes),
  },
  {
    key: 'snapshots',
    head: 'Snapshots',
    numeric: true,
    from: 'lg',
    cell: (row) =>
      row.snapshots === 0 ? '0' : `${number(row.snapshots)} · ${gigabytes(row.snapshots_gb)}`,
  },
]

const keptColumns: readonly Column<Details['kept'][number]>[] = [
  {
    key: 'name',
    head: 'For',
    cell: (row) => <span className="font-medium">{row.vm_name}</span>,
  },
  {
    key: 'shape',
    head: 'Room',
    cell: (row) => (
      <span className="text-ink-2">
        {row.gpus > 0 && `${plural(row.gpus, 'GPU')} · `}
        {row.vcpus} vCPU · {gigabytes(row.memory_gb)} · {gigabytes(row.disk_gb)} disk
      </span>
    ),
  },
  { key: 'account', head: 'Account', cell: (row) => <AccountLink id={row.account_id} /> },
  {
    key: 'until',
    head: 'Until',
    numeric: true,
    from: 'md',
    cell: (row) => <Time at={row.until} />,
  },
]

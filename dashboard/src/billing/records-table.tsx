import { useQuery } from '@tanstack/react-query'
import { reading } from '../api/queries.ts'
import type { Currency } from '../ui/format.ts'
import { duration, gigabytes, money, plural } from '../ui/format.ts'
import { Pager } from '../ui/pager.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { Status } from '../ui/status.tsx'
import { type Column, Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import type { BillingKind, BillingSearch } from './routes.ts'

/** What the three lists have in common. */
type Row = {
  id: string
  name: string
  what: string
  start_time: string
  end_time: string | null
  total_duration_minutes: number
  per_minute_rate: number
  total_cost: number
  status: string
}

const size = 20

export function RecordsTable({
  kind,
  search,
  onPage,
}: {
  kind: BillingKind
  search: BillingSearch
  onPage: (page: number) => void
}) {
  const { page = 1, from, to } = search
  const records = useRecords(kind, { page, limit: size, start_date: from, end_date: to })
  if (records.error) return <Problem error={records.error} onRetry={records.refetch} />
  if (records.data === undefined) return <Loading what="records" />
  const { rows, total, cost, minutes, currency } = records.data
  if (total === 0) {
    return (
      <p className="py-4 text-ink-2">
        {from || to ? 'Nothing was billed in that time.' : `No ${kind} have been billed yet.`}
      </p>
    )
  }
  return (
    <>
      <p>
        {plural(total, 'record')} · {duration(minutes * 60)} ·{' '}
        <strong className="font-semibold">{money(cost, currency)}</strong> in all
      </p>
      <Table
        label={`Billing records of ${kind}`}
        columns={columnsIn(currency)}
        rows={rows}
        rowKey={(row) => `${row.id} ${row.start_time}`}
      />
      <Pager page={page} total={total} size={size} onPage={onPage} />
    </>
  )
}

const columnsIn = (currency: Currency): readonly Column<Row>[] => [
  {
    key: 'name',
    head: 'Name',
    cell: (row) => <span className="font-medium wrap-anywhere">{row.name}</span>,
  },
  {
    key: 'what',
    head: 'What',
    from: 'lg',
    className: 'whitespace-nowrap',
    cell: (row) => row.what,
  },
  { key: 'status', head: 'Status', from: 'md', cell: (row) => <Status status={row.status} /> },
  { key: 'from', head: 'From', from: 'md', cell: (row) => <Time at={row.start_time} exact /> },
  {
    key: 'to',
    head: 'To',
    from: 'xl',
    cell: (row) => (row.end_time === null ? 'now' : <Time at={row.end_time} exact />),
  },
  {
    key: 'minutes',
    head: 'For',
    numeric: true,
    cell: (row) => (
      <span title={`${row.total_duration_minutes} minutes`}>
        {duration(row.total_duration_minutes * 60)}
      </span>
    ),
  },
  {
    key: 'rate',
    head: 'Per minute',
    numeric: true,
    from: 'lg',
    cell: (row) => money(row.per_minute_rate, currency, 4),
  },
  { key: 'cost', head: 'Cost', numeric: true, cell: (row) => money(row.total_cost, currency) },
]

type Query = {
  page: number
  limit: number
  start_date?: string | undefined
  end_date?: string | undefined
}

/** Only the list that is looked at is asked for. */
function useRecords(kind: BillingKind, query: Query) {
  const options = { refetchInterval: 60_000 }
  const instances = useQuery({
    ...reading('/api/instances/billing/', { query }),
    ...options,
    enabled: kind === 'instances',
  })
  const snapshots = useQuery({
    ...reading('/api/snapshots/billing/', { query }),
    ...options,
    enabled: kind === 'snapshots',
  })
  const volumes = useQuery({
    ...reading('/api/volumes/billing/', { query }),
    ...options,
    enabled: kind === 'volumes',
  })
  const chosen = { instances, snapshots, volumes }[kind]
  const rows: readonly Row[] | undefined = {
    instances: instances.data?.records.map((row) => ({
      ...row,
      id: row.billing_id,
      name: row.vm_name,
      what: row.gpu_count > 0 ? `${row.gpu_count} × ${row.gpu_type}` : 'No GPU',
    })),
    snapshots: snapshots.data?.records.map((row) => ({
      ...row,
      id: row.billing_id,
      name: row.snapshot_name,
      what: gigabytes(row.size_gb),
    })),
    volumes: volumes.data?.records.map((row) => ({
      ...row,
      id: row.billing_id,
      name: row.volume_name,
      what: gigabytes(row.size_gb),
    })),
  }[kind]
  return {
    error: chosen.error,
    refetch: () => void chosen.refetch(),
    data: rows &&
      chosen.data && {
        rows,
        total: chosen.data.total,
        cost: chosen.data.summary.totalCost,
        minutes: chosen.data.summary.totalMinutes,
        currency: chosen.data.currency,
      },
  }
}

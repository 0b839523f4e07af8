import { useQuery } from '@tanstack/react-query'
import type { Answer } from '../api/client.ts'
import { reading } from '../api/queries.ts'
import { RecordStatus } from '../billing/record-status.tsx'
import { Stats } from '../ui/card.tsx'
import { duration, money } from '../ui/format.ts'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { type Column, Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { useInstance } from './use-instance.ts'

type Billing = Answer<'get', '/api/instances/billing/'>
type Row = Billing['records'][number]

const columns: readonly Column<Row>[] = [
  { key: 'from', head: 'From', cell: (row) => <Time at={row.start_time} exact /> },
  {
    key: 'to',
    head: 'To',
    from: 'md',
    cell: (row) => (row.end_time === null ? 'now' : <Time at={row.end_time} exact />),
  },
  { key: 'status', head: 'As', cell: (row) => <RecordStatus status={row.status} /> },
  {
    key: 'minutes',
    head: 'For',
    numeric: true,
    cell: (row) => duration(row.total_duration_minutes * 60),
  },
  {
    key: 'rate',
    head: 'Per minute',
    numeric: true,
    from: 'md',
    cell: (row) => money(row.per_minute_rate, row.currency as 'USD', 4),
  },
  {
    key: 'cost',
    head: 'Cost',
    numeric: true,
    cell: (row) => money(row.total_cost, row.currency as 'USD'),
  },
]

export function BillingTab() {
  const { instance_id, currency } = useInstance()
  const list = useQuery({
    ...reading('/api/instances/billing/', { query: { instance_id, limit: 100 } }),
    refetchInterval: 60_000,
  })
  if (list.isError) return <Problem error={list.error} onRetry={() => void list.refetch()} />
  if (list.data === undefined) return <Loading what="records" />
  const { records, summary } = list.data
  return (
    <>
      <Stats
        stats={[
          ['So far', money(summary.totalCost, currency)],
          ['Billed time', duration(summary.totalMinutes * 60)],
          ['Records', records.length],
        ]}
      />
      <Table
        label="Billing records"
        columns={columns}
        rows={records}
        rowKey={(row) => `${row.billing_id} ${row.start_time}`}
      />
    </>
  )
}

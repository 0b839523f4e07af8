import { Link } from '@tanstack/react-router'
import type { Currency } from '../ui/format.ts'
import { duration, money, number, plural } from '../ui/format.ts'
import { moneyIn } from '../ui/money.tsx'
import { Pager } from '../ui/pager.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { type Column, Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { RecordStatus } from './record-status.tsx'
import type { BillingKind, BillingSearch } from './routes.ts'
import { pageSize, type Row, useRecords } from './use-records.ts'
import { nothingWords } from './words.ts'

export function RecordsTable({
  kind,
  search,
  onPage,
}: {
  kind: BillingKind
  search: BillingSearch
  onPage: (page: number) => void
}) {
  const records = useRecords(kind, search)
  if (records.error) return <Problem error={records.error} onRetry={records.refetch} />
  if (records.data === undefined) return <Loading what="records" />
  const { rows, total, cost, seconds, currency } = records.data
  if (total === 0) return <p className="py-4 text-ink-2">{nothingWords(kind, search)}</p>
  return (
    <>
      <p>
        {plural(total, 'record')} · {duration(seconds)} ·{' '}
        <strong className="font-semibold">{money(cost, currency)}</strong> in all
      </p>
      <Table
        label={`Billing records of ${kind === 'microvms' ? 'microVMs' : kind}`}
        columns={columnsIn(kind, currency, rows)}
        rows={rows}
        rowKey={(row) => `${row.id} ${row.start_time}`}
      />
      <Pager page={search.page ?? 1} total={total} size={pageSize} onPage={onPage} />
    </>
  )
}

function columnsIn(
  kind: BillingKind,
  currency: Currency,
  rows: readonly Row[],
): readonly Column<Row>[] {
  const cost = moneyIn(
    currency,
    rows.map((row) => row.total_cost),
  )
  return [
    { key: 'name', head: 'Name', cell: (row) => <Name row={row} /> },
    {
      key: 'what',
      head: 'What',
      from: 'lg',
      className: 'whitespace-nowrap',
      cell: (row) => row.what,
    },
    {
      key: 'status',
      head: 'Status',
      from: 'md',
      cell: (row) => <RecordStatus status={row.status} />,
    },
    { key: 'from', head: 'From', from: 'md', cell: (row) => <Time at={row.start_time} exact /> },
    {
      key: 'to',
      head: 'To',
      from: 'xl',
      cell: (row) => (row.end_time === null ? 'now' : <Time at={row.end_time} exact />),
    },
    {
      key: 'for',
      head: 'For',
      numeric: true,
      cell: (row) => <span title={exactly(kind, row.seconds)}>{duration(row.seconds)}</span>,
    },
    // A minute of a small one is less than money is written with.
    kind === 'microvms'
      ? {
          key: 'rate',
          head: 'Per hour',
          numeric: true,
          from: 'lg',
          cell: ({ hourly_rate: hourly }) =>
            money(hourly, currency, hourly < 0.001 ? undefined : 4),
        }
      : {
          key: 'rate',
          head: 'Per minute',
          numeric: true,
          from: 'lg',
          cell: (row) => money(row.hourly_rate / 60, currency, 4),
        },
    { key: 'cost', head: 'Cost', numeric: true, cell: (row) => cost(row.total_cost) },
  ]
}

const exactly = (kind: BillingKind, seconds: number) =>
  kind === 'microvms' ? `${number(seconds)} seconds` : `${number(seconds / 60)} minutes`

/** With what it is, where that has no column of its own. */
const Name = ({ row: { name, link, what } }: { row: Row }) => (
  <>
    <span className="font-medium wrap-anywhere">
      {link ? (
        <Link {...link} className="hover:text-accent">
          {name}
        </Link>
      ) : (
        name
      )}
    </span>
    <span className="block text-sm text-ink-3 lg:hidden">{what}</span>
  </>
)

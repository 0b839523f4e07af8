import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { reading } from '../api/queries.ts'
import { useMe } from '../shell/session.ts'
import { Section, Stats } from '../ui/card.tsx'
import { FilterSelect } from '../ui/filters.tsx'
import { duration, money } from '../ui/format.ts'
import { Notice } from '../ui/notice.tsx'
import { Page } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { Buy } from './buy.tsx'

const size = 20
const kinds = [
  { value: 'usage', words: 'Usage' },
  { value: 'purchase', words: 'Purchases' },
  { value: 'grant', words: 'Grants' },
  { value: 'refund', words: 'Refunds' },
]

export function CreditsPage() {
  const me = useMe()
  const balance = useQuery({ ...reading('/api/balance/'), refetchInterval: 60_000 })
  const { balances, balance: own, estimated_hours_left: left } = balance.data ?? {}
  return (
    <Page
      guide="credits"
      title="Credits"
      lead="Paid ahead, used by the minute. One credit is one unit of your currency."
      calls={[
        { method: 'GET', path: '/api/balance/', command: 'garrison credits show' },
        { method: 'GET', path: '/api/credits/history/', command: 'garrison credits history' },
      ]}
    >
      {own && balances && (
        <Stats
          stats={[
            ['Balance', money(own.amount, me.currency)],
            [
              'Lasts',
              left === null || left === undefined ? 'nothing is charged' : duration(left * 3600),
            ],
            ...(['USD', 'EUR', 'INR'] as const)
              .filter((currency) => currency !== me.currency && balances[currency])
              .map((currency) => [currency, money(balances[currency] ?? 0, currency)] as const),
          ]}
        />
      )}
      {me.billing_mode === 'off' ? (
        <Notice>
          Nothing is charged in this installation, so no credits are needed. The operator turns that
          on with billing.mode in garrison.yaml.
        </Notice>
      ) : (
        <Buy />
      )}
      <History />
    </Page>
  )
}

function History() {
  const { page = 1, kind = '' } = useSearch({ from: '/shell/credits' })
  const navigate = useNavigate({ from: '/credits' })
  const list = useQuery({
    ...reading('/api/credits/history/', { query: { page, limit: size, kind } }),
    refetchInterval: 60_000,
  })
  return (
    <Section
      title="History"
      aside={
        <FilterSelect
          label="Kind"
          all="Everything"
          value={kind}
          choices={kinds}
          onValue={(value) => void navigate({ search: { kind: value }, replace: true })}
        />
      }
    >
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading what="the history" />}
      {list.data && list.data.total === 0 && <p className="text-ink-2">Nothing yet.</p>}
      {list.data && list.data.total > 0 && (
        <Table
          label="Credit history"
          rows={list.data.entries.map((entry, index) => ({ ...entry, index }))}
          rowKey={(row) => `${row.created_at} ${row.index}`}
          columns={[
            {
              key: 'at',
              head: 'When',
              cell: (row) => <Time at={row.created_at} exact={row.kind !== 'usage'} />,
            },
            {
              key: 'what',
              head: 'What',
              cell: (row) =>
                row.order_id === null ? (
                  row.description
                ) : (
                  <Link
                    to="/credits/orders/$id"
                    params={{ id: row.order_id }}
                    className="text-accent hover:underline"
                  >
                    {row.description}
                  </Link>
                ),
            },
            {
              key: 'receipt',
              head: 'Receipt',
              from: 'md',
              cell: (row) => row.receipt_number,
            },
            {
              key: 'amount',
              head: 'Amount',
              numeric: true,
              cell: (row) => (
                <span className={row.amount > 0 ? 'text-running' : undefined}>
                  {row.amount > 0 && '+'}
                  {money(row.amount, row.currency)}
                </span>
              ),
            },
          ]}
        />
      )}
      <Pager
        page={page}
        total={list.data?.total ?? 0}
        size={size}
        onPage={(next) => void navigate({ search: (before) => ({ ...before, page: next }) })}
      />
    </Section>
  )
}

/** Who uses the installation: what they have, what is left to them, and whether they may go on. */
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import type { Answer } from '../api/client.ts'
import { reading } from '../api/queries.ts'
import { NothingFound } from '../ui/empty.tsx'
import { FilterSelect, SearchBox } from '../ui/filters.tsx'
import { duration, money, number, plural } from '../ui/format.ts'
import { Page } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { type Column, Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { AccountStage } from './account-stage.tsx'
import type { AccountsSearch } from './routes.ts'
import { watching } from './watching.ts'

type Row = Answer<'get', '/api/operator/accounts/'>['accounts'][number]

const size = 50

export function AccountsPage() {
  const { page = 1, search = '', suspended } = useSearch({ from: '/shell/operator/accounts' })
  const navigate = useNavigate({ from: '/operator/accounts' })
  const list = useQuery({
    ...reading('/api/operator/accounts/', { query: { page, page_size: size, search, suspended } }),
    refetchInterval: watching,
  })
  const narrow = (change: AccountsSearch) =>
    void navigate({
      search: (before) => ({ ...before, ...change, page: undefined }),
      replace: true,
    })
  const total = list.data?.pagination.total_count ?? 0
  const filtered = search !== '' || suspended !== undefined
  return (
    <Page
      guide="operating"
      title="Accounts"
      lead={list.data && `${plural(total, 'account')}${filtered ? ' match' : ''}`}
      refresh={{ onRefresh: () => void list.refetch(), busy: list.isFetching }}
      calls={[
        { method: 'GET', path: '/api/operator/accounts/', command: 'garrison operator accounts' },
      ]}
    >
      <div className="flex flex-wrap gap-2">
        <SearchBox
          label="Search name, address or id"
          value={search}
          onValue={(value) => narrow({ search: value || undefined })}
        />
        <FilterSelect
          label="Suspended or not"
          all="All accounts"
          value={suspended ?? ''}
          choices={[
            { value: 'false', words: 'May act' },
            { value: 'true', words: 'Suspended' },
          ]}
          onValue={(value) =>
            narrow({ suspended: value === 'true' || value === 'false' ? value : undefined })
          }
        />
      </div>
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading what="accounts" />}
      {list.data &&
        (list.data.accounts.length > 0 ? (
          <Table
            label="Accounts"
            columns={columns}
            rows={list.data.accounts}
            rowKey={(row) => row.id}
          />
        ) : (
          <NothingFound
            what="accounts"
            onClear={() => narrow({ search: undefined, suspended: undefined })}
          />
        ))}
      <Pager
        page={page}
        total={total}
        size={size}
        onPage={(next) => void navigate({ search: (before) => ({ ...before, page: next }) })}
      />
    </Page>
  )
}

const columns: readonly Column<Row>[] = [
  {
    key: 'name',
    head: 'Account',
    cell: (row) => (
      <>
        <Link
          to="/operator/accounts/$id"
          params={{ id: row.id }}
          className="font-medium hover:text-accent"
        >
          {row.name}
        </Link>
        <span className="block text-sm text-ink-3">{row.email ?? row.id}</span>
      </>
    ),
  },
  { key: 'stage', head: 'State', cell: (row) => <AccountStage account={row} /> },
  {
    key: 'machines',
    head: 'Running',
    numeric: true,
    from: 'md',
    cell: ({ counts }) => `${number(counts.running)} of ${number(counts.instances)}`,
  },
  {
    key: 'rate',
    head: 'Per hour',
    numeric: true,
    from: 'lg',
    cell: (row) => money(row.burn_rate, row.currency),
  },
  {
    key: 'balance',
    head: 'Balance',
    numeric: true,
    cell: (row) => (
      <>
        <span className={row.balance < 0 ? 'text-problem' : undefined}>
          {money(row.balance, row.currency)}
        </span>
        {row.hours_left !== null && (
          <span className="block text-sm text-ink-3">{duration(row.hours_left * 3600)}</span>
        )}
      </>
    ),
  },
  {
    key: 'active',
    head: 'Last active',
    numeric: true,
    from: 'lg',
    cell: (row) =>
      row.last_activity_at === null ? (
        <span className="text-ink-3">never</span>
      ) : (
        <Time at={row.last_activity_at} />
      ),
  },
]

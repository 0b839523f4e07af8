/** What is charged now, what is announced, and what was before. */
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { useState } from 'react'
import { reading } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { Section } from '../ui/card.tsx'
import { Empty } from '../ui/empty.tsx'
import { plural } from '../ui/format.ts'
import { Page } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { Mark } from '../ui/status.tsx'
import { type Column, Table } from '../ui/table.tsx'
import { Tabs } from '../ui/tabs.tsx'
import { Time } from '../ui/time.tsx'
import { ChangePriceDialog } from './change-price-dialog.tsx'
import {
  type CurrentPrice,
  currencies,
  exactly,
  keyOf,
  kindWords,
  type PriceChange,
  priceName,
} from './price-words.ts'
import { watching } from './watching.ts'
import { WithdrawPriceDialog } from './withdraw-price-dialog.tsx'

const size = 50

export function PricesPage() {
  const { show, page = 1 } = useSearch({ from: '/shell/operator/prices' })
  const navigate = useNavigate({ from: '/operator/prices' })
  const [asked, setAsked] = useState<CurrentPrice | 'any' | null>(null)
  const [withdrawn, setWithdrawn] = useState<PriceChange | null>(null)
  const list = useQuery({
    ...reading('/api/operator/prices/', {
      query: { page, page_size: size, ...(show === 'planned' ? { state: 'future' } : {}) },
    }),
    refetchInterval: watching,
  })
  const { current = [], changes = [], pagination } = list.data ?? {}
  const change = (
    <Button look="primary" onClick={() => setAsked('any')}>
      Change a price
    </Button>
  )
  return (
    <Page
      guide="prices"
      title="Prices"
      lead={list.data && plural(current.length, 'price')}
      refresh={{ onRefresh: () => void list.refetch(), busy: list.isFetching }}
      calls={[
        { method: 'GET', path: '/api/operator/prices/', command: 'garrison operator prices' },
        {
          method: 'POST',
          path: '/api/operator/prices/',
          body: {
            kind: 'flavor',
            item: 'cpu-small',
            prices: { USD: 0.012, EUR: 0.011, INR: 1 },
            effective_from: '2046-02-01T00:00:00Z',
          },
          command:
            'garrison operator change-price flavor cpu-small --usd 0.012 --eur 0.011 --inr 1 --from 2046-02-01',
        },
      ]}
      action={change}
    >
      <Tabs
        label="Prices by time"
        tabs={[
          { words: 'Now', to: '/operator/prices', search: {}, active: show === undefined },
          {
            words: 'Planned',
            to: '/operator/prices',
            search: { show: 'planned' },
            active: show === 'planned',
          },
          {
            words: 'History',
            to: '/operator/prices',
            search: { show: 'history' },
            active: show === 'history',
          },
        ]}
      />
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading what="prices" />}
      {list.data && show === undefined && (
        <Current prices={current} changes={changes} onChange={setAsked} />
      )}
      {list.data &&
        show !== undefined &&
        (changes.length > 0 ? (
          <Table
            label={show === 'planned' ? 'Changes that are planned' : 'All changes'}
            columns={changeColumns(setWithdrawn)}
            rows={changes}
            rowKey={(row) => row.id}
          />
        ) : (
          <Empty
            title={show === 'planned' ? 'No change is planned' : 'No price was ever changed'}
            action={change}
            call={{
              method: 'POST',
              path: '/api/operator/prices/',
              body: {
                kind: 'flavor',
                item: 'cpu-small',
                prices: { USD: 0.012, EUR: 0.011, INR: 1 },
              },
            }}
          >
            What <code>garrison.yaml</code> says is charged until it is changed here, at once or
            from a moment on. Accounts that it concerns hear of it by event and by mail.
          </Empty>
        ))}
      {show !== undefined && (
        <Pager
          page={page}
          total={pagination?.total_count ?? 0}
          size={size}
          onPage={(next) => void navigate({ search: (before) => ({ ...before, page: next }) })}
        />
      )}
      {asked && (
        <ChangePriceDialog
          prices={current}
          first={asked === 'any' ? null : asked}
          onClose={() => setAsked(null)}
        />
      )}
      {withdrawn && <WithdrawPriceDialog change={withdrawn} onClose={() => setWithdrawn(null)} />}
    </Page>
  )
}

function Current({
  prices,
  changes,
  onChange,
}: {
  prices: readonly CurrentPrice[]
  changes: readonly PriceChange[]
  onChange: (price: CurrentPrice) => void
}) {
  const kinds = [...Map.groupBy(prices, ({ kind }) => kind)]
  const comes = (price: CurrentPrice) =>
    changes.findLast((each) => each.state === 'future' && keyOf(each) === keyOf(price))
  return kinds.map(([kind, rows]) => (
    <Section key={kind} title={kindWords[kind]} aside={<Unit words={rows[0]?.unit ?? ''} />}>
      <Table
        label={`Prices of ${kindWords[kind]}`}
        rows={rows}
        rowKey={keyOf}
        columns={[
          {
            key: 'name',
            head: 'Of',
            cell: (row) => {
              const next = comes(row)
              return (
                <>
                  <span className="font-medium">{priceName(row)}</span>
                  {next && (
                    <span className="block text-sm text-ink-3">
                      {exactly(next.prices, 'USD')} <Time at={next.effective_from} />
                    </span>
                  )}
                </>
              )
            },
          },
          ...amountColumns,
          {
            key: 'since',
            head: 'Since',
            numeric: true,
            from: 'lg',
            className: 'w-44',
            cell: (row) =>
              row.since === null ? (
                <span className="text-ink-3">as configured</span>
              ) : (
                <Time at={row.since} />
              ),
          },
          {
            key: 'change',
            head: <span className="sr-only">Actions</span>,
            className: 'w-20 text-right',
            cell: (row) => (
              <Button
                look="quiet"
                aria-label={`Change the price of ${priceName(row)}`}
                onClick={() => onChange(row)}
              >
                Change
              </Button>
            ),
          },
        ]}
      />
    </Section>
  ))
}

const Unit = ({ words }: { words: string }) => <span className="text-ink-3">{words}</span>

const amountColumns = currencies.map((currency) => ({
  key: currency,
  head: currency,
  numeric: true,
  className: 'whitespace-nowrap md:w-28',
  ...(currency === 'USD' ? {} : { from: 'md' as const }),
  cell: (row: Pick<CurrentPrice, 'prices'>) => exactly(row.prices, currency),
}))

const states = {
  future: { look: 'changing', words: 'Planned' },
  in_force: { look: 'running', words: 'In force' },
  past: { look: 'stopped', words: 'Past' },
} as const

const changeColumns = (
  onWithdraw: (change: PriceChange) => void,
): readonly Column<PriceChange>[] => [
  {
    key: 'of',
    head: 'Of',
    cell: (row) => (
      <>
        <span className="font-medium">{priceName(row)}</span>
        {row.reason && <span className="block text-sm text-ink-3">{row.reason}</span>}
        <span className="block text-sm text-ink-3 md:hidden">
          {states[row.state].words}, from <Time at={row.effective_from} exact />
        </span>
      </>
    ),
  },
  {
    key: 'state',
    head: 'State',
    from: 'md',
    cell: ({ state }) => (
      <span className="inline-flex items-center gap-1.5 whitespace-nowrap text-ink-2">
        <Mark look={states[state].look} />
        {states[state].words}
      </span>
    ),
  },
  ...amountColumns,
  {
    key: 'from',
    head: 'From',
    numeric: true,
    from: 'md',
    cell: (row) => <Time at={row.effective_from} exact={row.state !== 'past'} />,
  },
  {
    key: 'withdraw',
    head: <span className="sr-only">Actions</span>,
    className: 'w-24 text-right',
    cell: (row) => (
      <Button
        look="quiet"
        aria-label={`Withdraw the change of ${priceName(row)}`}
        reason={
          row.state === 'future' ? null : 'It is in force, so it is history; change the price again'
        }
        onClick={() => onWithdraw(row)}
      >
        Withdraw
      </Button>
    ),
  },
]

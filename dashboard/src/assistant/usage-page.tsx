/** What the assistant has cost: in all, by model, and call by call. */
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import type { Answer } from '../api/client.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { buttonClass } from '../ui/button.tsx'
import { Section, Stats } from '../ui/card.tsx'
import { Empty, NothingFound } from '../ui/empty.tsx'
import { FilterSelect } from '../ui/filters.tsx'
import { number, plural } from '../ui/format.ts'
import { Page } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { Status } from '../ui/status.tsx'
import { type Column, Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { AssistantTabs } from './assistant-tabs.tsx'
import { cost } from './cost.ts'
import { periods } from './periods.ts'
import type { UsageSearch } from './routes.ts'

type Row = Answer<'get', '/api/ai/usage/history/'>['transactions'][number]

const size = 20
const periodWords = { 7: 'Last 7 days', 30: 'Last 30 days', 365: 'Last 365 days' }

/** Days are whole ones, so that the same question is the same query all day. */
const since = (days: string | undefined) =>
  days && new Date(Date.now() - Number(days) * 86_400_000).toISOString().slice(0, 10)

export function UsagePage() {
  const { page = 1, model, days } = useSearch({ from: '/shell/assistant/usage' })
  const navigate = useNavigate({ from: '/assistant/usage' })
  const start_date = since(days)
  const summary = useQuery({
    ...reading('/api/ai/usage/summary/', { query: { start_date } }),
    refetchInterval: pollWhenBroken,
  })
  const history = useQuery({
    ...reading('/api/ai/usage/history/', { query: { page, limit: size, model, start_date } }),
    refetchInterval: pollWhenBroken,
  })
  const models = useQuery({ ...reading('/api/ai/models/'), staleTime: 60_000 })
  const narrow = (change: UsageSearch) =>
    void navigate({
      search: (before) => ({ ...before, ...change, page: undefined }),
      replace: true,
    })
  const { data } = summary
  const rows = history.data?.transactions ?? []
  const error = summary.error ?? history.error
  const refresh = () => {
    void summary.refetch()
    void history.refetch()
  }
  return (
    <Page
      guide="assistant"
      title="Usage of the assistant"
      lead={history.data && plural(history.data.total, 'call')}
      refresh={{ onRefresh: refresh, busy: summary.isFetching || history.isFetching }}
      calls={[
        { method: 'GET', path: '/api/ai/usage/summary/' },
        { method: 'GET', path: '/api/ai/usage/history/?page=1&limit=20' },
      ]}
    >
      <AssistantTabs />
      <div className="flex flex-wrap gap-2">
        <FilterSelect
          label="Time"
          all="All time"
          value={days ?? ''}
          choices={periods.map((value) => ({ value, words: periodWords[value] }))}
          onValue={(value) => narrow({ days: periods.find((each) => each === value) })}
        />
        <FilterSelect
          label="Model"
          all="All models"
          value={model ?? ''}
          choices={(data?.by_model ?? []).map((each) => ({
            value: each.model,
            words: each.model,
          }))}
          onValue={(value) => narrow({ model: value || undefined })}
        />
      </div>
      {error && <Problem error={error} onRetry={refresh} />}
      {(summary.isPending || history.isPending) && <Loading what="usage" />}
      {data && data.total_requests > 0 && (
        <>
          <Stats
            stats={[
              ['Spent', cost(data.total_cost, data.currency)],
              ['Calls', number(data.total_requests)],
              ['Tokens asked', number(data.prompt_tokens)],
              ['Tokens answered', number(data.completion_tokens)],
            ]}
          />
          <Section title="By model">
            <Table
              label="Usage by model"
              rows={data.by_model}
              rowKey={(row) => row.model}
              columns={[
                {
                  key: 'model',
                  head: 'Model',
                  cell: (row) => <span className="font-medium">{row.model}</span>,
                },
                {
                  key: 'calls',
                  head: 'Calls',
                  numeric: true,
                  cell: (row) => number(row.requests),
                },
                {
                  key: 'tokens',
                  head: 'Tokens',
                  numeric: true,
                  from: 'md',
                  cell: (row) => number(row.tokens),
                },
                {
                  key: 'cost',
                  head: 'Cost',
                  numeric: true,
                  cell: (row) => cost(row.cost, data.currency),
                },
              ]}
            />
          </Section>
        </>
      )}
      {rows.length > 0 && (
        <Section title="Call by call">
          <Table label="Calls" columns={columns} rows={rows} rowKey={(row) => row.transaction_id} />
        </Section>
      )}
      {history.data &&
        rows.length === 0 &&
        (model || days ? (
          <NothingFound
            what="calls"
            onClear={() => narrow({ model: undefined, days: undefined })}
          />
        ) : (
          <Empty
            title="Nothing was asked yet"
            action={
              <Link to="/assistant" className={buttonClass('primary')}>
                Ask something
              </Link>
            }
            call={{
              method: 'POST',
              path: '/api/ai/chat/completions/',
              body: {
                model: models.data?.models.find(({ is_active }) => is_active)?.id ?? 'MODEL',
                messages: [{ role: 'user', content: 'How many of my instances run?' }],
              },
              command: 'garrison ask "How many of my instances run?"',
            }}
          >
            Each call of a model is listed here with its tokens and what they cost. One that fails
            costs nothing.
          </Empty>
        ))}
      <Pager
        page={page}
        total={history.data?.total ?? 0}
        size={size}
        onPage={(next) => void navigate({ search: (before) => ({ ...before, page: next }) })}
      />
    </Page>
  )
}

const columns: readonly Column<Row>[] = [
  { key: 'at', head: 'When', cell: (row) => <Time at={row.created_at} /> },
  { key: 'model', head: 'Model', cell: (row) => row.model },
  { key: 'status', head: 'Status', from: 'md', cell: (row) => <Status status={row.status} /> },
  {
    key: 'asked',
    head: 'Asked',
    numeric: true,
    from: 'md',
    cell: (row) => number(row.prompt_tokens),
  },
  {
    key: 'answered',
    head: 'Answered',
    numeric: true,
    from: 'md',
    cell: (row) => number(row.completion_tokens),
  },
  { key: 'cost', head: 'Cost', numeric: true, cell: (row) => cost(row.cost, row.currency) },
  {
    key: 'id',
    head: 'ID',
    numeric: true,
    from: 'lg',
    cell: (row) => <code className="text-sm text-ink-3">{row.transaction_id}</code>,
  },
]

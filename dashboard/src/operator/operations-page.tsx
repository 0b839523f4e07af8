/** What is under way and what failed, of all accounts. */
import { operationStates } from '@garrison/contract/operations/states'
import { operationRules } from '@garrison/contract/operator/retries'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { X } from 'lucide-react'
import type { Answer } from '../api/client.ts'
import { reading } from '../api/queries.ts'
import { operationWords } from '../operations/steps.tsx'
import { useRegion } from '../shell/region.ts'
import { Button } from '../ui/button.tsx'
import { Empty, NothingFound } from '../ui/empty.tsx'
import { FilterSelect } from '../ui/filters.tsx'
import { number, plural } from '../ui/format.ts'
import { Page } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { type Column, Table } from '../ui/table.tsx'
import { age, OperationStatus, operationStateWords } from './operation-status.tsx'

import type { OperationsSearch } from './routes.ts'
import { watching } from './watching.ts'

type Row = Answer<'get', '/api/operator/operations/'>['operations'][number]

const size = 50

export function OperatorOperationsPage() {
  const search = useSearch({ from: '/shell/operator/operations' })
  const { page = 1, state = '', kind = '', account = '', subject = '' } = search
  const navigate = useNavigate({ from: '/operator/operations' })
  const region = useRegion()
  const list = useQuery({
    ...reading('/api/operator/operations/', {
      query: { page, page_size: size, state, kind, account, subject, region },
    }),
    refetchInterval: watching,
  })
  const narrow = (change: OperationsSearch & { region?: undefined }) =>
    void navigate({
      search: (before) => ({ ...before, ...change, page: undefined }),
      replace: true,
    })
  const clear = () =>
    narrow({
      ...{ state: undefined, kind: undefined, account: undefined, subject: undefined },
      region: undefined,
    })
  const total = list.data?.pagination.total_count ?? 0
  const filtered = Boolean(state || kind || account || subject || region)
  return (
    <Page
      guide="operating"
      title="Operations"
      lead={
        list.data &&
        (state === '' ? `${number(total)} under way or failed` : plural(total, 'operation'))
      }
      refresh={{ onRefresh: () => void list.refetch(), busy: list.isFetching }}
      calls={[
        {
          method: 'GET',
          path: '/api/operator/operations/',
          command: 'garrison operator operations',
        },
      ]}
    >
      <div className="flex flex-wrap items-center gap-2">
        <FilterSelect
          label="State"
          all="Under way or failed"
          value={state}
          choices={[
            { value: 'open', words: 'Under way' },
            ...operationStates.map((value) => ({ value, words: operationStateWords[value] })),
          ]}
          onValue={(value) => narrow({ state: value || undefined })}
        />
        <FilterSelect
          label="Kind"
          all="Any kind"
          value={kind}
          choices={Object.keys(operationRules).map((value) => ({
            value,
            words: operationWords(value),
          }))}
          onValue={(value) => narrow({ kind: value || undefined })}
        />
        {account && (
          <Chip words={`Account ${account}`} onClear={() => narrow({ account: undefined })} />
        )}
        {subject && <Chip words={`Of ${subject}`} onClear={() => narrow({ subject: undefined })} />}
      </div>
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading what="operations" />}
      {list.data &&
        (list.data.operations.length > 0 ? (
          <Table
            label="Operations of all accounts"
            columns={columns}
            rows={list.data.operations}
            rowKey={(row) => row.id}
          />
        ) : filtered ? (
          <NothingFound what="operations" onClear={clear} />
        ) : (
          <Empty
            title="Nothing is under way, and nothing has failed"
            call={{
              method: 'GET',
              path: '/api/operator/operations/',
              command: 'garrison operator operations',
            }}
          >
            Whatever takes its time for any account shows here while it works, with what it waits
            for; what fails stays, to be looked into, begun again or left.
          </Empty>
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

const Chip = ({ words, onClear }: { words: string; onClear: () => void }) => (
  <Button
    aria-label={`${words}: take the filter away`}
    icon={<X aria-hidden className="size-4" />}
    onClick={onClear}
  >
    {words}
  </Button>
)

const columns: readonly Column<Row>[] = [
  {
    key: 'kind',
    head: 'What',
    cell: (row) => (
      <>
        <Link
          to="/operator/operations/$id"
          params={{ id: row.id }}
          className="font-medium hover:text-accent"
        >
          {operationWords(row.kind)}
        </Link>
        <span className="block text-sm text-ink-3">
          <code>{row.subject.id}</code>
        </span>
        {row.error && <span className="block text-sm text-problem">{row.error}</span>}
      </>
    ),
  },
  {
    key: 'state',
    head: 'State',
    cell: (row) => (
      <>
        <OperationStatus operation={row} />
        {row.waits_for.length > 0 && (
          <span className="block text-sm text-ink-3">
            for {plural(row.waits_for.length, 'other')}
          </span>
        )}
      </>
    ),
  },
  {
    key: 'step',
    head: 'Step',
    from: 'lg',
    cell: (row) => row.step?.replaceAll('-', ' ') ?? <span className="text-ink-3">none yet</span>,
  },
  {
    key: 'account',
    head: 'Account',
    from: 'md',
    cell: (row) => (
      <Link
        to="/operator/accounts/$id"
        params={{ id: row.account_id }}
        className="font-mono text-sm hover:text-accent"
      >
        {row.account_id}
      </Link>
    ),
  },
  { key: 'region', head: 'Region', from: 'lg', cell: (row) => row.region },
  {
    key: 'age',
    head: 'Age',
    numeric: true,
    from: 'md',
    cell: (row) => age(row.age_seconds),
  },
]

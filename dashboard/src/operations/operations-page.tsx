import { operationStates } from '@garrison/contract/operations/states'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { listCall } from '../ui/api-call.tsx'
import { Empty, NothingFound } from '../ui/empty.tsx'
import { FilterSelect } from '../ui/filters.tsx'
import { plural } from '../ui/format.ts'
import { Page } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { OperationsTable } from './operations-table.tsx'

const size = 50

/** Everything that took, or takes, its time. */
export function OperationsPage() {
  const { page = 1, state = '' } = useSearch({ from: '/shell/operations' })
  const navigate = useNavigate({ from: '/operations' })
  const list = useQuery({
    ...reading('/api/operations/', { query: { page, page_size: size, state } }),
    refetchInterval: pollWhenBroken,
  })
  const total = list.data?.pagination.total_count ?? 0
  return (
    <Page
      guide="troubleshooting"
      title="Activity"
      lead={list.data && plural(total, 'operation')}
      refresh={{ onRefresh: () => void list.refetch(), busy: list.isFetching }}
      calls={[
        listCall(
          '/api/operations/',
          { page, page_size: size, state },
          { command: 'garrison operation list', flags: ['state'] },
        ),
      ]}
    >
      <FilterSelect
        label="State"
        all="Any state"
        value={state}
        choices={operationStates.map((value) => ({ value, words: value }))}
        onValue={(value) => void navigate({ search: { state: value }, replace: true })}
      />
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading what="operations" />}
      {list.data &&
        (list.data.operations.length > 0 ? (
          <OperationsTable rows={list.data.operations} />
        ) : state ? (
          <NothingFound
            what="operations"
            onClear={() => void navigate({ search: {}, replace: true })}
          />
        ) : (
          <Empty
            title="Nothing has happened yet"
            call={{ method: 'GET', path: '/api/operations/', command: 'garrison operation list' }}
          >
            Deployments, snapshots and everything else that takes its time is listed here, step by
            step, with what went wrong.
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

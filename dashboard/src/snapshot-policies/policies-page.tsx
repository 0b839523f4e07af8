import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { SnapshotTabs } from '../snapshots/snapshot-tabs.tsx'
import { listCall, shellWord } from '../ui/api-call.tsx'
import { Button } from '../ui/button.tsx'
import { Empty, NothingFound } from '../ui/empty.tsx'
import { SearchBox } from '../ui/filters.tsx'
import { plural } from '../ui/format.ts'
import { Page } from '../ui/page.tsx'
import { Pager } from '../ui/pager.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { Status } from '../ui/status.tsx'
import { Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { keepingWords } from './keeping.ts'
import { PolicyDialog } from './policy-dialog.tsx'
import { nextRun, type Policy, troubleOf } from './policy-state.ts'
import type { PoliciesSearch } from './routes.ts'

const size = 20

/** Snapshots that are taken, and thinned out again, by themselves. */
export function PoliciesPage() {
  const { page = 1, search = '', create } = useSearch({ from: '/shell/snapshots/policies' })
  const navigate = useNavigate({ from: '/snapshots/policies' })
  const list = useQuery({
    ...reading('/api/snapshot-policies/', { query: { page, page_size: size, search } }),
    refetchInterval: pollWhenBroken,
  })
  const total = list.data?.pagination.total_count ?? 0
  const limit = list.data?.limit
  const go = (change: PoliciesSearch) =>
    void navigate({ search: (before) => ({ ...before, ...change }), replace: true })
  const createButton = (
    <Button
      look="primary"
      reason={
        limit !== undefined && !search && total >= limit
          ? `An account has at most ${limit} policies; delete one first`
          : null
      }
      onClick={() => go({ create: true })}
    >
      Create policy
    </Button>
  )
  return (
    <Page
      guide="snapshot-policies"
      title="Snapshot policies"
      lead={
        list.data &&
        (search
          ? `${plural(total, 'policy', 'policies')} with “${search}”`
          : `${plural(total, 'policy', 'policies')} of at most ${limit}`)
      }
      refresh={{ onRefresh: () => void list.refetch(), busy: list.isFetching }}
      calls={[
        listCall(
          '/api/snapshot-policies/',
          { page, page_size: size, search },
          { command: 'garrison policy list', flags: ['search'] },
        ),
      ]}
      action={createButton}
    >
      <SnapshotTabs />
      {(total > size || search) && (
        <SearchBox
          label="Search policies"
          value={search}
          onValue={(value) => go({ search: value || undefined, page: undefined })}
        />
      )}
      {list.isError && <Problem error={list.error} onRetry={() => void list.refetch()} />}
      {list.isPending && <Loading what="policies" />}
      {list.data &&
        (list.data.policies.length > 0 ? (
          <Table
            label="Snapshot policies"
            rows={list.data.policies}
            rowKey={(row) => row.id}
            columns={columns}
          />
        ) : search || page > 1 ? (
          <NothingFound
            what="policies"
            onClear={() => go({ search: undefined, page: undefined })}
          />
        ) : (
          <Empty
            title="No policy yet"
            action={createButton}
            call={({ instance }) => ({
              method: 'POST',
              path: '/api/snapshot-policies/',
              body: { name: 'nightly', daily: 7, weekly: 4, instance_ids: [instance.id] },
              command: `garrison policy create nightly --daily 7 --weekly 4 --instance ${shellWord(instance.name)}`,
            })}
          >
            A policy takes a snapshot of its instances every hour, day, week or month, and removes
            those that are too many. It never touches what you pinned or took yourself, nor the
            newest good one.
          </Empty>
        ))}
      <Pager page={page} total={total} size={size} onPage={(next) => go({ page: next })} />
      {create && <PolicyDialog onClose={() => go({ create: undefined })} />}
    </Page>
  )
}

const columns = [
  {
    key: 'name',
    head: 'Name',
    cell: (row: Policy) => (
      <Link
        to="/snapshots/policies/$id"
        params={{ id: row.id }}
        className="font-medium break-words hover:text-accent"
      >
        {row.name}
      </Link>
    ),
  },
  {
    key: 'keeps',
    head: 'Keeps',
    from: 'md' as const,
    cell: (row: Policy) => <span className="text-ink-2">{keepingWords(row)}</span>,
  },
  {
    key: 'instances',
    head: 'Instances',
    numeric: true,
    from: 'md' as const,
    cell: (row: Policy) => row.instances.length,
  },
  {
    key: 'state',
    head: 'State',
    cell: (row: Policy) => <PolicyStatus policy={row} />,
  },
  {
    key: 'next',
    head: 'Next run',
    numeric: true,
    cell: (row: Policy) => {
      const at = nextRun(row)
      return at === null ? <span className="text-ink-3">never</span> : <Time at={at} />
    },
  },
]

export function PolicyStatus({ policy }: { policy: Policy }) {
  const { failed, skipped } = troubleOf(policy)
  if (policy.instances.length === 0) return <Status status="disabled" word="No instances" />
  if (failed.length > 0) {
    return (
      <Status status="error" word={`${failed.length} failed`} why={failed[0]?.last_error ?? null} />
    )
  }
  if (skipped.length > 0) {
    return (
      <Status
        status="expired"
        word={`${skipped.length} passed over`}
        why={skipped[0]?.skip_reason ?? null}
      />
    )
  }
  return <Status status="active" word="Fine" />
}

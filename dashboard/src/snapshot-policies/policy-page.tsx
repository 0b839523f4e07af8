import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { isNotFound } from '../api/errors.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { Missing } from '../shell/failures.tsx'
import { Button } from '../ui/button.tsx'
import { Facts, Section } from '../ui/card.tsx'
import { Copyable } from '../ui/copy.tsx'
import { Page } from '../ui/page.tsx'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { Status } from '../ui/status.tsx'
import { Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { DeletePolicyDialog } from './delete-policy-dialog.tsx'
import { keepingWords, mostOfOne, reachWords, whenWords } from './keeping.ts'
import { PolicyDialog } from './policy-dialog.tsx'
import { PolicyPreview } from './policy-preview.tsx'
import { nextRun, type PolicyInstance } from './policy-state.ts'

/** One policy: what it keeps, how it goes, and what it would do next. */
export function PolicyPage() {
  const { id } = useParams({ from: '/shell/snapshots/policies/$id' })
  const navigate = useNavigate()
  const [asked, setAsked] = useState<'change' | 'delete' | null>(null)
  const read = useQuery({
    ...reading('/api/snapshot-policies/{policy_id}/', { params: { policy_id: id } }),
    refetchInterval: pollWhenBroken,
  })
  if (isNotFound(read.error)) return <Missing />
  const policy = read.data?.policy
  const next = policy && nextRun(policy)
  return (
    <Page
      guide="snapshot-policies"
      title={policy?.name ?? 'Snapshot policy'}
      lead={policy?.description}
      refresh={{ onRefresh: () => void read.refetch(), busy: read.isFetching }}
      calls={[
        {
          method: 'GET',
          path: `/api/snapshot-policies/${id}/`,
          command: `garrison policy show ${id}`,
        },
        {
          method: 'GET',
          path: `/api/snapshot-policies/${id}/preview/`,
          command: `garrison policy preview ${id}`,
        },
      ]}
      action={
        policy && (
          <>
            <Button look="danger-ask" onClick={() => setAsked('delete')}>
              Delete
            </Button>
            <Button look="primary" onClick={() => setAsked('change')}>
              Change policy
            </Button>
          </>
        )
      }
    >
      {read.isError && <Problem error={read.error} onRetry={() => void read.refetch()} />}
      {read.isPending && <Loading what="the policy" />}
      {policy && (
        <>
          <Facts
            columns={2}
            facts={[
              ['Keeps', keepingWords(policy)],
              ['Reaches back', reachWords(policy)],
              ['Takes them', whenWords(policy, policy.offset_minutes)],
              ['At most', `${mostOfOne(policy)} of each instance`],
              ['Next run', next ? <Time key="next" at={next} /> : 'when it has an instance'],
              ['Id', <Copyable key="id" text={policy.id} name="Copy id" />],
            ]}
          />
          <Section title="Instances">
            {policy.instances.length === 0 ? (
              <p className="text-ink-2">
                None, so nothing is taken.{' '}
                <button
                  type="button"
                  className="text-accent underline"
                  onClick={() => setAsked('change')}
                >
                  Choose instances
                </button>
              </p>
            ) : (
              <Table
                label="Instances of this policy"
                rows={policy.instances}
                rowKey={(row) => row.instance_id}
                columns={columns}
              />
            )}
          </Section>
          {policy.instances.length > 0 && <PolicyPreview policyId={policy.id} />}
        </>
      )}
      {policy && asked === 'change' && (
        <PolicyDialog policy={policy} onClose={() => setAsked(null)} />
      )}
      {policy && asked === 'delete' && (
        <DeletePolicyDialog
          policy={policy}
          onClose={() => setAsked(null)}
          onDeleted={() => void navigate({ to: '/snapshots/policies' })}
        />
      )}
    </Page>
  )
}

const columns = [
  {
    key: 'name',
    head: 'Name',
    cell: (row: PolicyInstance) => (
      <Link
        to="/instances/$id"
        params={{ id: row.instance_id }}
        className="font-medium break-all hover:text-accent"
      >
        {row.vm_name}
      </Link>
    ),
  },
  { key: 'state', head: 'State', cell: (row: PolicyInstance) => <State row={row} /> },
  {
    key: 'last',
    head: 'Last good one',
    numeric: true,
    from: 'md' as const,
    cell: ({ last_success_at }: PolicyInstance) =>
      last_success_at === null ? (
        <span className="text-ink-3">none yet</span>
      ) : (
        <Time at={last_success_at} />
      ),
  },
  {
    key: 'next',
    head: 'Next',
    numeric: true,
    cell: (row: PolicyInstance) => <Time at={row.next_run_at} />,
  },
]

function State({ row }: { row: PolicyInstance }) {
  const { last_error, last_error_at, skip_reason, skipped_at, last_success_at } = row
  if (last_error !== null) {
    return (
      <>
        <Status status="error" word="Failed" why={last_error} />
        <span className="block text-sm text-problem">
          {last_error}
          {last_error_at && (
            <>
              {' '}
              (<Time at={last_error_at} />)
            </>
          )}
        </span>
      </>
    )
  }
  if (skip_reason !== null) {
    return (
      <>
        <Status status="expired" word="Passed over" why={skip_reason} />
        <span className="block text-sm text-ink-3">
          {skip_reason}
          {skipped_at && (
            <>
              {' '}
              (<Time at={skipped_at} />)
            </>
          )}
        </span>
      </>
    )
  }
  return last_success_at === null ? (
    <Status status="disabled" word="Not yet" />
  ) : (
    <Status status="active" word="Fine" />
  )
}

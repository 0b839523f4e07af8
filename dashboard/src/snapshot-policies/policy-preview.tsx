import { useQuery } from '@tanstack/react-query'
import { Pin } from 'lucide-react'
import { useState } from 'react'
import type { Answer } from '../api/client.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { Section } from '../ui/card.tsx'
import { cx } from '../ui/cx.ts'
import { FilterSelect } from '../ui/filters.tsx'
import { Problem } from '../ui/panel.tsx'
import { Spinner } from '../ui/spinner.tsx'
import { Status } from '../ui/status.tsx'
import { Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'

type Preview = Answer<'get', '/api/snapshot-policies/{policy_id}/preview/'>['instances'][number]
type Row = Preview['snapshots'][number]

/** What the next run takes, and what then stays and goes, and why. */
export function PolicyPreview({ policyId }: { policyId: string }) {
  const [chosen, setChosen] = useState('')
  const read = useQuery({
    ...reading('/api/snapshot-policies/{policy_id}/preview/', { params: { policy_id: policyId } }),
    refetchInterval: pollWhenBroken,
  })
  const previews = read.data?.instances ?? []
  const shown = previews.find(({ instance_id }) => instance_id === chosen) ?? previews[0]
  return (
    <Section
      title="What the next run does"
      aside={
        previews.length > 1 && (
          <FilterSelect
            label="Instance"
            value={shown?.instance_id ?? ''}
            choices={previews.map(({ instance_id, vm_name }) => ({
              value: instance_id,
              words: vm_name,
            }))}
            onValue={setChosen}
          />
        )
      }
    >
      {read.isError && <Problem error={read.error} onRetry={() => void read.refetch()} />}
      {read.isPending && <Spinner words="Working it out …" />}
      {shown && <OfOne preview={shown} />}
    </Section>
  )
}

function OfOne({ preview: { vm_name, next, snapshots } }: { preview: Preview }) {
  const going = snapshots.filter(({ keep }) => !keep).length
  const staying = snapshots.length - going
  return (
    <>
      <p className="text-ink-2">
        {next.obstacle === null ? (
          <>
            Takes {articles[next.frequency]} {next.frequency} snapshot of {vm_name}{' '}
            <Time at={next.at} />; then {staying} {staying === 1 ? 'stays' : 'stay'} and{' '}
            {going === 0 ? 'none goes' : `${going} ${going === 1 ? 'goes' : 'go'}`}.
          </>
        ) : (
          <>
            {next.obstacle}. Nothing is taken of {vm_name} <Time at={next.at} /> if that stays so.
          </>
        )}
      </p>
      <Table
        label={`Snapshots of ${vm_name} by this policy`}
        rows={snapshots}
        rowKey={(row) => row.snapshot_id ?? 'next'}
        columns={columns}
      />
    </>
  )
}

const articles = { hourly: 'an', daily: 'a', weekly: 'a', monthly: 'a' } as const

const columns = [
  {
    key: 'name',
    head: 'Snapshot',
    cell: (row: Row) => (
      <span className={cx('break-all', row.keep ? 'font-medium' : 'text-ink-3 line-through')}>
        {row.name}
        {row.pinned && (
          <Pin role="img" aria-label="Pinned" className="ml-1.5 inline size-3.5 text-ink-3" />
        )}
      </span>
    ),
  },
  {
    key: 'keep',
    head: 'Then',
    cell: (row: Row) => (
      <Status
        status={row.snapshot_id === null ? 'pending' : row.keep ? 'active' : 'disabled'}
        word={row.snapshot_id === null ? 'Is taken' : row.keep ? 'Stays' : 'Goes'}
      />
    ),
  },
  {
    key: 'why',
    head: 'Because',
    from: 'md' as const,
    cell: (row: Row) => <span className="text-ink-2">{row.reasons.join('; ')}</span>,
  },
  {
    key: 'created',
    head: 'Taken',
    numeric: true,
    from: 'md' as const,
    cell: (row: Row) => <Time at={row.created_at} />,
  },
]

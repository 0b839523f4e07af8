import { whyNot as whyNotInstance } from '@garrison/contract/instances/states'
import { whyNot } from '@garrison/contract/snapshots/states'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Undo2 } from 'lucide-react'
import { useState } from 'react'
import type { Answer } from '../api/client.ts'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { RollbackDialog } from '../snapshots/rollback-dialog.tsx'
import { Button } from '../ui/button.tsx'
import { gigabytes } from '../ui/format.ts'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { Status } from '../ui/status.tsx'
import { Table } from '../ui/table.tsx'
import { Time } from '../ui/time.tsx'
import { useInstance } from './use-instance.ts'

type Row = Answer<'get', '/api/snapshots/'>['snapshots'][number]

/** Those of this instance, newest first. */
export function SnapshotsTab() {
  const { instance_id, status } = useInstance()
  const [back, setBack] = useState<Row | null>(null)
  const list = useQuery({
    ...reading('/api/snapshots/', { query: { pageSize: 100 } }),
    refetchInterval: pollWhenBroken,
  })
  if (list.isError) return <Problem error={list.error} onRetry={() => void list.refetch()} />
  if (list.data === undefined) return <Loading what="snapshots" />
  const own = list.data.snapshots.filter((snapshot) => snapshot.instance_id === instance_id)
  if (own.length === 0) {
    return (
      <p className="text-ink-2">
        No snapshot of this instance yet. Take one above; all of yours are on the{' '}
        <Link to="/snapshots" className="underline">
          snapshots page
        </Link>
        .
      </p>
    )
  }
  return (
    <>
      <Table
        label="Snapshots of this instance"
        rows={own}
        rowKey={(row) => row.id}
        columns={[
          {
            key: 'name',
            head: 'Name',
            cell: (row) => (
              <Link to="/snapshots" search={{ search: row.name }} className="font-medium">
                {row.name}
              </Link>
            ),
          },
          {
            key: 'status',
            head: 'Status',
            cell: (row) => <Status status={row.status} why={row.error} />,
          },
          { key: 'size', head: 'Size', numeric: true, cell: (row) => gigabytes(row.size_gb) },
          {
            key: 'created',
            head: 'Created',
            numeric: true,
            from: 'md',
            cell: (row) => <Time at={row.created_at} />,
          },
          {
            key: 'back',
            head: <span className="sr-only">Actions</span>,
            className: 'w-px',
            cell: (row) => (
              <Button
                look="quiet"
                icon={<Undo2 aria-hidden className="size-4" />}
                aria-label={`Roll back to ${row.name}`}
                reason={
                  whyNot('rollback', row.status) ??
                  (status === 'ACTIVE' ? null : whyNotInstance('rollback', status))
                }
                onClick={() => setBack(row)}
              >
                Roll back
              </Button>
            ),
          },
        ]}
      />
      {back && <RollbackDialog snapshot={back} onClose={() => setBack(null)} />}
    </>
  )
}

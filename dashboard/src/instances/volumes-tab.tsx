import { whyNot } from '@garrison/contract/volumes/states'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { pollWhenBroken } from '../api/live.ts'
import { reading } from '../api/queries.ts'
import { Button } from '../ui/button.tsx'
import { gigabytes } from '../ui/format.ts'
import { Problem } from '../ui/panel.tsx'
import { Loading } from '../ui/spinner.tsx'
import { Status } from '../ui/status.tsx'
import { Table } from '../ui/table.tsx'
import { DetachDialog } from '../volumes/detach-dialog.tsx'
import type { Volume } from '../volumes/volume-card.tsx'
import { useInstance } from './use-instance.ts'

export function VolumesTab() {
  const { instance_id, region } = useInstance()
  const [leaving, setLeaving] = useState<Volume | null>(null)
  const list = useQuery({
    ...reading('/api/volumes/', { query: { region, page_size: 100 } }),
    refetchInterval: pollWhenBroken,
  })
  if (list.isError) return <Problem error={list.error} onRetry={() => void list.refetch()} />
  if (list.data === undefined) return <Loading what="volumes" />
  const own = list.data.volumes.filter((each) => each.attached_to?.instance_id === instance_id)
  return (
    <>
      <p className="text-ink-2">
        {own.length === 0 ? 'No volume is attached. ' : ''}
        Attach one on the{' '}
        <Link to="/volumes" className="underline">
          volumes page
        </Link>
        .
      </p>
      {own.length > 0 && (
        <Table
          label="Attached volumes"
          rows={own}
          rowKey={(row) => row.id}
          columns={[
            { key: 'name', head: 'Name', cell: (row) => row.name },
            {
              key: 'status',
              head: 'Status',
              cell: (row) => <Status status={row.status} why={row.error} />,
            },
            {
              key: 'device',
              head: 'In the instance',
              from: 'md',
              cell: (row) => row.device && <code className="text-sm">{row.device}</code>,
            },
            { key: 'size', head: 'Size', numeric: true, cell: (row) => gigabytes(row.size_gb) },
            {
              key: 'detach',
              head: <span className="sr-only">Actions</span>,
              className: 'w-24',
              cell: (row) => (
                <Button
                  look="quiet"
                  reason={whyNot('detach', row.status)}
                  onClick={() => setLeaving(row)}
                >
                  Detach
                </Button>
              ),
            },
          ]}
        />
      )}
      {leaving && <DetachDialog volume={leaving} onClose={() => setLeaving(null)} />}
    </>
  )
}
